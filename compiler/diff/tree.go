package diff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
)

// elementKeys name the field by which an element of a list of objects is known: an
// endpoint's address, a share's upstream.
var elementKeys = [...]string{"address", "upstream"}

// treeOf is a value as its JSON says it.
func treeOf(v any) (any, error) {
	raw, err := marshal(v)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("read the canonical form again: %w", err)
	}
	return tree, nil
}

// marshal writes JSON with sorted keys and without escapes for HTML.
func marshal(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write the canonical form: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// comparison gathers the fields by which two trees differ.
type comparison struct {
	fields []Field
	err    error
}

// at is a place in the two trees.
type at struct{ path, old, new []string }

func (a at) down(path, old, new string) at {
	return at{down(a.path, path), down(a.old, old), down(a.new, new)}
}

func down(path []string, name string) []string {
	return append(path[:len(path):len(path)], name)
}

// compareTrees lists the fields by which two trees differ, in the order of names.
func compareTrees(old, new any) ([]Field, error) {
	var c comparison
	c.compare(at{}, old, new)
	return c.fields, c.err
}

func (c *comparison) compare(a at, old, new any) {
	switch o := old.(type) {
	case map[string]any:
		if n, ok := new.(map[string]any); ok {
			c.objects(a, o, n)
			return
		}
	case []any:
		if n, ok := new.([]any); ok {
			c.lists(a, o, n)
			return
		}
	}
	if !reflect.DeepEqual(old, new) {
		c.put(a, Changed, c.raw(old), c.raw(new))
	}
}

func (c *comparison) raw(v any) json.RawMessage {
	raw, err := marshal(v)
	if err != nil && c.err == nil {
		c.err = err
	}
	return raw
}

func (c *comparison) put(a at, change string, old, new json.RawMessage) *Field {
	f := Field{Path: a.path, Change: change, Old: old, New: new, oldAt: a.old, newAt: a.new}
	if f.Path == nil {
		f.Path = []string{}
	}
	c.fields = append(c.fields, f)
	return &c.fields[len(c.fields)-1]
}

func (c *comparison) objects(a at, old, new map[string]any) {
	names := slices.Collect(maps.Keys(old))
	for name := range new {
		if _, both := old[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		o, was := old[name]
		n, is := new[name]
		switch next := a.down(name, name, name); {
		case !was && entries(next.path):
			c.compare(next, map[string]any{}, n)
		case !was:
			c.put(next, Added, nil, c.raw(n))
		case !is && entries(next.path):
			c.compare(next, o, map[string]any{})
		case !is:
			c.put(next, Removed, c.raw(o), nil)
		default:
			c.compare(next, o, n)
		}
	}
}

// entries tells of maps whose entries people think of one by one, the first and the
// last one, too: filters, conditions and labels. A bundle leaves them out when they are
// empty.
func entries(path []string) bool {
	switch path[len(path)-1] {
	case "filters", "headers", "query", "cookies":
		return len(path) == 1
	case "labels":
		return len(path) == 3 && path[0] == "endpoints"
	}
	return false
}

// lists compares lists by their elements where these are distinct: texts as sets,
// objects by their key. That the order is another is told on its own, for it may
// matter.
func (c *comparison) lists(a at, old, new []any) {
	if reflect.DeepEqual(old, new) {
		return
	}
	for _, key := range elementKeys {
		o, ok1 := keyed(old, key)
		n, ok2 := keyed(new, key)
		if ok1 && ok2 {
			c.elements(a, old, new, o, n)
			return
		}
	}
	o, ok1 := scalars(old)
	n, ok2 := scalars(new)
	switch {
	case ok1 && ok2:
		f := c.put(a, Changed, c.raw(old), c.raw(new))
		f.Added, f.Removed = c.without(new, o), c.without(old, n)
		if len(f.Added)+len(f.Removed) == 0 {
			f.Change = Reordered
		}
	case len(old) == len(new):
		for i := range old {
			k := strconv.Itoa(i)
			c.compare(a.down(k, k, k), old[i], new[i])
		}
	default:
		c.put(a, Changed, c.raw(old), c.raw(new))
	}
}

// elements compares lists of objects by key.
func (c *comparison) elements(a at, old, new []any, oldKeys, newKeys []string) {
	was, is := positions(oldKeys), positions(newKeys)
	var kept []string
	for i, k := range oldKeys {
		j, both := is[k]
		if !both {
			c.put(a.down(k, strconv.Itoa(i), strconv.Itoa(i)), Removed, c.raw(old[i]), nil)
			continue
		}
		kept = append(kept, k)
		c.compare(a.down(k, strconv.Itoa(i), strconv.Itoa(j)), old[i], new[j])
	}
	moved, next := false, 0
	for j, k := range newKeys {
		if _, both := was[k]; !both {
			c.put(a.down(k, strconv.Itoa(j), strconv.Itoa(j)), Added, nil, c.raw(new[j]))
			continue
		}
		moved = moved || kept[next] != k
		next++
	}
	if moved {
		c.put(a, Reordered, c.raw(old), c.raw(new))
	}
}

func positions(keys []string) map[string]int {
	at := make(map[string]int, len(keys))
	for i, k := range keys {
		at[k] = i
	}
	return at
}

// keyed returns the keys of a list of objects that all have one, each its own.
func keyed(list []any, key string) ([]string, bool) {
	keys, seen := make([]string, 0, len(list)), map[string]bool{}
	for _, e := range list {
		object, _ := e.(map[string]any)
		k, ok := object[key].(string)
		if !ok || seen[k] {
			return nil, false
		}
		seen[k] = true
		keys = append(keys, k)
	}
	return keys, true
}

// scalars returns a list of distinct texts, numbers and truths as a set.
func scalars(list []any) (map[any]bool, bool) {
	set := make(map[any]bool, len(list))
	for _, e := range list {
		switch e.(type) {
		case map[string]any, []any:
			return nil, false
		}
		if set[e] {
			return nil, false
		}
		set[e] = true
	}
	return set, true
}

// without lists the elements that are not in the other list, in their order.
func (c *comparison) without(list []any, other map[any]bool) (out []json.RawMessage) {
	for _, e := range list {
		if !other[e] {
			out = append(out, c.raw(e))
		}
	}
	return out
}
