package casefile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"
	cuejson "cuelang.org/go/encoding/json"

	"github.com/lintel-gateway/lintel/compiler/importer"
)

// lineWidth is up to how many bytes a struct stands on one line.
const lineWidth = 110

// render writes the cases of one file, grouped by route in the order given.
func render(list []importer.Case) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(clause)
	for i := range list {
		c := &list[i]
		if i == 0 || list[i-1].Route != c.Route {
			if i > 0 {
				b.WriteString("}\n")
			}
			fmt.Fprintf(&b, "\nroutes: %s: tests: {\n", literal.String.Quote(c.Route))
		}
		if err := renderCase(&b, c); err != nil {
			return nil, fmt.Errorf("case %q: %w", c.Name, err)
		}
	}
	b.WriteString("}\n")
	return form(b.Bytes())
}

func renderCase(b *bytes.Buffer, c *importer.Case) error {
	if c.Note != "" {
		fmt.Fprintf(b, "// %s\n", strings.ToUpper(c.Note[:1])+c.Note[1:]+".")
	}
	fmt.Fprintf(b, "%s: {\n", literal.String.Quote(c.Name))
	for _, part := range []struct {
		label string
		value any
	}{{"request", &c.Spec.Request}, {"expect", &c.Spec.Expect}} {
		var raw bytes.Buffer
		enc := json.NewEncoder(&raw)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(part.value); err != nil {
			return err
		}
		e, err := cuejson.Extract("case", raw.Bytes())
		if err != nil {
			return err
		}
		text, err := field(part.label, e)
		if err != nil {
			return err
		}
		b.WriteString(text + "\n")
	}
	b.WriteString("}\n")
	return nil
}

// field writes a field: on one line when it is short, without braces when the value
// has one field.
func field(label string, e ast.Expr) (string, error) {
	text, err := inline(e, true)
	if err != nil {
		return "", err
	}
	if s, ok := e.(*ast.StructLit); ok && len(text) > lineWidth {
		var b strings.Builder
		b.WriteString(label + ": {\n")
		for _, d := range s.Elts {
			f := d.(*ast.Field)
			name, err := node(f.Label)
			if err != nil {
				return "", err
			}
			inner, err := field(name, f.Value)
			if err != nil {
				return "", err
			}
			b.WriteString(inner + "\n")
		}
		return b.String() + "}", nil
	}
	return label + ": " + text, nil
}

// inline writes a value on one line; bare tells that a struct of one field needs no
// braces.
func inline(e ast.Expr, bare bool) (string, error) {
	switch e := e.(type) {
	case *ast.StructLit:
		var parts []string
		for _, d := range e.Elts {
			f, ok := d.(*ast.Field)
			if !ok {
				return "", fmt.Errorf("a value of JSON holds %T", d)
			}
			label, err := node(f.Label)
			if err != nil {
				return "", err
			}
			value, err := inline(f.Value, true)
			if err != nil {
				return "", err
			}
			parts = append(parts, label+": "+value)
		}
		if bare && len(parts) == 1 {
			return parts[0], nil
		}
		return "{" + strings.Join(parts, ", ") + "}", nil
	case *ast.ListLit:
		var parts []string
		for _, x := range e.Elts {
			value, err := inline(x, false)
			if err != nil {
				return "", err
			}
			parts = append(parts, value)
		}
		return "[" + strings.Join(parts, ", ") + "]", nil
	case *ast.BasicLit:
		// A text of several lines would depend on how deep it stands.
		if text, err := literal.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return literal.String.Quote(text), nil
		}
	}
	return node(e)
}

func node(n ast.Node) (string, error) {
	b, err := format.Node(n)
	return string(bytes.TrimSpace(b)), err
}
