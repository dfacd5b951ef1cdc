package filter

import "sync/atomic"

// Secret is a value that is read from a file at run time and replaced when the
// file changes. It prints as "[redacted]".
type Secret struct {
	value atomic.Pointer[string]
}

// Value returns the present value, and whether there is one.
func (s *Secret) Value() (string, bool) {
	if p := s.value.Load(); p != nil {
		return *p, true
	}
	return "", false
}

// Set replaces the value.
func (s *Secret) Set(v string) { s.value.Store(&v) }

// Clear takes the value away: its file is gone.
func (s *Secret) Clear() { s.value.Store(nil) }

// String hides the value.
func (s *Secret) String() string { return "[redacted]" }

// GoString hides the value.
func (s *Secret) GoString() string { return "[redacted]" }
