package telemetry

// Sinks gives every record to several sinks in turn.
type Sinks []Sink

// Done gives the record on.
func (s Sinks) Done(shard uint32, r *Record) {
	for _, one := range s {
		one.Done(shard, r)
	}
}
