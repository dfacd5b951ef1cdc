package table

import (
	"cmp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// PathClass is the first step of the order among paths.
type PathClass uint8

// The classes in their order.
const (
	ClassExact PathClass = iota
	ClassTemplate
	ClassPrefix
	ClassRegex
)

// Rank is the place of a route in the total order, as far as it does not depend
// on the request: host, path, method given, number of conditions, priority.
// README.md of this folder states the order.
type Rank struct {
	Class      PathClass
	Template   Template
	Prefix     string // without its trailing slash
	Literal    int    // length of a regex's literal prefix
	MethodsSet bool
	Conditions int
	Priority   int
}

// RankOf computes the rank of a match whose path is valid.
func RankOf(m *route.Match) (Rank, error) {
	r := Rank{
		MethodsSet: len(m.Methods) > 0,
		Conditions: len(m.Headers) + len(m.Query) + len(m.Cookies),
		Priority:   m.Priority,
	}
	switch m.Path.Kind() {
	case "exact":
		r.Class = ClassExact
	case "template":
		t, err := ParseTemplate(m.Path.Template)
		if err != nil {
			return r, err
		}
		r.Class, r.Template = ClassTemplate, t
	case "regex":
		r.Class, r.Literal = ClassRegex, len(LiteralPrefix(m.Path.Regex))
	default:
		r.Class, r.Prefix = ClassPrefix, strings.TrimSuffix(m.Path.Prefix, "/")
	}
	return r, nil
}

// Compare orders two routes of one host pattern for a request that both take:
// negative when r comes first, 0 when the order does not tell them apart.
func (r Rank) Compare(o Rank) int {
	return cmp.Or(r.ComparePath(o), r.CompareRest(o))
}

// ComparePath compares the path part of two ranks for a path that both match.
func (r Rank) ComparePath(o Rank) int {
	if c := cmp.Compare(r.Class, o.Class); c != 0 {
		return c
	}
	switch r.Class {
	case ClassTemplate:
		return compareTemplates(r.Template, o.Template)
	case ClassPrefix:
		return cmp.Compare(len(o.Prefix), len(r.Prefix))
	case ClassRegex:
		return cmp.Compare(o.Literal, r.Literal)
	}
	return 0
}

// CompareRest compares what follows the path: method given, conditions, priority.
func (r Rank) CompareRest(o Rank) int {
	given := func(b bool) int {
		if b {
			return 0
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(given(r.MethodsSet), given(o.MethodsSet)),
		cmp.Compare(o.Conditions, r.Conditions),
		cmp.Compare(o.Priority, r.Priority),
	)
}

// compareTemplates goes segment by segment: static, then parameters by the
// longer literal prefix and suffix, then the remainder.
func compareTemplates(a, b Template) int {
	for i := range min(len(a), len(b)) {
		x, y := a[i], b[i]
		if c := cmp.Or(
			cmp.Compare(x.Kind, y.Kind),
			cmp.Compare(len(y.Prefix), len(x.Prefix)),
			cmp.Compare(len(y.Suffix), len(x.Suffix)),
		); c != 0 {
			return c
		}
	}
	return 0
}

// LiteralPrefix is the literal text that every match of the expression starts
// with.
func LiteralPrefix(expr string) string {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return ""
	}
	s, _ := literal(re.Simplify())
	return s
}

// literal returns the literal start of re and whether re is nothing but it.
func literal(re *syntax.Regexp) (string, bool) {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 {
			return "", false
		}
		return string(re.Rune), true
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpBeginLine, syntax.OpEndText, syntax.OpEndLine:
		return "", true
	case syntax.OpCapture:
		return literal(re.Sub[0])
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			s, whole := literal(sub)
			b.WriteString(s)
			if !whole {
				return b.String(), false
			}
		}
		return b.String(), true
	case syntax.OpAlternate:
		common, _ := literal(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			s, _ := literal(sub)
			n := 0
			for n < len(s) && n < len(common) && s[n] == common[n] {
				n++
			}
			common = common[:n]
		}
		return common, false
	case syntax.OpPlus, syntax.OpRepeat:
		if re.Op == syntax.OpRepeat && re.Min < 1 {
			return "", false
		}
		s, _ := literal(re.Sub[0])
		return s, false
	}
	return "", false
}

// PathTakes tells whether the path of a match takes the canonical path.
func PathTakes(p route.Path, path string) (bool, error) {
	switch p.Kind() {
	case "exact":
		return path == p.Exact, nil
	case "template":
		t, err := ParseTemplate(p.Template)
		if err != nil {
			return false, err
		}
		return t.Match(path), nil
	case "regex":
		re, err := CompileRegex(p.Regex)
		if err != nil {
			return false, err
		}
		return re.MatchString(path), nil
	}
	return PrefixMatch(p.Prefix, path), nil
}

// byRank sorts routes of equal path by what follows it, and by id where a bundle
// holds a tie that the compiler would have refused.
func byRank(routes []*Route) {
	slices.SortFunc(routes, func(a, b *Route) int {
		return cmp.Or(a.rank.CompareRest(b.rank), strings.Compare(a.Def.ID, b.Def.ID))
	})
}
