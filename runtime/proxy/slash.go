package proxy

import (
	"strings"

	"github.com/lintel-gateway/lintel/runtime/table"
)

// EncodedSlash says what becomes of a slash that a client wrote as %2F in a path. RFC 3986
// section 2.2 holds the two apart; many upstreams do not.
type EncodedSlash uint8

const (
	// KeepSlash leaves it as it is: it separates no segments, and goes upstream so.
	KeepSlash EncodedSlash = iota
	// RejectSlash answers 400.
	RejectSlash
	// DecodeSlash makes it a slash, for routes and upstreams alike.
	DecodeSlash
)

// slashes applies the listener's rule to the canonical path. It reports false for a
// request that is refused.
func (c *session) slashes() bool {
	w := c.w
	path := w.x.Path
	if c.from.slash == KeepSlash || !strings.Contains(path, "%2F") {
		return true
	}
	if c.from.slash == RejectSlash {
		return false
	}
	from := len(w.scratch)
	for {
		before, after, found := strings.Cut(path, "%2F")
		w.scratch = append(w.scratch, before...)
		if !found {
			break
		}
		w.scratch = append(w.scratch, '/')
		path = after
	}
	// What is a path now is judged again.
	var ok bool
	w.scratch, w.x.Path, ok = table.AppendCanonical(w.scratch, view(w.scratch[from:]))
	return ok
}
