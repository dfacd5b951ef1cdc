package h2

import "time"

// flood counts what a peer sends that costs us more than it. The counts begin anew
// after a second: when the connection is looked at, or when one is over its limit.
type flood struct {
	since time.Time

	resets, controls, empties, updates int

	done  int // streams that ended well
	datas int // DATA frames that were sent
	heard int // DATA frames with content that came
}

// over tells that a count is over its limit within a second.
func (f *flood) over(count *int, limit int) bool {
	if *count++; *count <= limit {
		return false
	}
	if !f.age(time.Now()) {
		return true
	}
	*count = 1
	return false
}

// age begins the counts anew when their second is over.
func (f *flood) age(now time.Time) bool {
	if now.Sub(f.since) < time.Second {
		return false
	}
	*f = flood{since: now}
	return true
}

// The ways to be over a limit. Each ends the connection.

func (c *Conn) countReset() *ConnError {
	if c.flood.over(&c.flood.resets, c.cfg.Resets+c.flood.done) {
		return connError(EnhanceYourCalm, "peer resets or breaks too many streams")
	}
	return nil
}

func (c *Conn) countControl() *ConnError {
	if c.flood.over(&c.flood.controls, c.cfg.Controls+c.flood.datas+c.flood.heard) {
		return connError(EnhanceYourCalm, "peer sends too many control frames")
	}
	return nil
}

func (c *Conn) countEmpty() *ConnError {
	if c.flood.over(&c.flood.empties, c.cfg.Empties) {
		return connError(EnhanceYourCalm, "peer sends too many empty frames")
	}
	return nil
}

func (c *Conn) countUpdate() *ConnError {
	if c.flood.over(&c.flood.updates, c.cfg.Updates+4*c.flood.datas) {
		return connError(EnhanceYourCalm, "peer sends too many window updates")
	}
	return nil
}
