package jsonschema

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode"
)

// portable writes an RE2 expression so that RE2 and ECMA-262, which JSON Schema asks
// for, read the same in it: classes are spelled out, since \s and "." are not the same
// in both. What has no such form is an error.
func portable(expr string) (string, error) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return "", fmt.Errorf("expression %q: %w", expr, err)
	}
	var b strings.Builder
	if err := write(&b, re); err != nil {
		return "", fmt.Errorf("expression %q: %w", expr, err)
	}
	return b.String(), nil
}

func write(b *strings.Builder, re *syntax.Regexp) error {
	switch re.Op {
	case syntax.OpEmptyMatch:
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 {
			return fmt.Errorf("(?i) has no form in ECMA-262")
		}
		for _, r := range re.Rune {
			b.WriteString(char(r, `^$\.*+?()[]{}|`))
		}
	case syntax.OpCharClass:
		class(b, re.Rune)
	case syntax.OpAnyCharNotNL:
		b.WriteString(`[^\x0a]`)
	case syntax.OpBeginText:
		b.WriteByte('^')
	case syntax.OpEndText:
		b.WriteByte('$')
	case syntax.OpCapture:
		return group(b, re.Sub[0])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		if re.Flags&syntax.NonGreedy != 0 {
			return fmt.Errorf("lazy repetition is of no use in a pattern")
		}
		part := group
		if single(re.Sub[0]) {
			part = write
		}
		if err := part(b, re.Sub[0]); err != nil {
			return err
		}
		b.WriteString(times(re))
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			part := write
			if sub.Op == syntax.OpAlternate {
				part = group
			}
			if err := part(b, sub); err != nil {
				return err
			}
		}
	case syntax.OpAlternate:
		for i, sub := range re.Sub {
			if i > 0 {
				b.WriteByte('|')
			}
			if err := write(b, sub); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("%s has no form in ECMA-262", re)
	}
	return nil
}

// single tells whether a repetition binds to the part as it is written.
func single(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpCharClass, syntax.OpAnyCharNotNL, syntax.OpCapture:
		return true
	case syntax.OpLiteral:
		return len(re.Rune) == 1
	}
	return false
}

func group(b *strings.Builder, re *syntax.Regexp) error {
	b.WriteString("(?:")
	if err := write(b, re); err != nil {
		return err
	}
	b.WriteByte(')')
	return nil
}

func times(re *syntax.Regexp) string {
	switch {
	case re.Op == syntax.OpStar:
		return "*"
	case re.Op == syntax.OpPlus:
		return "+"
	case re.Op == syntax.OpQuest:
		return "?"
	case re.Max < 0:
		return fmt.Sprintf("{%d,}", re.Min)
	case re.Max == re.Min:
		return fmt.Sprintf("{%d}", re.Min)
	}
	return fmt.Sprintf("{%d,%d}", re.Min, re.Max)
}

// class writes a class from pairs of its first and last characters; one that reaches
// to the end of Unicode is written as what it leaves out.
func class(b *strings.Builder, pairs []rune) {
	b.WriteByte('[')
	if n := len(pairs); pairs[n-1] == unicode.MaxRune {
		b.WriteByte('^')
		var out []rune
		next := rune(0)
		for i := 0; i < n; i += 2 {
			if pairs[i] > next {
				out = append(out, next, pairs[i]-1)
			}
			next = pairs[i+1] + 1
		}
		pairs = out
	}
	const special = `^\-[]`
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString(char(pairs[i], special))
		if pairs[i+1] > pairs[i] {
			if pairs[i+1] > pairs[i]+1 {
				b.WriteByte('-')
			}
			b.WriteString(char(pairs[i+1], special))
		}
	}
	b.WriteByte(']')
}

// char writes one character; controls and blanks by their code.
func char(r rune, special string) string {
	switch {
	case r <= ' ' || r == 0x7f:
		return fmt.Sprintf(`\x%02x`, r)
	case strings.ContainsRune(special, r):
		return `\` + string(r)
	}
	return string(r)
}
