package proxy

import "time"

// pace bounds how long a client may keep the gateway waiting for one body, which it sends
// or takes: for BodyTimeout in all, and for a second more with every BodyRate bytes that
// move, but never for longer than BodyTimeout ahead. left is what it may still wait.
type pace struct{ left int64 }

// begin is called for each body.
func (p *pace) begin(l *Limits) { p.left = int64(l.BodyTimeout) }

// patience is how long the next wait may be.
func (p *pace) patience(l *Limits) int64 {
	if l.BodyRate <= 0 {
		return int64(l.BodyTimeout)
	}
	return p.left
}

// spend accounts for a wait in which n bytes moved, and tells whether there may be
// another.
func (p *pace) spend(l *Limits, waited int64, n int) bool {
	if l.BodyRate <= 0 {
		return true
	}
	earned := int64(float64(n) / float64(l.BodyRate) * float64(time.Second))
	p.left = min(p.left-waited+earned, int64(l.BodyTimeout))
	return p.left > 0
}
