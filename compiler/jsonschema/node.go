package jsonschema

import (
	"bytes"
	"encoding/json"
	"fmt"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"

	"github.com/lintel-gateway/lintel/compiler/lang"
)

// node is one schema; its fields are written in this order.
type node struct {
	Schema            string            `json:"$schema,omitempty"`
	Title             string            `json:"title,omitempty"`
	Description       string            `json:"description,omitempty"`
	Ref               string            `json:"$ref,omitempty"`
	Type              string            `json:"type,omitempty"`
	Enum              []json.RawMessage `json:"enum,omitempty"`
	Pattern           string            `json:"pattern,omitempty"`
	Minimum           json.Number       `json:"minimum,omitempty"`
	Maximum           json.Number       `json:"maximum,omitempty"`
	Items             *node             `json:"items,omitempty"`
	Properties        properties        `json:"properties,omitempty"`
	PatternProperties properties        `json:"patternProperties,omitempty"`
	Required          []string          `json:"required,omitempty"`
	// Additional is false or a schema; nil is not written.
	Additional any               `json:"additionalProperties,omitempty"`
	AnyOf      []*node           `json:"anyOf,omitempty"`
	Default    json.RawMessage   `json:"default,omitempty"`
	Examples   []json.RawMessage `json:"examples,omitempty"`
	Defs       properties        `json:"$defs,omitempty"`
}

// properties are schemas by name, in order.
type properties []property

type property struct {
	name string
	node *node
}

// MarshalJSON keeps the order.
func (p properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, one := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := enc.Encode(one.name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := enc.Encode(one.node); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// values are the examples of a field as JSON.
func values(f *lang.Field) ([]json.RawMessage, error) {
	var out []json.RawMessage
	for _, text := range f.Examples {
		v := cuecontext.New().CompileString("x: " + text).LookupPath(cue.ParsePath("x"))
		b, err := v.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("example of %s: %w", f.Name, err)
		}
		out = append(out, b)
	}
	return out, nil
}
