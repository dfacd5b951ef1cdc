package shape

import (
	"encoding/json"
	"fmt"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"
)

// reader turns definitions into nodes, each once; a definition that refers to
// itself gets the node that is being filled.
type reader struct {
	source map[string]*ast.Field
	schema *Schema
}

func (r *reader) definition(name string) (*Node, error) {
	if n := r.schema.defs[name]; n != nil {
		return n, nil
	}
	f := r.source[name]
	if f == nil {
		return nil, fmt.Errorf("read schema: %s is not defined", name)
	}
	n := &Node{}
	r.schema.defs[name] = n
	got, err := r.expr(f.Value)
	if err != nil {
		return nil, fmt.Errorf("read schema %s: %w", name, err)
	}
	n.merge(got)
	_, expect, err := r.attributes(f)
	if err != nil {
		return nil, fmt.Errorf("read schema %s: %w", name, err)
	}
	if expect != "" {
		n.Expect = expect
	}
	return n, nil
}

func (r *reader) expr(e ast.Expr) (*Node, error) {
	switch e := e.(type) {
	case *ast.Ident:
		return r.ident(e)
	case *ast.ParenExpr:
		return r.expr(e.X)
	case *ast.StructLit:
		return r.structure(e)
	case *ast.ListLit:
		return r.list(e)
	case *ast.BinaryExpr:
		x, err := r.expr(e.X)
		if err != nil {
			return nil, err
		}
		y, err := r.expr(e.Y)
		if err != nil {
			return nil, err
		}
		// The sides may be shared definitions, so the result is a node of its own.
		n := &Node{}
		n.merge(x)
		n.merge(y)
		return n, nil
	case *ast.BasicLit:
		n := &Node{}
		if v, err := jsonOf(e); err == nil {
			n.Values = []string{v}
		}
		return n, nil
	}
	return &Node{}, nil
}

func (r *reader) ident(e *ast.Ident) (*Node, error) {
	switch e.Name {
	case "string", "int", "bool", "number":
		return &Node{Kinds: []string{e.Name}}, nil
	case "_":
		return &Node{Open: true}, nil
	}
	if strings.HasPrefix(e.Name, "#") {
		return r.definition(e.Name)
	}
	return &Node{}, nil
}

func (r *reader) list(e *ast.ListLit) (*Node, error) {
	n := &Node{Kinds: []string{"list"}}
	for _, x := range e.Elts {
		if ell, ok := x.(*ast.Ellipsis); ok {
			if ell.Type == nil {
				n.Elem = &Node{Open: true}
				continue
			}
			x = ell.Type
		}
		elem, err := r.expr(x)
		if err != nil {
			return nil, err
		}
		n.Elem = elem
	}
	return n, nil
}

func (r *reader) structure(e *ast.StructLit) (*Node, error) {
	n := &Node{Kinds: []string{"struct"}}
	for _, d := range e.Elts {
		switch d := d.(type) {
		case *ast.EmbedDecl:
			embedded, err := r.expr(d.Expr)
			if err != nil {
				return nil, err
			}
			n.merge(embedded)
		case *ast.Ellipsis:
			n.Open = true
		case *ast.Field:
			if err := r.field(n, d); err != nil {
				return nil, err
			}
		}
	}
	return n, nil
}

func (r *reader) field(n *Node, d *ast.Field) error {
	value, err := r.expr(d.Value)
	if err != nil {
		return err
	}
	if _, ok := d.Label.(*ast.ListLit); ok {
		n.Any = value
		return nil
	}
	name, _, err := ast.LabelName(d.Label)
	if err != nil {
		return err
	}
	def, expect, err := r.attributes(d)
	if err != nil {
		return fmt.Errorf("field %s: %w", name, err)
	}
	if expect != "" {
		// The value may be a shared definition; the words are this field's alone.
		own := &Node{Expect: expect}
		own.merge(value)
		value = own
	}
	f := &Field{
		Name: name, Required: d.Constraint == token.NOT,
		Default: def, Doc: Doc(d), Node: value,
	}
	if def != nil {
		if f.value, err = decode(def); err != nil {
			return fmt.Errorf("default of %s: %w", name, err)
		}
	}
	n.add(f)
	return nil
}

// attributes reads @default and @msg of a field; the latter also words the
// field's regular expressions for the whole schema.
func (r *reader) attributes(f *ast.Field) (def json.RawMessage, expect string, err error) {
	def, expect, err = Attributes(f)
	if err != nil || expect == "" {
		return def, expect, err
	}
	ast.Walk(f.Value, func(x ast.Node) bool {
		if u, ok := x.(*ast.UnaryExpr); ok && u.Op == token.MAT {
			if lit, ok := u.X.(*ast.BasicLit); ok {
				if p, err := literal.Unquote(lit.Value); err == nil {
					r.schema.patterns[p] = expect
				}
			}
		}
		return true
	}, nil)
	return def, expect, nil
}

// Attributes reads @default and @msg of a field of the schema: the default in JSON,
// nil when there is none, and the words for a pattern. It fails on a default that is
// not JSON and on words that are no string.
func Attributes(f *ast.Field) (def json.RawMessage, expect string, err error) {
	for _, a := range f.Attrs {
		key, body := a.Split()
		switch key {
		case "default":
			if !json.Valid([]byte(body)) {
				return nil, "", fmt.Errorf("@default(%s) is not JSON", body)
			}
			def = json.RawMessage(body)
		case "msg":
			if expect, err = literal.Unquote(body); err != nil {
				return nil, "", fmt.Errorf("@msg(%s) is not a string", body)
			}
		}
	}
	return def, expect, nil
}

func jsonOf(lit *ast.BasicLit) (string, error) {
	switch lit.Kind {
	case token.STRING:
		s, err := literal.Unquote(lit.Value)
		if err != nil {
			return "", err
		}
		b, err := json.Marshal(s)
		return string(b), err
	case token.INT, token.FLOAT, token.TRUE, token.FALSE, token.NULL:
		return lit.Value, nil
	}
	return "", fmt.Errorf("literal %s has no JSON form", lit.Value)
}
