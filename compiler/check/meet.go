package check

import (
	"regexp"
	"regexp/syntax"
	"unicode"
)

// maxStates bounds the search for a text that two expressions both match.
const maxStates = 200_000

func quote(s string) string { return regexp.QuoteMeta(s) }

// meet finds the shortest text that both expressions match whole. ok is false when
// there is none, or when the expressions are beyond what the search can decide
// (word boundaries, too many states).
//
// It walks the product of both expressions' automata breadth first.
func meet(a, b string) (text string, ok bool) { return newSolver().meet(a, b) }

func (v *solver) meet(a, b string) (text string, ok bool) {
	pa, pb := v.program(a), v.program(b)
	if pa == nil || pb == nil {
		return "", false
	}
	type state struct {
		i, j uint32
		// begun: a rune was read; ended: the end of the text was asserted.
		begun, ended bool
	}
	type step struct {
		from int
		r    rune
	}
	queue := []state{{uint32(pa.Start), uint32(pb.Start), false, false}}
	steps := []step{{-1, -1}}
	seen := map[state]bool{queue[0]: true}
	push := func(s state, from int, r rune) {
		if !seen[s] {
			seen[s] = true
			queue = append(queue, s)
			steps = append(steps, step{from, r})
		}
	}
	for at := 0; at < len(queue) && len(queue) < maxStates && v.left > 0; at++ {
		v.left--
		s := queue[at]
		x, y := &pa.Inst[s.i], &pb.Inst[s.j]
		if x.Op == syntax.InstMatch && y.Op == syntax.InstMatch {
			var runes []rune
			for k := at; k > 0; k = steps[k].from {
				if steps[k].r >= 0 {
					runes = append(runes, steps[k].r)
				}
			}
			for l, r := 0, len(runes)-1; l < r; l, r = l+1, r-1 {
				runes[l], runes[r] = runes[r], runes[l]
			}
			return string(runes), true
		}
		if next, ended, moved := silent(x, s.begun, s.ended); moved {
			for _, i := range next {
				push(state{i, s.j, s.begun, ended}, at, -1)
			}
			continue
		}
		if next, ended, moved := silent(y, s.begun, s.ended); moved {
			for _, j := range next {
				push(state{s.i, j, s.begun, ended}, at, -1)
			}
			continue
		}
		if s.ended || x.Op == syntax.InstMatch || y.Op == syntax.InstMatch {
			continue
		}
		if r, ok := commonRune(x, y); ok {
			push(state{x.Out, y.Out, true, false}, at, r)
		}
	}
	return "", false
}

// silent lists where an instruction leads without reading; moved is false for those
// that read or match.
func silent(in *syntax.Inst, begun, ended bool) (next []uint32, nowEnded, moved bool) {
	switch in.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		return []uint32{in.Out, in.Arg}, ended, true
	case syntax.InstCapture, syntax.InstNop:
		return []uint32{in.Out}, ended, true
	case syntax.InstFail:
		return nil, ended, true
	case syntax.InstEmptyWidth:
		switch syntax.EmptyOp(in.Arg) {
		case syntax.EmptyBeginText:
			if begun {
				return nil, ended, true
			}
			return []uint32{in.Out}, ended, true
		case syntax.EmptyEndText:
			return []uint32{in.Out}, true, true
		}
		return nil, ended, true // lines and words: not decided
	}
	return nil, ended, false
}

// commonRune finds a rune that both instructions read, a readable one if it can.
func commonRune(x, y *syntax.Inst) (rune, bool) {
	for _, r := range "xa1/-.A" {
		if x.MatchRune(r) && y.MatchRune(r) {
			return r, true
		}
	}
	// Two sets of ranges that meet do so at the start of one of the ranges.
	for _, in := range []*syntax.Inst{x, y} {
		for k := 0; k < len(in.Rune); k += 2 {
			for r, f := in.Rune[k], in.Rune[k]; ; {
				if x.MatchRune(f) && y.MatchRune(f) {
					return f, true
				}
				if f = unicode.SimpleFold(f); f == r {
					break
				}
			}
		}
		if in.Op == syntax.InstRuneAnyNotNL || in.Op == syntax.InstRuneAny {
			for _, r := range "!0b" {
				if x.MatchRune(r) && y.MatchRune(r) {
					return r, true
				}
			}
		}
	}
	return 0, false
}
