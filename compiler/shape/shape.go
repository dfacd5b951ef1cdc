// Package shape reads the schema's syntax, without evaluating it: which fields
// stand where, what their defaults are and how their patterns are worded. It is
// the one reader of the @default and @msg attributes. What a value may be is not
// its business; CUE says that.
package shape

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
)

// Node is the shape of one value: the fields of a struct, the pattern of a map,
// the element of a list. A scalar has none of them.
type Node struct {
	// Fields are the named fields in the order written.
	Fields []*Field
	// Any is the shape of the values of a map, nil when the struct has no pattern.
	Any *Node
	// Elem is the shape of a list's elements.
	Elem *Node
	// Expect words the pattern of a scalar (@msg), such as "a path that starts
	// with \"/\""; empty when the schema gives no words.
	Expect string
	// Kinds are the JSON kinds that the syntax names (string, int, bool, list,
	// struct, number); empty when it names none.
	Kinds []string
	// Values are the literals of an enumeration, in JSON.
	Values []string
	// Open tells that any value is allowed.
	Open bool

	byName map[string]*Field
}

// Field is a named field of a struct.
type Field struct {
	Name     string
	Required bool
	// Default is the value of @default in JSON; nil when the field has none.
	Default json.RawMessage
	Doc     string
	Node    *Node
	// value is the default as data.
	value any
}

// Schema is the shape of the whole schema.
type Schema struct {
	defs     map[string]*Node
	patterns map[string]string
}

// Parse reads the schema's files. It fails on syntax and on references it cannot
// follow, which are faults of the schema and not of a route file.
func Parse(names []string, contents [][]byte) (*Schema, error) {
	r := reader{
		source: map[string]*ast.Field{},
		schema: &Schema{defs: map[string]*Node{}, patterns: map[string]string{}},
	}
	for i, name := range names {
		f, err := parser.ParseFile(name, contents[i], parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("parse schema %s: %w", name, err)
		}
		for _, d := range f.Decls {
			field, ok := d.(*ast.Field)
			if !ok {
				continue
			}
			label, _, err := ast.LabelName(field.Label)
			if err != nil {
				return nil, fmt.Errorf("read schema %s: %w", name, err)
			}
			if r.source[label] != nil {
				return nil, fmt.Errorf("read schema %s: %s is defined twice", name, label)
			}
			r.source[label] = field
		}
	}
	for label := range r.source {
		if _, err := r.definition(label); err != nil {
			return nil, err
		}
	}
	return r.schema, nil
}

// Def returns the shape of a definition such as "#Route", or nil.
func (s *Schema) Def(name string) *Node { return s.defs[name] }

// Definitions lists the names of the schema's definitions, sorted.
func (s *Schema) Definitions() []string {
	names := make([]string, 0, len(s.defs))
	for n := range s.defs {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Expect returns the words (@msg) for a regular expression of the schema.
func (s *Schema) Expect(pattern string) string { return s.patterns[pattern] }

// Field returns the named field, or nil.
func (n *Node) Field(name string) *Field {
	if n == nil {
		return nil
	}
	return n.byName[name]
}

// Names lists the fields of the struct in the order written.
func (n *Node) Names() []string {
	if n == nil {
		return nil
	}
	names := make([]string, len(n.Fields))
	for i, f := range n.Fields {
		names[i] = f.Name
	}
	return names
}

// At follows a path of field names, map keys and list indexes from n. It returns
// nil when the shape does not know the path.
func (n *Node) At(path ...string) *Node {
	for _, p := range path {
		if n == nil {
			return nil
		}
		f := n.Field(p)
		switch {
		case f != nil:
			n = f.Node
		case n.Any != nil:
			n = n.Any
		case n.Elem != nil && isIndex(p):
			n = n.Elem
		default:
			return nil
		}
	}
	return n
}

func isIndex(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

func (n *Node) add(f *Field) {
	if n.byName == nil {
		n.byName = map[string]*Field{}
	}
	if n.byName[f.Name] == nil {
		n.Fields = append(n.Fields, f)
		n.byName[f.Name] = f
	}
}

// merge adds what o says to n: the sides of "&" and of "|".
func (n *Node) merge(o *Node) {
	for _, f := range o.Fields {
		n.add(f)
	}
	if n.Any == nil {
		n.Any = o.Any
	}
	if n.Elem == nil {
		n.Elem = o.Elem
	}
	if n.Expect == "" {
		n.Expect = o.Expect
	}
	for _, k := range o.Kinds {
		if !slices.Contains(n.Kinds, k) {
			n.Kinds = append(n.Kinds, k)
		}
	}
	n.Values = append(n.Values, o.Values...)
	n.Open = n.Open || o.Open
}

// Doc returns the comment above a field, without the slashes.
func Doc(f *ast.Field) string {
	var b strings.Builder
	for _, g := range ast.Comments(f) {
		if g.Doc {
			b.WriteString(g.Text())
		}
	}
	return strings.TrimSpace(b.String())
}
