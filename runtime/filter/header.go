package filter

// Field is one header field. Name and Value are views into the connection's
// buffer: valid until the exchange ends, to be cloned by who keeps them longer.
type Field struct {
	Name, Value string
}

// Header is an ordered list of fields whose names compare without case. The
// zero Header is empty and ready for use; Reset keeps its storage.
type Header struct {
	fields []Field
}

// Fields are the fields in order. The slice is valid until the next change.
func (h *Header) Fields() []Field { return h.fields }

// Reset empties the list and keeps its storage.
func (h *Header) Reset() { h.fields = h.fields[:0] }

// Get returns the first value of name, and whether there is one.
func (h *Header) Get(name string) (string, bool) {
	for i := range h.fields {
		if EqualFold(h.fields[i].Name, name) {
			return h.fields[i].Value, true
		}
	}
	return "", false
}

// Add appends a field.
func (h *Header) Add(name, value string) {
	h.fields = append(h.fields, Field{name, value})
}

// Set replaces every field called name by one, in the place of the first.
func (h *Header) Set(name, value string) {
	for i := range h.fields {
		if EqualFold(h.fields[i].Name, name) {
			h.fields[i] = Field{name, value}
			h.delFrom(i+1, name)
			return
		}
	}
	h.Add(name, value)
}

// Del removes every field called name.
func (h *Header) Del(name string) { h.delFrom(0, name) }

func (h *Header) delFrom(from int, name string) {
	out := from
	for i := from; i < len(h.fields); i++ {
		if !EqualFold(h.fields[i].Name, name) {
			if out != i {
				h.fields[out] = h.fields[i]
			}
			out++
		}
	}
	h.fields = h.fields[:out]
}

// EqualFold compares two header names without regard to ASCII case.
func EqualFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		x |= 0x20
		if x != y|0x20 || x < 'a' || x > 'z' {
			return false
		}
	}
	return true
}
