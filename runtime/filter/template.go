package filter

import (
	"fmt"
	"slices"
	"strings"
)

// Text is a text with path parameters in braces, such as "/v2/orders/{id}".
type Text struct {
	literals []string // one more than params
	params   []string
}

// ParseText parses s; every parameter must be one of known.
func ParseText(s string, known []string) (Text, error) {
	var t Text
	for {
		open := strings.IndexByte(s, '{')
		if open < 0 {
			t.literals = append(t.literals, s)
			return t, nil
		}
		end := strings.IndexByte(s[open:], '}')
		if end < 0 {
			return Text{}, fmt.Errorf("%q opens a parameter that it does not close", s)
		}
		name := strings.TrimSuffix(s[open+1:open+end], "...")
		if !slices.Contains(known, name) {
			if len(known) == 0 {
				return Text{}, fmt.Errorf("{%s} is no parameter: the route's path has none", name)
			}
			return Text{}, fmt.Errorf("{%s} is no parameter of the route's path, which has {%s}", name, strings.Join(known, "}, {"))
		}
		t.literals = append(t.literals, s[:open])
		t.params = append(t.params, name)
		s = s[open+end+1:]
	}
}

// Expand puts the values of the parameters in their places.
func (t Text) Expand(p *Params) string {
	if len(t.params) == 0 {
		return t.literals[0]
	}
	n := 0
	for _, l := range t.literals {
		n += len(l)
	}
	for _, name := range t.params {
		v, _ := p.Get(name)
		n += len(v)
	}
	b := make([]byte, 0, n)
	for i, name := range t.params {
		v, _ := p.Get(name)
		b = append(append(b, t.literals[i]...), v...)
	}
	return string(append(b, t.literals[len(t.literals)-1]...))
}

// SafePath tells whether a path that was put together is still canonical: it
// starts with "/" and holds no dot segment, query, fragment, control byte, space or
// backslash. A filter that builds paths from what the client sent asks this
// before the upstream can be made to climb out of a folder.
func SafePath(p string) bool {
	if p == "" || p[0] != '/' {
		return false
	}
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c <= ' ' || c >= 0x7f || c == '?' || c == '#' || c == '\\':
			return false
		case c == '/' && i+1 < len(p) && p[i+1] == '.':
			seg, _, _ := strings.Cut(p[i+1:], "/")
			if seg == "." || seg == ".." {
				return false
			}
		}
	}
	return true
}
