package quick

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"
)

// literal is the value of a literal in its plain form. Other forms of numbers (1K,
// 0x1f, 1e3) and bytes are for CUE.
func (e *evaluation) literal(lit *ast.BasicLit) any {
	switch lit.Kind {
	case token.STRING:
		if strings.HasPrefix(strings.TrimLeft(lit.Value, "#"), `"`) {
			if s, err := literal.Unquote(lit.Value); err == nil {
				return s
			}
		}
	case token.INT, token.FLOAT:
		if plainNumber(lit.Value) {
			return json.Number(lit.Value)
		}
	case token.TRUE:
		return true
	case token.FALSE:
		return false
	case token.NULL:
		return nil
	}
	e.fail()
	return nil
}

// data is the value of a struct or list that holds nothing but literals, and stands
// alone.
func (e *evaluation) data(x ast.Expr) any {
	switch x := x.(type) {
	case *ast.BasicLit:
		return e.literal(x)
	case *ast.ListLit:
		out := make([]any, len(x.Elts))
		for i, el := range x.Elts {
			out[i] = e.data(el)
		}
		return out
	case *ast.StructLit:
		out := make(map[string]any, len(x.Elts))
		for _, d := range x.Elts {
			if fd, ok := d.(*ast.Field); ok {
				name, _, _ := labelName(fd)
				out[name] = e.data(fd.Value)
			}
		}
		return out
	}
	e.fail()
	return nil
}

// plainNumber tells whether a number is written as JSON would write it, with at most
// fifteen digits, which every reader takes exactly.
func plainNumber(s string) bool {
	whole, fraction, dotted := strings.Cut(s, ".")
	if len(s) > 16 || whole == "" || len(whole) > 1 && whole[0] == '0' || dotted && fraction == "" {
		return false
	}
	if dotted && whole == "0" && strings.HasPrefix(fraction, "0000") {
		return false // CUE writes it with an exponent
	}
	return strings.Trim(whole+fraction, "0123456789") == ""
}

// operand is the concrete scalar that an expression comes to.
func (e *evaluation) operand(x ast.Expr, c conjunct) any {
	n := &node{}
	n.add(conjunct{x, c.scope, c.def})
	v, whole := e.value(n, nil)
	switch v.(type) {
	case string, bool, json.Number:
		if whole {
			return v
		}
	}
	e.fail()
	return nil
}

// unary is a bound, or a negative number.
func (e *evaluation) unary(n *node, x *ast.UnaryExpr, c conjunct) {
	switch x.Op {
	case token.GEQ, token.GTR, token.LEQ, token.LSS, token.NEQ, token.MAT, token.NMAT:
		n.bounds = append(n.bounds, c)
	case token.SUB:
		e.scalar(n, e.negative(e.operand(x.X, c)))
	default:
		e.fail()
	}
}

func (e *evaluation) negative(v any) any {
	n, ok := v.(json.Number)
	if !ok || strings.HasPrefix(string(n), "-") || strings.Trim(string(n), "0.") == "" {
		e.fail()
		return nil
	}
	return json.Number("-" + string(n))
}

// maxExact bounds the whole numbers that are reckoned with.
const maxExact = 1 << 31

// arithmetic is a sum, difference or product of whole numbers, or two texts put
// together.
func (e *evaluation) arithmetic(x *ast.BinaryExpr, c conjunct) any {
	l, r := e.operand(x.X, c), e.operand(x.Y, c)
	if s, ok := l.(string); ok && x.Op == token.ADD {
		if t, ok := r.(string); ok {
			if e.written += len(s) + len(t); e.written > maxText {
				e.fail()
				return nil
			}
			return s + t
		}
	}
	a, ok1 := whole(l)
	b, ok2 := whole(r)
	if !ok1 || !ok2 {
		e.fail()
		return nil
	}
	switch x.Op {
	case token.ADD:
		a += b
	case token.SUB:
		a -= b
	case token.MUL:
		a *= b
	default:
		e.fail()
	}
	return json.Number(strconv.FormatInt(a, 10))
}

func whole(v any) (int64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := strconv.ParseInt(string(n), 10, 64)
	return i, err == nil && i > -maxExact && i < maxExact
}

// text puts a text with expressions in it together.
func (e *evaluation) text(x *ast.Interpolation, c conjunct) any {
	first, ok1 := x.Elts[0].(*ast.BasicLit)
	last, ok2 := x.Elts[len(x.Elts)-1].(*ast.BasicLit)
	if !ok1 || !ok2 {
		e.fail()
		return nil
	}
	quotes, skip, _, err := literal.ParseQuotes(first.Value, last.Value)
	if err != nil || !quotes.IsDouble() || quotes.IsMulti() {
		e.fail()
		return nil
	}
	var b strings.Builder
	for i, part := range x.Elts {
		if i%2 == 1 {
			switch v := e.operand(part, c).(type) {
			case string:
				b.WriteString(v)
			case json.Number:
				b.WriteString(string(v))
			default:
				e.fail()
			}
			continue
		}
		lit, ok := part.(*ast.BasicLit)
		if !ok || e.failed {
			e.fail()
			return nil
		}
		// A part ends with the \( of what follows it, or with the closing quotes.
		s, err := quotes.Unquote(lit.Value[skip:])
		if err != nil {
			e.fail()
			return nil
		}
		b.WriteString(s)
		skip = 1 // the ) of what came before
	}
	e.written += b.Len()
	if e.written > maxText {
		e.fail()
	}
	return b.String()
}

// within tells whether a value keeps a bound such as >=1 or =~"^a".
func (e *evaluation) within(c conjunct, v any) bool {
	x := c.expr.(*ast.UnaryExpr)
	limit := e.operand(x.X, c)
	if e.failed {
		return false
	}
	if x.Op == token.MAT || x.Op == token.NMAT {
		pattern, ok1 := limit.(string)
		s, ok2 := v.(string)
		re, err := regexp.Compile(pattern)
		if !ok1 || !ok2 || err != nil {
			return false
		}
		return re.MatchString(s) == (x.Op == token.MAT)
	}
	a, ok1 := whole(v)
	b, ok2 := whole(limit)
	if !ok1 || !ok2 {
		e.fail() // fractions and texts
		return false
	}
	switch x.Op {
	case token.GEQ:
		return a >= b
	case token.GTR:
		return a > b
	case token.LEQ:
		return a <= b
	case token.LSS:
		return a < b
	}
	return a != b
}
