package check

import (
	"regexp"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// patternExpr is a path that is no regex as an expression.
func patternExpr(p route.Path) string {
	switch p.Kind() {
	case "exact":
		return regexp.QuoteMeta(p.Exact)
	case "template":
		t, err := table.ParseTemplate(p.Template)
		if err != nil {
			return regexp.QuoteMeta(p.Template)
		}
		var b strings.Builder
		for _, s := range t {
			b.WriteByte('/')
			switch s.Kind {
			case table.Static:
				b.WriteString(regexp.QuoteMeta(s.Text))
			case table.Param:
				b.WriteString(regexp.QuoteMeta(s.Prefix) + "[^/]+" + regexp.QuoteMeta(s.Suffix))
			case table.Rest:
				b.WriteString(".*")
			}
		}
		return b.String()
	}
	return regexp.QuoteMeta(strings.TrimSuffix(p.Prefix, "/")) + "(/.*)?"
}

// below tells whether the template takes every path that starts with the segments
// of prefix and a slash, whatever follows. The template ends in {rest...}.
func below(t table.Template, prefix string) bool {
	if len(t) == 1 {
		return true
	}
	// With n segments before the remainder, the prefix must decide all of them.
	return strings.Count(prefix, "/") >= len(t)-1 && t.Match(prefix+"/")
}

// implied tells whether every value that passes r passes s.
func implied(s, r route.Condition) bool {
	if s.Present != nil {
		if *s.Present {
			return r.Present == nil || *r.Present
		}
		return r.Present != nil && !*r.Present
	}
	switch {
	case r.Present != nil:
		return false
	case r.Exact != nil:
		switch {
		case s.Exact != nil:
			return *s.Exact == *r.Exact
		case s.Prefix != nil:
			return strings.HasPrefix(*r.Exact, *s.Prefix)
		}
		re, err := table.CompileRegex(*s.Regex)
		return err == nil && re.MatchString(*r.Exact)
	case r.Prefix != nil:
		return s.Prefix != nil && strings.HasPrefix(*r.Prefix, *s.Prefix)
	case r.Regex != nil:
		if s.Regex != nil {
			return *s.Regex == *r.Regex
		}
		return s.Prefix != nil && strings.HasPrefix(table.LiteralPrefix(*r.Regex), *s.Prefix)
	}
	return false
}

// conditionsImplied tells whether every request that meets all conditions of r
// meets all of s.
func conditionsImplied(s, r *entry) bool {
	for i, set := range s.sets {
		for name, c := range set.by {
			other, ok := r.sets[i].by[name]
			if !ok || !implied(c, other) {
				return false
			}
		}
	}
	return true
}
