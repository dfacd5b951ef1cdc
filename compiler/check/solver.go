package check

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// solverStates bounds all searches of one domain together: thousands of
// expressions are millions of pairs. What is left after that counts as undecided.
const solverStates = 10_000_000

// solver finds requests that two routes both take. It keeps what it compiled, for
// each expression is compared with many.
type solver struct {
	left     int // states that may still be looked at
	programs map[string]*syntax.Prog
	regexes  map[string]*regexp.Regexp
}

func newSolver() *solver {
	return &solver{left: solverStates, programs: map[string]*syntax.Prog{}, regexes: map[string]*regexp.Regexp{}}
}

// program compiles an expression for meet; nil when it does not compile.
func (v *solver) program(expr string) *syntax.Prog {
	p, ok := v.programs[expr]
	if ok {
		return p
	}
	if re, err := syntax.Parse(expr, syntax.Perl); err == nil {
		if p, err = syntax.Compile(re.Simplify()); err != nil {
			p = nil
		}
	}
	v.programs[expr] = p
	return p
}

// held is a value that meets all conditions on one name.
type held struct{ field, name, value string }

// conditionsMeet finds a value for every name on which the sets have a condition;
// ok is false when two of them exclude each other.
func (v *solver) conditionsMeet(sets ...[]conditionSet) (out []held, ok bool) {
	for i, field := range []string{"headers", "query", "cookies"} {
		all := map[string][]route.Condition{}
		for _, set := range sets {
			for name, c := range set[i].by {
				all[name] = append(all[name], c)
			}
		}
		for _, name := range sortedKeys(all) {
			value, present, ok := v.valueFor(all[name])
			if !ok {
				return nil, false
			}
			if present {
				out = append(out, held{field, name, value})
			}
		}
	}
	return out, true
}

// valueFor finds a value that meets all conditions; present is false when they ask
// for the name to be absent.
func (v *solver) valueFor(all []route.Condition) (value string, present, ok bool) {
	absent := 0
	for _, c := range all {
		if c.Present != nil && !*c.Present {
			absent++
		}
	}
	if absent > 0 {
		return "", false, absent == len(all)
	}
	for _, c := range all {
		if c.Exact != nil {
			for _, other := range all {
				if !v.accepts(other, *c.Exact) {
					return "", true, false
				}
			}
			return *c.Exact, true, true
		}
	}
	expr := `[!-~]*`
	for _, c := range all {
		var next string
		switch {
		case c.Prefix != nil:
			next = quote(*c.Prefix) + `(?s:.*)`
		case c.Regex != nil:
			next = *c.Regex
		default:
			next = `(?s:.*)`
		}
		text, ok := v.meet(expr, next)
		if !ok {
			if text, ok = v.meet(`(?s:.*)`, next); !ok || expr != `[!-~]*` {
				return "", true, false
			}
		}
		// Two conditions on one name: at most one is looser than a literal here, so
		// the value found so far is what the next must take too.
		if expr == `[!-~]*` {
			expr = next
		} else {
			expr = quote(text)
		}
		value = text
	}
	return value, true, true
}

// accepts tells whether a value that is there passes the condition.
func (v *solver) accepts(c route.Condition, value string) bool {
	switch {
	case c.Exact != nil:
		return *c.Exact == value
	case c.Prefix != nil:
		return strings.HasPrefix(value, *c.Prefix)
	case c.Present != nil:
		return *c.Present
	}
	re, ok := v.regexes[*c.Regex]
	if !ok {
		re, _ = table.CompileRegex(*c.Regex)
		v.regexes[*c.Regex] = re
	}
	return re != nil && re.MatchString(value)
}
