package gate

import (
	"fmt"
	"io"
	"strings"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

// maxShown bounds the failing cases that are told in full; the reports have all.
const maxShown = 50

// Printer writes a verdict for people.
type Printer struct {
	// Base is where curl lines lead.
	Base string
	// Reason tells why a case took another route; "" says nothing.
	Reason func(*cases.Case) string
	// Place is where a route is written, such as "routes/shop.example/cart.cue:7:9".
	Place func(routeID string) string
	Color bool
}

// Failures writes every failing case.
func (p Printer) Failures(w io.Writer, v *Verdict) {
	shown := 0
	for i := range v.Cases {
		c, r := &v.Cases[i], &v.Results[i]
		if r.Passed {
			continue
		}
		if shown++; shown > maxShown {
			continue
		}
		head := fmt.Sprintf("%s:%d:%d: %s %q failed", c.File, c.Line, c.Column, c.Route, c.Name)
		if p.Color {
			head = "\x1b[1;31m" + head + "\x1b[0m"
		}
		fmt.Fprintln(w, head)
		reason := ""
		if p.Reason != nil {
			reason = p.Reason(c)
		}
		text := explainText(c, r, reason, p.Base)
		if p.Place != nil {
			for _, id := range involved(c, r) {
				text += "route: " + p.Place(id) + "\n"
			}
		}
		for line := range strings.Lines(text) {
			fmt.Fprint(w, "  ", line)
		}
		fmt.Fprintln(w)
	}
	if shown > maxShown {
		fmt.Fprintf(w, "... and %d more failing cases; --json and --junit have all\n", shown-maxShown)
	}
}

// involved are the routes to look at: the one that should have taken the request, and
// the one that did.
func involved(c *cases.Case, r *cases.Result) (out []string) {
	if want := c.Spec.Expect.Route; want == nil || *want == "" {
		out = append(out, c.Route)
	} else {
		out = append(out, *want)
	}
	if r.Got != nil && r.Got.Route != "" && r.Got.Route != out[0] {
		out = append(out, r.Got.Route)
	}
	return out
}

// explainText says what was expected and what came, and how to try it.
func explainText(c *cases.Case, r *cases.Result, reason, base string) string {
	var b strings.Builder
	for _, m := range r.Mismatches {
		switch {
		case m.Diff != "":
			fmt.Fprintf(&b, "%s (-want +got):\n", m.Field)
			for line := range strings.Lines(m.Diff) {
				b.WriteString("    " + strings.TrimRight(line, "\n") + "\n")
			}
		default:
			fmt.Fprintf(&b, "%s: want %s, got %s\n", m.Field, m.Want, m.Got)
		}
		if m.Field == "route" && reason != "" {
			fmt.Fprintf(&b, "    why: %s\n", reason)
		}
	}
	fmt.Fprintf(&b, "try: %s\n", Curl(c, base))
	return b.String()
}

// headline is the first thing that did not hold.
func headline(r *cases.Result) string {
	if len(r.Mismatches) == 0 {
		return "failed"
	}
	m := r.Mismatches[0]
	if m.Want == "" && m.Got == "" {
		return m.Field + " differs"
	}
	return fmt.Sprintf("%s: want %s, got %s", m.Field, m.Want, m.Got)
}
