package lang

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"

	"github.com/lintel-gateway/lintel/compiler/shape"
)

// reader turns the syntax into types. Definitions are read when they are first
// needed: one that is embedded gives its fields to another.
type reader struct {
	source map[string]*ast.Field
	lang   *Language
	// reading are the definitions that are being read: one that embeds itself has no end.
	reading map[string]bool
}

func (r *reader) definition(d *Definition) error {
	if d.Type != nil {
		return nil
	}
	if r.reading[d.Name] {
		return fmt.Errorf("%s embeds itself", d.Name)
	}
	r.reading[d.Name] = true
	defer delete(r.reading, d.Name)
	f := r.source[d.Name]
	var err error
	if _, d.Expect, err = shape.Attributes(f); err != nil {
		return err
	}
	d.Doc, d.Examples = split(shape.Doc(f))
	d.Type, err = r.expr(f.Value)
	return err
}

func (r *reader) expr(e ast.Expr) (Type, error) {
	switch e := e.(type) {
	case *ast.Ident:
		switch {
		case slices.Contains([]string{"string", "int", "number", "bool", "_"}, e.Name):
			return Scalar{e.Name}, nil
		case r.source[e.Name] != nil:
			return Ref{e.Name}, nil
		}
		return nil, fmt.Errorf("%s is not defined", e.Name)
	case *ast.ParenExpr:
		return r.expr(e.X)
	case *ast.StructLit:
		return r.structure(e)
	case *ast.ListLit:
		if len(e.Elts) == 1 {
			if rest, ok := e.Elts[0].(*ast.Ellipsis); ok && rest.Type != nil {
				elem, err := r.expr(rest.Type)
				return List{elem}, err
			}
		}
	case *ast.BinaryExpr:
		return r.binary(e)
	case *ast.UnaryExpr:
		return unary(e)
	case *ast.BasicLit:
		text, err := valueOf(e)
		return Literal{text}, err
	}
	return nil, fmt.Errorf("%s: this construct of CUE is not known", e.Pos())
}

func (r *reader) binary(e *ast.BinaryExpr) (Type, error) {
	x, err := r.expr(e.X)
	if err != nil {
		return nil, err
	}
	y, err := r.expr(e.Y)
	if err != nil {
		return nil, err
	}
	switch e.Op {
	case token.AND:
		if all, ok := x.(All); ok {
			return All{append(all.Types, y)}, nil
		}
		return All{[]Type{x, y}}, nil
	case token.OR:
		if some, ok := x.(Any); ok {
			return Any{append(some.Types, y)}, nil
		}
		return Any{[]Type{x, y}}, nil
	}
	return nil, fmt.Errorf("%s: the operator %s is not known", e.Pos(), e.Op)
}

func unary(e *ast.UnaryExpr) (Type, error) {
	lit, ok := e.X.(*ast.BasicLit)
	negative := false
	if minus, is := e.X.(*ast.UnaryExpr); is && minus.Op == token.SUB {
		lit, ok = minus.X.(*ast.BasicLit)
		negative = true
	}
	if !ok {
		return nil, fmt.Errorf("%s: the operand is no literal", e.Pos())
	}
	switch e.Op {
	case token.MAT:
		text, err := literal.Unquote(lit.Value)
		return Pattern{text}, err
	case token.GEQ, token.LEQ:
		if negative {
			return Bound{e.Op.String(), "-" + lit.Value}, nil
		}
		return Bound{e.Op.String(), lit.Value}, nil
	}
	return nil, fmt.Errorf("%s: the operator %s is not known", e.Pos(), e.Op)
}

func (r *reader) structure(e *ast.StructLit) (Type, error) {
	var s Struct
	for _, d := range e.Elts {
		switch d := d.(type) {
		case *ast.EmbedDecl:
			id, ok := d.Expr.(*ast.Ident)
			if !ok || r.lang.byName[id.Name] == nil {
				return nil, fmt.Errorf("%s: only a definition may be embedded", d.Pos())
			}
			def := r.lang.byName[id.Name]
			if err := r.definition(def); err != nil {
				return nil, err
			}
			if inner := def.Struct(); inner != nil {
				s.Fields = append(s.Fields, inner.Fields...)
			}
		case *ast.Field:
			if err := r.field(&s, d); err != nil {
				return nil, err
			}
		case *ast.CommentGroup, *ast.Attribute:
		default:
			return nil, fmt.Errorf("%s: this construct of CUE is not known", d.Pos())
		}
	}
	return s, nil
}

func (r *reader) field(s *Struct, d *ast.Field) error {
	value, err := r.expr(d.Value)
	if err != nil {
		return err
	}
	if key, ok := d.Label.(*ast.ListLit); ok && len(key.Elts) == 1 {
		s.Values = value
		s.Keys, err = r.expr(key.Elts[0])
		return err
	}
	name, _, err := ast.LabelName(d.Label)
	if err != nil {
		return err
	}
	f := &Field{Name: name, Required: d.Constraint == token.NOT, Type: value}
	if f.Default, f.Expect, err = shape.Attributes(d); err != nil {
		return fmt.Errorf("field %s: %w", name, err)
	}
	f.Doc, f.Examples = split(shape.Doc(d))
	s.Fields = append(s.Fields, f)
	return nil
}

func valueOf(lit *ast.BasicLit) (string, error) {
	if lit.Kind != token.STRING {
		return lit.Value, nil
	}
	s, err := literal.Unquote(lit.Value)
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(s)
	return string(b), err
}

// split takes the examples out of a comment: "Example: " and a value on one line, or
// "Example:" alone and the indented lines that follow it.
func split(comment string) (doc string, examples []string) {
	var rest []string
	lines := strings.Split(comment, "\n")
	for i := 0; i < len(lines); i++ {
		after, ok := strings.CutPrefix(lines[i], "Example:")
		if !ok {
			rest = append(rest, lines[i])
			continue
		}
		if after = strings.TrimSpace(after); after != "" {
			examples = append(examples, after)
			continue
		}
		var block []string
		for i+1 < len(lines) && (strings.HasPrefix(lines[i+1], "\t") || lines[i+1] == "") {
			i++
			block = append(block, strings.TrimPrefix(lines[i], "\t"))
		}
		examples = append(examples, strings.TrimSpace(strings.Join(block, "\n")))
	}
	return strings.TrimSpace(strings.Join(rest, "\n")), examples
}
