package table

import (
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

// SegmentKind says what a template's segment takes.
type SegmentKind uint8

const (
	// Static takes exactly its text.
	Static SegmentKind = iota
	// Param takes one non-empty segment, less its literal prefix and suffix.
	Param
	// Rest takes the remainder of the path, which may be empty; it stands last.
	Rest
)

// Segment is one part of a path template between slashes.
type Segment struct {
	Kind SegmentKind
	// Text is the literal of a static segment.
	Text string
	// Name is the parameter's; Prefix and Suffix are the literals around it
	// ("{id}.json" has the suffix ".json").
	Name, Prefix, Suffix string
}

// Template is a parsed path template.
type Template []Segment

// ParseTemplate parses a template such as "/orders/{id}/files/{rest...}".
func ParseTemplate(s string) (Template, error) {
	if !strings.HasPrefix(s, "/") {
		return nil, fmt.Errorf("template %q does not start with \"/\"", s)
	}
	parts := strings.Split(s[1:], "/")
	out := make(Template, 0, len(parts))
	params := 0
	for i, part := range parts {
		seg, err := parseSegment(part)
		if err != nil {
			return nil, fmt.Errorf("template %q: %w", s, err)
		}
		if seg.Kind == Rest && i != len(parts)-1 {
			return nil, fmt.Errorf("template %q: {%s...} must be the last segment", s, seg.Name)
		}
		if seg.Kind != Static {
			for _, before := range out {
				if before.Kind != Static && before.Name == seg.Name {
					return nil, fmt.Errorf("template %q: parameter {%s} is used twice", s, seg.Name)
				}
			}
			if params++; params > filter.MaxParams {
				return nil, fmt.Errorf("template %q has more than %d parameters", s, filter.MaxParams)
			}
		}
		out = append(out, seg)
	}
	return out, nil
}

func parseSegment(part string) (Segment, error) {
	open := strings.IndexByte(part, '{')
	if open < 0 {
		if strings.IndexByte(part, '}') >= 0 {
			return Segment{}, fmt.Errorf("segment %q closes a parameter that it does not open", part)
		}
		return Segment{Kind: Static, Text: part}, nil
	}
	end := strings.IndexByte(part, '}')
	if end < open || strings.ContainsAny(part[end+1:], "{}") || strings.IndexByte(part[:open], '}') >= 0 {
		return Segment{}, fmt.Errorf("segment %q must hold one parameter {name}", part)
	}
	name, rest := strings.CutSuffix(part[open+1:end], "...")
	if !paramName(name) {
		return Segment{}, fmt.Errorf("segment %q: %q is no parameter name of letters, digits, \"_\" and \"-\"", part, name)
	}
	seg := Segment{Kind: Param, Name: name, Prefix: part[:open], Suffix: part[end+1:]}
	if rest {
		if seg.Prefix != "" || seg.Suffix != "" {
			return Segment{}, fmt.Errorf("segment %q: {%s...} must be the whole segment", part, name)
		}
		seg.Kind = Rest
	}
	return seg, nil
}

func paramName(s string) bool {
	if s == "" || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}

// Params are the names of the template's parameters in order.
func (t Template) Params() []string {
	var out []string
	for _, s := range t {
		if s.Kind != Static {
			out = append(out, s.Name)
		}
	}
	return out
}

// Shape is the template without its parameters' names: two templates of one
// shape match the same paths with the same rank.
func (t Template) Shape() string {
	var b strings.Builder
	for _, s := range t {
		b.WriteByte('/')
		switch s.Kind {
		case Static:
			b.WriteString(s.Text)
		case Param:
			b.WriteString(s.Prefix + "{}" + s.Suffix)
		case Rest:
			b.WriteString("{...}")
		}
	}
	return b.String()
}

// Match tells whether the template takes the canonical path.
func (t Template) Match(path string) bool {
	if path == "" || path[0] != '/' {
		return false
	}
	rest, more := path[1:], true
	for _, s := range t {
		if s.Kind == Rest {
			return more
		}
		if !more {
			return false
		}
		var part string
		part, rest, more = strings.Cut(rest, "/")
		if !s.takes(part) {
			return false
		}
	}
	return !more
}

func (s Segment) takes(part string) bool {
	if s.Kind == Static {
		return part == s.Text
	}
	return len(part) > len(s.Prefix)+len(s.Suffix) &&
		strings.HasPrefix(part, s.Prefix) && strings.HasSuffix(part, s.Suffix)
}

// PrefixMatch tells whether a prefix takes the canonical path, by segment.
func PrefixMatch(prefix, path string) bool {
	prefix = strings.TrimSuffix(prefix, "/")
	return strings.HasPrefix(path, prefix) && (len(path) == len(prefix) || path[len(prefix)] == '/')
}
