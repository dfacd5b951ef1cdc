package jsonschema_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// excerpt copies a domain with at most three of its routes.
func excerpt(random *rand.Rand, domain map[string]any) map[string]any {
	raw, _ := json.Marshal(domain) // it came from JSON
	var doc map[string]any
	_ = json.Unmarshal(raw, &doc)
	routes := doc["routes"].(map[string]any)
	names := slices.Sorted(maps.Keys(routes))
	for len(names) > 3 {
		i := random.IntN(len(names))
		delete(routes, names[i])
		names = slices.Delete(names, i, i+1)
	}
	return doc
}

// spot is one value in a document, and how to put another in its place.
type spot struct {
	path  string
	value any
	set   func(any)
	// in is the struct that holds the value under the key; nil in a list.
	in  map[string]any
	key string
}

func spots(out []spot, path string, value any) []spot {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = append(out, spot{path + "." + key, v[key], func(x any) { v[key] = x }, v, key})
			out = spots(out, path+"."+key, v[key])
		}
	case []any:
		for i := range v {
			out = append(out, spot{fmt.Sprintf("%s[%d]", path, i), v[i], func(x any) { v[i] = x }, nil, ""})
			out = spots(out, fmt.Sprintf("%s[%d]", path, i), v[i])
		}
	}
	return out
}

// mutate changes one thing and says what.
func mutate(random *rand.Rand, doc map[string]any) string {
	all := spots(nil, "", doc)
	for {
		s := all[random.IntN(len(all))]
		kind := random.IntN(6)
		switch {
		case kind == 0 && s.in != nil && s.path != ".domain":
			delete(s.in, s.key)
			return "the removal of " + s.path
		case kind == 1 && s.in != nil && s.path != ".domain":
			delete(s.in, s.key)
			name := s.key + "s"
			if random.IntN(2) == 0 {
				name = s.key[:len(s.key)/2] + "x"
			}
			s.in[name] = s.value
			return s.path + " was called " + name
		case kind == 2:
			if m, ok := s.value.(map[string]any); ok {
				m["another"] = true
				return "a field another in " + s.path
			}
		case kind == 3:
			others := []any{nil, true, 7, -1, 0.5, "text", "", []any{}, []any{"a"}, map[string]any{}}
			x := others[random.IntN(len(others))]
			s.set(x)
			return fmt.Sprintf("%s is %#v", s.path, x)
		case kind == 4:
			if text, ok := s.value.(string); ok {
				more := []string{" ", "\n", "é", "%", "*", "/", "?", "A", "\u00a0", ":"}
				text = more[random.IntN(len(more))] + text
				if random.IntN(2) == 0 {
					text = text[1:] + more[random.IntN(len(more))]
				}
				s.set(text)
				return fmt.Sprintf("%s is %q", s.path, text)
			}
		case kind == 5:
			if n, ok := s.value.(float64); ok {
				x := []float64{-n, n + 0.25, n * 1e6, n + 1}[random.IntN(4)]
				s.set(x)
				return fmt.Sprintf("%s is %v", s.path, x)
			}
		}
	}
}
