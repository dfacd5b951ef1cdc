package casefile

import (
	"encoding/json"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"

	"github.com/lintel-gateway/lintel/compiler/importer"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// known are the names and requests of the cases that are there, by the route's id.
type known map[string]bool

func name(route, name string) string   { return route + "\x00name\x00" + name }
func request(route, key string) string { return route + "\x00request\x00" + key }

func knownOf(set *cases.Set) known {
	k := known{}
	if set == nil {
		return k
	}
	for i := range set.Cases {
		c := &set.Cases[i]
		k[name(c.Route, c.Name)] = true
		k[request(c.Route, importer.RequestKey(&c.Spec.Request))] = true
	}
	return k
}

func (k known) has(c *importer.Case) bool {
	route := c.Domain + "/" + c.Route
	return k[name(route, c.Name)] || k[request(route, importer.RequestKey(&c.Spec.Request))]
}

// add adds the cases of a file by its syntax alone: nothing is evaluated, so that
// requests count only where they are written out.
func (k known) add(domain string, f *ast.File) {
	for _, routes := range under(f.Decls, "routes") {
		for _, route := range fields(routes) {
			id := domain + "/" + label(route)
			for _, tests := range under(elements(route.Value), "tests") {
				for _, test := range fields(tests) {
					k[name(id, label(test))] = true
					for _, req := range under(elements(test.Value), "request") {
						if q, ok := spec(req); ok {
							k[request(id, importer.RequestKey(q))] = true
						}
					}
				}
			}
		}
	}
}

func spec(e ast.Expr) (*cases.Request, bool) {
	v, ok := value(e)
	if !ok {
		return nil, false
	}
	raw, err := json.Marshal(map[string]any{"request": v, "expect": map[string]any{}})
	if err != nil {
		return nil, false
	}
	s, err := cases.ParseSpec(raw)
	return &s.Request, err == nil
}

// under lists the values of the fields called name.
func under(decls []ast.Decl, name string) (out []ast.Expr) {
	for _, d := range decls {
		if f, ok := d.(*ast.Field); ok && label(f) == name {
			out = append(out, f.Value)
		}
	}
	return out
}

// elements are the declarations of a struct, also of both sides of an "&".
func elements(e ast.Expr) []ast.Decl {
	switch e := e.(type) {
	case *ast.StructLit:
		return e.Elts
	case *ast.BinaryExpr:
		if e.Op == token.AND {
			return append(elements(e.X), elements(e.Y)...)
		}
	case *ast.ParenExpr:
		return elements(e.X)
	}
	return nil
}

func fields(e ast.Expr) (out []*ast.Field) {
	for _, d := range elements(e) {
		if f, ok := d.(*ast.Field); ok {
			out = append(out, f)
		}
	}
	return out
}

func label(f *ast.Field) string {
	n, _, err := ast.LabelName(f.Label)
	if err != nil {
		return ""
	}
	return n
}

// value is what a literal says, without evaluation.
func value(e ast.Expr) (any, bool) {
	switch e := e.(type) {
	case *ast.StructLit:
		out := map[string]any{}
		for _, d := range e.Elts {
			f, ok := d.(*ast.Field)
			if !ok {
				return nil, false
			}
			name, _, err := ast.LabelName(f.Label)
			if err != nil {
				return nil, false
			}
			if out[name], ok = value(f.Value); !ok {
				return nil, false
			}
		}
		return out, true
	case *ast.ListLit:
		out := []any{}
		for _, x := range e.Elts {
			v, ok := value(x)
			if !ok {
				return nil, false
			}
			out = append(out, v)
		}
		return out, true
	case *ast.UnaryExpr:
		v, ok := value(e.X)
		n, number := v.(json.Number)
		return "-" + n, ok && number && e.Op == token.SUB
	case *ast.BasicLit:
		return basic(e)
	}
	return nil, false
}

func basic(e *ast.BasicLit) (any, bool) {
	switch e.Kind {
	case token.STRING:
		s, err := literal.Unquote(e.Value)
		return s, err == nil
	case token.INT, token.FLOAT:
		return json.Number(e.Value), json.Valid([]byte(e.Value))
	case token.TRUE, token.FALSE:
		return strings.EqualFold(e.Value, "true"), true
	case token.NULL:
		return nil, true
	}
	return nil, false
}
