package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// reader takes canonical JSON apart, and only that: fields in their one order,
// sorted keys, no space, the one escape for each character. So what it accepts
// is what marshal would write, and memory follows the input, because the first
// deviation ends the reading. It remembers the first failure; every method is a
// no-op after it.
type reader struct {
	b     []byte
	at    int
	err   error
	depth int
	// first is true between an opening bracket and the first element.
	first bool

	strings   map[string]string
	raws      map[string]json.RawMessage
	durations map[string]route.Duration
	yield     func() // may be nil
}

// rest lets others run, if the caller wants that.
func (r *reader) rest() {
	if r.yield != nil {
		r.yield()
	}
}

func newReader(b []byte, depth int) *reader {
	return &reader{
		b: b, depth: depth,
		strings:   map[string]string{},
		raws:      map[string]json.RawMessage{},
		durations: map[string]route.Duration{},
	}
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("byte %d: %s", r.at, fmt.Sprintf(format, args...))
		r.at = len(r.b)
	}
}

// lit takes the text that must stand here.
func (r *reader) lit(s string) {
	if !r.try(s) {
		r.fail("want %s", s)
	}
}

// try takes the text if it stands here.
func (r *reader) try(s string) bool {
	if r.err != nil || len(r.b)-r.at < len(s) || string(r.b[r.at:r.at+len(s)]) != s {
		return false
	}
	r.at += len(s)
	return true
}

func (r *reader) open(bracket string) { r.lit(bracket); r.first = true }

func (r *reader) close(bracket string) { r.lit(bracket); r.first = false }

// maybe takes the key of a field that may be absent.
func (r *reader) maybe(key string) bool {
	start := r.at
	if !r.first && !r.try(",") {
		return false
	}
	if !r.try(`"`) || !r.try(key) || !r.try(`":`) {
		r.at = start
		return false
	}
	r.first = false
	return true
}

// key takes the key of a field that is always there.
func (r *reader) key(key string) {
	if r.err == nil && !r.maybe(key) {
		r.fail("want the field %q", key)
	}
}

// more tells whether the list or map that ends in bracket has another element,
// and takes the comma before it. When it has none it takes the bracket.
func (r *reader) more(bracket string, n int) bool {
	if r.err != nil {
		return false
	}
	if n == 0 {
		return !r.try(bracket)
	}
	if r.try(bracket) {
		return false
	}
	r.lit(",")
	return r.err == nil
}

// present refuses an optional field whose value is the one that marshal omits.
func (r *reader) present(isZero bool) {
	if isZero {
		r.fail("an empty optional field")
	}
}

// span finds the end of the string that begins here and tells whether it is
// plain: the text between the quotes is the value.
func (r *reader) span() (text []byte, plain bool) {
	if !r.try(`"`) {
		r.fail("want a string")
		return nil, false
	}
	plain = true
	for i := r.at; i < len(r.b); i++ {
		switch c := r.b[i]; {
		case c == '"':
			text = r.b[r.at:i]
			r.at = i + 1
			return text, plain
		case c == '\\':
			plain = false
			i++
		case c < 0x20:
			r.fail("a control byte in a string")
			return nil, false
		case c >= 0x80:
			plain = false
		}
	}
	r.fail("a string without end")
	return nil, false
}

func (r *reader) str() string {
	start := r.at
	text, plain := r.span()
	if r.err != nil {
		return ""
	}
	if s, known := r.strings[string(text)]; known {
		return s
	}
	s := string(text)
	if !plain {
		quoted := r.b[start:r.at]
		if err := json.Unmarshal(quoted, &s); err != nil {
			r.fail("a string that is no JSON")
			return ""
		}
		if again, err := marshal(s); err != nil || !bytes.Equal(again, quoted) {
			r.fail("a string in another form than %s", again)
			return ""
		}
	}
	r.strings[string(text)] = s
	return s
}

// strs reads a list of strings; it is never nil.
func (r *reader) strs() []string {
	out := []string{}
	r.lit("[")
	for n := 0; r.more("]", n); n++ {
		out = append(out, r.str())
	}
	return out
}

func (r *reader) integer() int {
	start := r.at
	for r.at < len(r.b) && (r.b[r.at] == '-' || r.b[r.at] >= '0' && r.b[r.at] <= '9') {
		r.at++
	}
	text := string(r.b[start:r.at])
	n, err := strconv.Atoi(text)
	if err != nil || strconv.Itoa(n) != text {
		r.fail("want a whole number")
	}
	return n
}

func (r *reader) duration() route.Duration {
	text, _ := r.span()
	if r.err != nil {
		return 0
	}
	if d, known := r.durations[string(text)]; known {
		return d
	}
	v, err := time.ParseDuration(string(text))
	d := route.Duration(v)
	if err != nil || v < 0 || d.String() != string(text) {
		r.fail("want a duration")
		return 0
	}
	r.durations[string(text)] = d
	return d
}

// object reads a map with sorted keys; each is called with the reader at the
// value.
func (r *reader) object(each func(key string)) {
	r.lit("{")
	last := ""
	for n := 0; r.more("}", n); n++ {
		key := r.str()
		if n > 0 && key <= last {
			r.fail("the key %q out of order", key)
		}
		last = key
		r.lit(":")
		if r.err == nil {
			each(key)
		}
	}
}

// raw reads any canonical value and keeps its text.
func (r *reader) raw() json.RawMessage {
	start := r.at
	r.value(r.depth)
	if r.err != nil {
		return nil
	}
	text := r.b[start:r.at]
	if m, known := r.raws[string(text)]; known {
		return m
	}
	m := json.RawMessage(bytes.Clone(text))
	r.raws[string(text)] = m
	return m
}

func (r *reader) value(depth int) {
	if depth == 0 {
		r.fail("nesting deeper than %d", r.depth)
	}
	if r.err != nil {
		return
	}
	switch {
	case r.at < len(r.b) && r.b[r.at] == '"':
		r.str()
	case r.at < len(r.b) && r.b[r.at] == '{':
		r.object(func(string) { r.value(depth - 1) })
	case r.try("["):
		for n := 0; r.more("]", n); n++ {
			r.value(depth - 1)
		}
	case r.try("true"), r.try("false"), r.try("null"):
	default:
		r.number()
	}
}

func (r *reader) number() {
	start := r.at
	for r.at < len(r.b) && bytes.IndexByte([]byte("+-.0123456789eE"), r.b[r.at]) >= 0 {
		r.at++
	}
	if !json.Valid(r.b[start:r.at]) {
		r.fail("want a value")
	}
}

// end checks that nothing follows.
func (r *reader) end() error {
	if r.err == nil && r.at != len(r.b) {
		r.fail("text after the end")
	}
	return r.err
}
