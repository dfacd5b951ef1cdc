package redact

import (
	"regexp/syntax"
	"strconv"
	"strings"
)

// maxSample bounds the length of a sample.
const maxSample = 256

// Fit is a placeholder that an RE2 expression takes, for a value that a route looks at:
// made of the expression alone, with the value's number at its end where digits may
// stand. It is "" when the expression is beyond what can be made here. Nothing is
// counted: see Leave.
func (s *Scope) Fit(value, expr string) string {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return ""
	}
	var p pattern
	if !p.add(re) || len(p) == 0 {
		return ""
	}
	number := strconv.Itoa(s.number(value))
	for i, left := len(p)-1, len(number); i >= 0 && left > 0; i-- {
		if d := rune(number[left-1]); p[i].free && p[i].takes(d) {
			p[i].r = d
			left--
		}
	}
	var b strings.Builder
	for _, c := range p {
		b.WriteRune(c.r)
	}
	return b.String()
}

// pattern is a text of which some places are free.
type pattern []slot

type slot struct {
	r     rune
	free  bool
	class []rune // pairs of first and last; nil takes any
}

func (s slot) takes(r rune) bool {
	for i := 0; i+1 < len(s.class); i += 2 {
		if r >= s.class[i] && r <= s.class[i+1] {
			return true
		}
	}
	return s.class == nil
}

// add appends the shortest text that re takes.
func (p *pattern) add(re *syntax.Regexp) bool {
	if len(*p) > maxSample {
		return false
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			*p = append(*p, slot{r: r})
		}
	case syntax.OpCharClass:
		s := slot{free: true, class: re.Rune}
		for _, r := range "xa0X-." {
			if s.takes(r) {
				s.r = r
				break
			}
		}
		if s.r == 0 {
			if len(re.Rune) == 0 || re.Rune[0] < ' ' || re.Rune[0] > '~' {
				return false
			}
			s.r = re.Rune[0]
		}
		*p = append(*p, s)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		*p = append(*p, slot{r: 'x', free: true})
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine,
		syntax.OpStar, syntax.OpQuest:
	case syntax.OpCapture, syntax.OpPlus:
		return p.add(re.Sub[0])
	case syntax.OpRepeat:
		for range re.Min {
			if !p.add(re.Sub[0]) {
				return false
			}
		}
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if !p.add(sub) {
				return false
			}
		}
	case syntax.OpAlternate:
		return p.add(re.Sub[0])
	default:
		return false
	}
	return true
}
