package shape

import (
	"bytes"
	"encoding/json"
)

// Fill sets every absent field that has a default, at any depth. The value is
// what encoding/json decodes into an any with UseNumber; structs are changed in
// place. A field without a default stays absent.
func (n *Node) Fill(value any) error {
	if n == nil {
		return nil
	}
	switch v := value.(type) {
	case map[string]any:
		for _, f := range n.Fields {
			if err := f.fill(v); err != nil {
				return err
			}
		}
		if n.Any != nil {
			for key, x := range v {
				if n.byName[key] != nil {
					continue
				}
				if err := n.Any.Fill(x); err != nil {
					return err
				}
			}
		}
	case []any:
		for _, x := range v {
			if err := n.Elem.Fill(x); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Field) fill(in map[string]any) error {
	x, ok := in[f.Name]
	if !ok {
		if f.Default == nil {
			return nil
		}
		x = Clone(f.value)
		in[f.Name] = x
	}
	return f.Node.Fill(x)
}

// Clone copies plain data, so that two who change it do not share any.
func Clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = Clone(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = Clone(x)
		}
		return out
	}
	return v
}

func decode(raw []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	return v, err
}
