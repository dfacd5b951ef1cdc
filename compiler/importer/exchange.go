// Package importer turns recorded requests into cases beside the routes that take
// them. Readers (har, accesslog) give exchanges; the Collector matches each with the
// real table, keeps one of a kind, redacts it, and proves that the same route takes
// what is left.
package importer

// Exchange is one recorded request and what is known of its answer.
type Exchange struct {
	Method string
	// Scheme is http or https, "" when the record does not say.
	Scheme string
	// Host is the authority that was asked for.
	Host string
	// Target is the path with its query, as it was sent.
	Target string
	Header []Field
	// Body is nil when there is none, or when it was not recorded.
	Body *Body
	// Status is the answer's, 0 when there was none.
	Status int
	// Answer is nil when the record holds nothing of the answer but its status.
	Answer *Answer
	// Upgraded tells that the connection became a WebSocket.
	Upgraded bool
	// Route is the id of the route that took it then, "" when the record does not say.
	Route string
}

// Field is one header field.
type Field struct{ Name, Value string }

// Body is a text and its media type.
type Body struct{ Type, Text string }

// Answer is what came back beside the status.
type Answer struct {
	Header []Field
	Body   *Body
}

// size is roughly the memory that the exchange holds.
func (x *Exchange) size() int {
	n := 256 + len(x.Host) + len(x.Target)
	count := func(fields []Field, b *Body) {
		for _, f := range fields {
			n += len(f.Name) + len(f.Value) + 32
		}
		if b != nil {
			n += len(b.Type) + len(b.Text)
		}
	}
	count(x.Header, x.Body)
	if x.Answer != nil {
		count(x.Answer.Header, x.Answer.Body)
	}
	return n
}
