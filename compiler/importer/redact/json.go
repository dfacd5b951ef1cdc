package redact

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
)

const (
	// maxDepth bounds how deep a JSON value may be nested to be kept.
	maxDepth = 40
	// maxNumber bounds the text of a number.
	maxNumber = 30
)

// errJSON says that a text is not JSON that can be kept.
var errJSON = errors.New("not JSON that can be kept")

// ParseJSON reads a JSON text whose redacted form can be written: one value, nested
// at most 40 levels, numbers of at most 30 bytes. Of a name that repeats the last
// value counts.
func ParseJSON(text string) (any, error) {
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, errJSON
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errJSON
	}
	if !plain(v, maxDepth) {
		return nil, errJSON
	}
	return v, nil
}

// plain tells whether v keeps the bounds.
func plain(v any, depth int) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			if depth == 0 || !plain(e, depth-1) {
				return false
			}
		}
	case []any:
		for _, e := range v {
			if depth == 0 || !plain(e, depth-1) {
				return false
			}
		}
	case json.Number:
		return len(v) <= maxNumber && !bytes.ContainsAny([]byte(v), "eE")
	}
	return true
}

// LearnJSON learns the private values of a JSON value.
func (s *Scope) LearnJSON(v any) { s.walk(v, false, s.learnLeaf) }

func (s *Scope) learnLeaf(_, text string, private bool) {
	if private {
		s.Learn(text)
	}
}

// walk calls f for every text and number with the name under which it stands.
func (s *Scope) walk(v any, private bool, f func(name, text string, private bool)) {
	var at func(name string, v any, private bool)
	at = func(name string, v any, private bool) {
		switch v := v.(type) {
		case map[string]any:
			for k, e := range v {
				at(k, e, private || s.privateMember(v, k))
			}
		case []any:
			for _, e := range v {
				at(name, e, private)
			}
		case string:
			f(name, v, private)
		case json.Number:
			f(name, string(v), private)
		}
	}
	at("", v, private)
}

// Clean tells whether a JSON value holds nothing private.
func (s *Scope) Clean(v any) bool {
	clean := true
	s.walk(v, false, func(name, text string, private bool) {
		clean = clean && !(private && text != "") && s.Kind(text) == "" && s.Kind(name) == ""
	})
	return clean
}

// privateMember tells whether the member k of m is private by its name, or by the
// name that a member beside it gives, as in {"name": "password", "value": "..."}.
func (s *Scope) privateMember(m map[string]any, k string) bool {
	if s.Named(k) {
		return true
	}
	for _, by := range []string{"name", "field", "id", "label", "type", "param"} {
		if given, ok := m[by].(string); ok && by != k && s.Named(given) {
			return true
		}
	}
	return false
}

// JSON redacts a JSON value: texts become placeholders, numbers become the
// placeholder's number, everything else stays what it is. Names that are private by
// themselves are replaced too.
func (s *Scope) JSON(v any) any { return s.redacted("", v, false) }

func (s *Scope) redacted(name string, v any, private bool) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			key := k
			if what := s.Kind(k); what != "" {
				key = s.Replace(what, k)
			}
			out[key] = s.redacted(k, v[k], private || s.privateMember(v, k))
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = s.redacted(name, e, private)
		}
		return out
	case string:
		if private && v != "" {
			return s.Replace(name, v)
		}
		if what := s.Kind(v); what != "" {
			return s.Replace(what, v)
		}
	case json.Number:
		if private {
			return json.Number(strconv.Itoa(s.index(name, string(v))))
		}
		if what := s.Kind(string(v)); what != "" {
			return json.Number(strconv.Itoa(s.index(what, string(v))))
		}
	}
	return v
}
