package jsonschema

import (
	"encoding/json"
	"fmt"

	"github.com/lintel-gateway/lintel/compiler/lang"
)

// node writes one type.
func (e *exporter) node(t lang.Type) (*node, error) {
	switch t := t.(type) {
	case lang.Ref:
		return &node{Ref: e.ref(t.Name)}, nil
	case lang.Scalar:
		return &node{Type: map[string]string{"string": "string", "int": "integer", "number": "number", "bool": "boolean"}[t.Kind]}, nil
	case lang.Literal:
		return &node{Enum: []json.RawMessage{json.RawMessage(t.JSON)}}, nil
	case lang.Pattern:
		p, err := portable(t.Regex)
		return &node{Type: "string", Pattern: p}, err
	case lang.List:
		items, err := e.node(t.Elem)
		return &node{Type: "array", Items: items}, err
	case lang.Struct:
		return e.object(t)
	case lang.All:
		return e.all(t)
	case lang.Any:
		return e.any(t)
	}
	return nil, fmt.Errorf("%T has no form in JSON Schema", t)
}

// object writes a struct with named fields, or a map.
func (e *exporter) object(s lang.Struct) (*node, error) {
	n := &node{Type: "object"}
	for _, f := range s.Fields {
		p, err := e.node(f.Type)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		p.Description = sentence(f.Doc, f.Expect)
		p.Default = f.Default
		if p.Examples, err = values(f); err != nil {
			return nil, err
		}
		n.Properties = append(n.Properties, property{f.Name, p})
		if f.Required {
			n.Required = append(n.Required, f.Name)
		}
	}
	closed := any(false)
	if s.Values != nil {
		value, err := e.node(s.Values)
		if err != nil {
			return nil, err
		}
		key, err := e.key(s.Keys)
		if err != nil {
			return nil, err
		}
		if key == "" {
			closed = value
		} else {
			n.PatternProperties = properties{{key, value}}
		}
	}
	n.Additional = closed
	return n, nil
}

// key is the expression of a map's names; "" when any name will do.
func (e *exporter) key(t lang.Type) (string, error) {
	switch t := t.(type) {
	case lang.Ref:
		return e.key(e.lang.Def(t.Name).Type)
	case lang.Pattern:
		return portable(t.Regex)
	case lang.Scalar:
		if t.Kind == "string" {
			return "", nil
		}
	}
	return "", fmt.Errorf("names of type %T have no form in JSON Schema", t)
}

// all writes a kind with its bounds and pattern.
func (e *exporter) all(t lang.All) (*node, error) {
	n := &node{}
	for _, one := range t.Types {
		switch one := one.(type) {
		case lang.Bound:
			if one.Op == ">=" {
				n.Minimum = json.Number(one.Value)
			} else {
				n.Maximum = json.Number(one.Value)
			}
		case lang.Scalar, lang.Pattern:
			part, err := e.node(one)
			if err != nil {
				return nil, err
			}
			n.Type = part.Type
			if part.Pattern != "" {
				n.Pattern = part.Pattern
			}
		default:
			return nil, fmt.Errorf("%T beside others has no form here", one)
		}
	}
	return n, nil
}

// any writes alternatives; those that are all literals are an enumeration.
func (e *exporter) any(t lang.Any) (*node, error) {
	n := &node{}
	for _, one := range t.Types {
		part, err := e.node(one)
		if err != nil {
			return nil, err
		}
		n.AnyOf = append(n.AnyOf, part)
	}
	var literals []json.RawMessage
	for _, part := range n.AnyOf {
		literals = append(literals, part.Enum...)
	}
	if len(literals) == len(n.AnyOf) {
		return &node{Enum: literals}, nil
	}
	return n, nil
}
