package cases

import (
	"fmt"
	"strconv"
	"strings"
)

// Path is a singular query of JSONPath (RFC 9535, section 2.3.5.1): "$", then names
// (".name", "['name']") and indexes ("[0]", "[-1]"), which select one value at most.
type Path []Segment

// Segment selects a member by its name or, when Name is nil, an element by its
// index; a negative index counts from the end.
type Segment struct {
	Name  *string
	Index int
}

// ParsePath reads a singular query.
func ParsePath(text string) (Path, error) {
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return nil, fmt.Errorf("%q does not begin with \"$\"", text)
	}
	var out Path
	for rest != "" {
		var s Segment
		var err error
		switch {
		case rest[0] == '.':
			s, rest, err = memberName(rest[1:])
		case strings.HasPrefix(rest, "['"), strings.HasPrefix(rest, `["`):
			s, rest, err = quotedName(rest)
		case rest[0] == '[':
			s, rest, err = index(rest[1:])
		default:
			err = fmt.Errorf("%q stands where \".name\" or \"[0]\" may", rest)
		}
		if err != nil {
			return nil, fmt.Errorf("%q is no path to one value: %w", text, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// memberName reads a name in its short form: letters, digits, "_" and what is not
// ASCII, no digit first.
func memberName(rest string) (Segment, string, error) {
	end := 0
	for end < len(rest) {
		c := rest[end]
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
		if !letter && (end == 0 || c < '0' || c > '9') {
			break
		}
		end++
	}
	if end == 0 {
		return Segment{}, "", fmt.Errorf("a name is missing after \".\"; write other names as ['name']")
	}
	name := rest[:end]
	return Segment{Name: &name}, rest[end:], nil
}

// quotedName reads "['name']", in which a backslash takes the next character as it
// is.
func quotedName(rest string) (Segment, string, error) {
	quote := rest[1]
	var b strings.Builder
	for i := 2; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '\\' && i+1 < len(rest):
			i++
			b.WriteByte(rest[i])
		case c == quote && strings.HasPrefix(rest[i+1:], "]"):
			name := b.String()
			return Segment{Name: &name}, rest[i+2:], nil
		case c == quote:
			return Segment{}, "", fmt.Errorf("\"]\" is missing after the name %q", b.String())
		default:
			b.WriteByte(c)
		}
	}
	return Segment{}, "", fmt.Errorf("the name is not closed")
}

func index(rest string) (Segment, string, error) {
	text, after, ok := strings.Cut(rest, "]")
	n, err := strconv.Atoi(text)
	if !ok || err != nil || strings.HasPrefix(text, "+") {
		return Segment{}, "", fmt.Errorf("%q is no index such as [0]", "["+rest)
	}
	return Segment{Index: n}, after, nil
}

// Select finds the value in v, which holds what encoding/json decodes.
func (p Path) Select(v any) (any, bool) {
	for _, s := range p {
		if s.Name != nil {
			m, ok := v.(map[string]any)
			if !ok {
				return nil, false
			}
			if v, ok = m[*s.Name]; !ok {
				return nil, false
			}
			continue
		}
		list, ok := v.([]any)
		i := s.Index
		if i < 0 {
			i += len(list)
		}
		if !ok || i < 0 || i >= len(list) {
			return nil, false
		}
		v = list[i]
	}
	return v, true
}
