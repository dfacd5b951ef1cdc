package accept

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
)

// Parse compiles the schema's files. It fails on every construct that it does not
// know: a schema that means more than is checked here must not go unnoticed.
func Parse(names []string, contents [][]byte) (*Schema, error) {
	c := compiler{source: map[string]ast.Expr{}, schema: &Schema{defs: map[string]*Node{}}}
	for i, name := range names {
		f, err := parser.ParseFile(name, contents[i])
		if err != nil {
			return nil, fmt.Errorf("parse schema %s: %w", name, err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.Package, *ast.CommentGroup:
			case *ast.Field:
				label, _, err := ast.LabelName(d.Label)
				if err != nil || !strings.HasPrefix(label, "#") || c.source[label] != nil {
					return nil, fmt.Errorf("compile schema %s: a definition of a name of its own is wanted, not %q", name, label)
				}
				c.source[label] = d.Value
			default:
				return nil, fmt.Errorf("compile schema %s: %T at the top", name, d)
			}
		}
	}
	for label := range c.source {
		if _, err := c.definition(label); err != nil {
			return nil, fmt.Errorf("compile schema: %w", err)
		}
	}
	return c.schema, nil
}

type compiler struct {
	source map[string]ast.Expr
	schema *Schema
}

// definition compiles each definition once. One that refers to itself gets the node
// that is being filled.
func (c *compiler) definition(name string) (*Node, error) {
	if n := c.schema.defs[name]; n != nil {
		return n, nil
	}
	src := c.source[name]
	if src == nil {
		return nil, fmt.Errorf("%s is not defined", name)
	}
	n := &Node{}
	c.schema.defs[name] = n
	got, err := c.expr(src)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	*n = *got
	return n, nil
}

func (c *compiler) expr(e ast.Expr) (*Node, error) {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return c.expr(e.X)
	case *ast.Ident:
		return c.ident(e)
	case *ast.BasicLit:
		v, err := literalOf(e)
		return &Node{literal: v, hasLiteral: true}, err
	case *ast.UnaryExpr:
		return c.unary(e)
	case *ast.BinaryExpr:
		return c.binary(e)
	case *ast.ListLit:
		return c.list(e)
	case *ast.StructLit:
		return c.structure(e)
	}
	return nil, fmt.Errorf("%T is not known to the checker", e)
}

func (c *compiler) ident(e *ast.Ident) (*Node, error) {
	switch e.Name {
	case "_":
		return &Node{}, nil
	case "string":
		return &Node{kinds: aString}, nil
	case "int":
		return &Node{kinds: anInt}, nil
	case "number":
		return &Node{kinds: anInt | aFloat}, nil
	case "bool":
		return &Node{kinds: aBool}, nil
	}
	return c.definition(e.Name)
}

func (c *compiler) unary(e *ast.UnaryExpr) (*Node, error) {
	lit, ok := e.X.(*ast.BasicLit)
	negative := false
	if u, is := e.X.(*ast.UnaryExpr); is && u.Op == token.SUB {
		lit, ok = u.X.(*ast.BasicLit)
		negative = true
	}
	if !ok {
		return nil, fmt.Errorf("%s of %T is not known to the checker", e.Op, e.X)
	}
	v, err := literalOf(lit)
	if err != nil {
		return nil, err
	}
	switch e.Op {
	case token.MAT:
		s, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("=~ wants a string")
		}
		re, err := regexp.Compile(s)
		return &Node{kinds: aString, pattern: re}, err
	case token.GEQ, token.GTR, token.LEQ, token.LSS:
		n, ok := v.(json.Number)
		if !ok {
			return nil, fmt.Errorf("%s wants a number", e.Op)
		}
		x, err := strconv.ParseFloat(string(n), 64)
		if negative {
			x = -x
		}
		return &Node{kinds: anInt | aFloat, bounds: []bound{{e.Op.String(), x}}}, err
	}
	return nil, fmt.Errorf("%s is not known to the checker", e.Op)
}

func (c *compiler) binary(e *ast.BinaryExpr) (*Node, error) {
	x, err := c.expr(e.X)
	if err != nil {
		return nil, err
	}
	y, err := c.expr(e.Y)
	if err != nil {
		return nil, err
	}
	switch e.Op {
	case token.OR:
		return &Node{alts: []*Node{x, y}}, nil
	case token.AND:
		if x.structure() != nil || y.structure() != nil {
			return nil, fmt.Errorf("& of structs is not known to the checker")
		}
		return &Node{all: []*Node{x, y}}, nil
	}
	return nil, fmt.Errorf("%s is not known to the checker", e.Op)
}

func (c *compiler) list(e *ast.ListLit) (*Node, error) {
	if len(e.Elts) != 1 {
		return nil, fmt.Errorf("a list of another form than [...T] is not known to the checker")
	}
	rest, ok := e.Elts[0].(*ast.Ellipsis)
	if !ok || rest.Type == nil {
		return nil, fmt.Errorf("a list of another form than [...T] is not known to the checker")
	}
	elem, err := c.expr(rest.Type)
	return &Node{kinds: aList, elem: elem}, err
}

func (c *compiler) structure(e *ast.StructLit) (*Node, error) {
	s := &shape{fields: map[string]*Node{}}
	for _, d := range e.Elts {
		switch d := d.(type) {
		case *ast.CommentGroup:
		case *ast.EmbedDecl:
			id, ok := d.Expr.(*ast.Ident)
			if !ok {
				return nil, fmt.Errorf("embedding %T is not known to the checker", d.Expr)
			}
			n, err := c.definition(id.Name)
			if err != nil {
				return nil, err
			}
			if n.shape == nil {
				return nil, fmt.Errorf("embedding %s, which is no struct or comes later, is not known to the checker", id.Name)
			}
			for name, f := range n.shape.fields {
				s.fields[name] = f
			}
			s.required = append(s.required, n.shape.required...)
			s.patterns = append(s.patterns, n.shape.patterns...)
		case *ast.Field:
			if err := c.field(s, d); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("%T in a struct is not known to the checker", d)
		}
	}
	return &Node{kinds: aStruct, shape: s}, nil
}

func (c *compiler) field(s *shape, d *ast.Field) error {
	value, err := c.expr(d.Value)
	if err != nil {
		return err
	}
	if l, ok := d.Label.(*ast.ListLit); ok {
		if len(l.Elts) != 1 {
			return fmt.Errorf("a pattern of several names is not known to the checker")
		}
		name, err := c.expr(l.Elts[0])
		if err != nil {
			return err
		}
		s.patterns = append(s.patterns, pattern{name, value})
		return nil
	}
	name, _, err := ast.LabelName(d.Label)
	if err != nil || strings.HasPrefix(name, "_") || strings.HasPrefix(name, "#") || s.fields[name] != nil {
		return fmt.Errorf("field %s: only regular fields with one name each are known to the checker", name)
	}
	switch d.Constraint {
	case token.NOT:
		s.required = append(s.required, name)
	case token.OPTION:
	default:
		return fmt.Errorf("field %s: a field that is neither optional nor required is not known to the checker", name)
	}
	s.fields[name] = value
	return nil
}

func literalOf(lit *ast.BasicLit) (any, error) {
	switch lit.Kind {
	case token.STRING:
		if strings.HasPrefix(lit.Value, "'") || strings.HasPrefix(lit.Value, "#'") {
			return nil, fmt.Errorf("bytes are not known to the checker")
		}
		return literal.Unquote(lit.Value)
	case token.INT, token.FLOAT:
		return json.Number(lit.Value), nil
	case token.TRUE:
		return true, nil
	case token.FALSE:
		return false, nil
	case token.NULL:
		return nil, nil
	}
	return nil, fmt.Errorf("literal %s is not known to the checker", lit.Value)
}
