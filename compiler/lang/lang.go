// Package lang reads the schema of the route language into definitions, fields and
// types, for what writes the language down in another form: the reference and JSON
// Schema. What it does not know is an error, so that nothing is left out in silence.
package lang

import (
	"encoding/json"
	"fmt"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
)

// Language is the whole schema.
type Language struct {
	// Definitions stand in the order of their files, and in a file as written.
	Definitions []*Definition

	byName map[string]*Definition
}

// Definition is one named type of the schema.
type Definition struct {
	// Name is the name with its "#", such as "#Route".
	Name string
	// File is the base name of the file that holds it.
	File string
	// Doc is the comment above it without its examples.
	Doc string
	// Examples are whole route files, or parts of one, as written in the comment.
	Examples []string
	// Expect words the pattern of a text, such as "a duration such as \"5s\"".
	Expect string
	Type   Type
}

// Field is a named field of a struct.
type Field struct {
	Name     string
	Required bool
	// Default is the value of @default in JSON; nil when the field has none.
	Default json.RawMessage
	// Doc is the comment above the field without its examples.
	Doc string
	// Examples are values of the field in CUE, as they would stand behind its colon.
	Examples []string
	// Expect words the pattern of a text.
	Expect string
	Type   Type
}

// Type is what a value may be: one of the types below.
type Type interface{ isType() }

type (
	// Ref is another definition by its name, such as "#Host".
	Ref struct{ Name string }
	// Scalar is string, int, number, bool, or _ for any value.
	Scalar struct{ Kind string }
	// Literal is one value, in JSON.
	Literal struct{ JSON string }
	// Pattern is a text that the RE2 expression finds.
	Pattern struct{ Regex string }
	// Bound is a number on one side of another: Op is >= or <=.
	Bound struct{ Op, Value string }
	// List has any number of elements of one type.
	List struct{ Elem Type }
	// Struct has named fields, or is a map when Keys and Values are set. Fields of
	// embedded definitions stand among its own.
	Struct struct {
		Fields       []*Field
		Keys, Values Type
	}
	// All is a value that every type allows.
	All struct{ Types []Type }
	// Any is a value that one of the types allows.
	Any struct{ Types []Type }
)

func (Ref) isType()     {}
func (Scalar) isType()  {}
func (Literal) isType() {}
func (Pattern) isType() {}
func (Bound) isType()   {}
func (List) isType()    {}
func (Struct) isType()  {}
func (All) isType()     {}
func (Any) isType()     {}

// Read reads the schema's files. Its errors are faults of the schema.
func Read(names []string, contents [][]byte) (*Language, error) {
	r := reader{source: map[string]*ast.Field{}, reading: map[string]bool{}, lang: &Language{byName: map[string]*Definition{}}}
	var order []*Definition
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
			r.source[label] = field
			def := &Definition{Name: label, File: name}
			order = append(order, def)
			r.lang.byName[label] = def
		}
	}
	for _, def := range order {
		if err := r.definition(def); err != nil {
			return nil, fmt.Errorf("read schema %s: %w", def.Name, err)
		}
	}
	r.lang.Definitions = order
	return r.lang, nil
}

// Def returns the definition with that name, such as "#Route", or nil.
func (l *Language) Def(name string) *Definition { return l.byName[name] }

// Struct is the definition's struct: its type, or the one among its alternatives. It
// is nil for a definition that has no fields.
func (d *Definition) Struct() *Struct {
	switch t := d.Type.(type) {
	case Struct:
		return &t
	case Any:
		for _, one := range t.Types {
			if s, ok := one.(Struct); ok {
				return &s
			}
		}
	}
	return nil
}
