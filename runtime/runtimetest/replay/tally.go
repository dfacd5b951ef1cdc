package replay

import (
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

// tally holds what became of the answers to a repeated request.
type tally struct {
	answers []kind
	found   []found
	// shown is the first answer that did not fit, else the first.
	shown *answer
	fits  bool
}

// kind is what counts look at.
type kind struct {
	status   int
	upstream string
}

// found is the first mismatch of a field, and how many answers have one.
type found struct {
	cases.Mismatch
	first, times int
}

// count notes of which kind an answer is.
func (s *tally) count(a *answer, e *cases.Expect) {
	if len(e.Counts) == 0 {
		return
	}
	s.answers = append(s.answers, kind{a.Status, a.upstreamName()})
}

// note takes the mismatches of the answer with this place.
func (s *tally) note(i int, ms []cases.Mismatch, a *answer) {
	if a != nil && (s.shown == nil || s.fits && len(ms) > 0) {
		s.shown, s.fits = a, len(ms) == 0
	}
	for _, m := range ms {
		known := false
		for j := range s.found {
			if s.found[j].Field == m.Field {
				s.found[j].times++
				known = true
			}
		}
		if !known {
			s.found = append(s.found, found{m, i, 1})
		}
	}
}

// mismatches are those of all answers, one for each field.
func (s *tally) mismatches(times int) []cases.Mismatch {
	var out []cases.Mismatch
	for _, f := range s.found {
		if times > 1 {
			f.Got += fmt.Sprintf(" (request %d of %d", f.first+1, times)
			if f.times > 1 {
				f.Got += fmt.Sprintf(", and %d more", f.times-1)
			}
			f.Got += ")"
		}
		out = append(out, f.Mismatch)
	}
	return out
}

// counts compares how many answers are of each kind.
func (p *Player) counts(e *cases.Expect, s *tally) (out []cases.Mismatch) {
	for _, c := range e.Counts {
		if c.Upstream != "" && p.Live && s.shown != nil && !s.shown.said {
			continue
		}
		n := 0
		for _, k := range s.answers {
			if (c.Status == 0 || c.Status == k.status) && (c.Upstream == "" || c.Upstream == k.upstream) {
				n++
			}
		}
		if c.Min != nil && n < *c.Min || c.Max != nil && n > *c.Max {
			out = append(out, cases.Mismatch{
				Field: "counts", Want: bounds(&c) + " " + what(&c),
				Got: fmt.Sprintf("%d of %d", n, len(s.answers)),
			})
		}
	}
	return out
}

func bounds(c *cases.Count) string {
	switch {
	case c.Min != nil && c.Max != nil && *c.Min == *c.Max:
		return fmt.Sprint(*c.Min)
	case c.Min != nil && c.Max != nil:
		return fmt.Sprintf("%d to %d", *c.Min, *c.Max)
	case c.Min != nil:
		return fmt.Sprintf("at least %d", *c.Min)
	case c.Max != nil:
		return fmt.Sprintf("at most %d", *c.Max)
	}
	return "any number of"
}

func what(c *cases.Count) string {
	parts := []string{"answers"}
	if c.Status != 0 {
		parts = append(parts, fmt.Sprintf("with status %d", c.Status))
	}
	if c.Upstream != "" {
		parts = append(parts, "of upstream "+c.Upstream)
	}
	return strings.Join(parts, " ")
}
