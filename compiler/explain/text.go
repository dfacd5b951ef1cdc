package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// TextOptions say how an Explanation is written for people.
type TextOptions struct {
	// All prints every route that was asked; otherwise the first few that failed
	// before the winner.
	All bool
	// Color underlines the verdict with the colours of a terminal.
	Color bool
}

// maxFailed is how many routes that were asked in vain are printed without All.
const maxFailed = 3

// page collects lines; the writer is asked once.
type page struct {
	bytes.Buffer
	o TextOptions
}

// WriteText writes the explanation for a person: the verdict, why, what the filters
// and the upstream see, and the runner-up.
func (x *Explanation) WriteText(w io.Writer, o TextOptions) error {
	p := &page{o: o}
	p.verdict(x)
	if x.Route != "" {
		p.why(x)
		p.filters(x)
		p.outcome(x)
		p.limits(x)
		p.rivals(x)
	} else {
		p.nobody(x)
	}
	if o.All {
		p.chain(x)
	}
	_, err := w.Write(p.Bytes())
	return err
}

// WriteJSON writes the explanation as one indented object.
func (x *Explanation) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(x)
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *page) title(s string) { p.line("\n%s", p.paint("1", s)) }

func (p *page) paint(code, s string) string {
	if !p.o.Color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// row is a line of two columns.
func (p *page) row(name, text string) { p.line("  %-11s %s", name, text) }

func (x *Explanation) asked() string {
	s := x.Request.Method + " " + x.Request.Scheme + "://" + x.Request.Host + x.Request.Path
	if x.Request.Query != "" {
		s += "?" + x.Request.Query
	}
	return visible(s)
}

// visible replaces what a terminal would obey instead of showing it.
func visible(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == utf8.RuneError {
			return '?'
		}
		return c
	}, s)
}

func (p *page) verdict(x *Explanation) {
	if x.Route == "" {
		p.line("%s: %s", p.paint("31", fmt.Sprintf("nobody takes %s: %d%s", x.asked(), x.Status, inParens(x.Code))), x.Reason)
		return
	}
	p.line("%s%s", p.paint("32", x.Route+" takes "+x.asked()), inParens(x.Source.String()))
	if x.Description != "" {
		p.line("  %s", visible(x.Description))
	}
}

func inParens(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func (p *page) why(x *Explanation) {
	p.title("why")
	for _, s := range x.Why {
		text := s.Text
		if len(s.Before) > 0 {
			text += "; so it comes before " + few(s.Before)
		}
		p.row(s.Step, text)
	}
	if len(x.Params) > 0 {
		p.title("parameters")
		for _, v := range x.Params {
			p.row(v.Name, visible(v.Value))
		}
	}
}

// few names the first of a list.
func few(names []string) string {
	if len(names) > maxFailed {
		return strings.Join(names[:maxFailed], ", ") + fmt.Sprintf(" and %d more", len(names)-maxFailed)
	}
	return strings.Join(names, ", ")
}

func (p *page) filters(x *Explanation) {
	if len(x.Filters) == 0 {
		return
	}
	p.title("filters, in the order in which they run")
	for _, f := range x.Filters {
		text := fmt.Sprintf("%-10s %-18s", f.Name, strings.Join(f.Sides, ", "))
		if f.Source != nil {
			text += " " + f.Source.String()
		}
		for i, from := range f.From {
			text += [2]string{", from ", ", "}[min(i, 1)] + from.String()
		}
		if !f.Ran {
			text += "; not reached: the request was answered before"
		}
		p.row(f.Phase, text)
	}
}

func (p *page) outcome(x *Explanation) {
	if a := x.Answer; a != nil {
		p.title("the filter " + a.Filter + " answers " + strconv.Itoa(a.Status) + inParens(x.Code))
		for _, f := range a.Headers {
			p.line("  %s: %s", f.Name, visible(f.Value))
		}
		if a.Body != "" {
			p.line("  %s%s", strconv.Quote(a.Body), more(a))
		}
		return
	}
	u := x.Upstream
	p.title("upstream " + targets(u.Targets))
	p.line("  %s %s", u.Method, visible(u.Path))
	p.line("  host: %s", visible(u.Host))
	for _, f := range u.Headers.Added {
		p.line("  + %s: %s", f.Name, visible(f.Value))
	}
	for _, f := range u.Headers.Changed {
		p.line("  ~ %s: %s", f.Name, visible(f.Value))
	}
	for _, name := range u.Headers.Removed {
		p.line("  - %s", name)
	}
	if len(u.Response) > 0 {
		p.title("the answer of the upstream gets")
		for _, f := range u.Response {
			p.line("  %s: %s", f.Name, visible(f.Value))
		}
	}
}

func more(a *Answer) string {
	if a.BodySize <= maxBody {
		return ""
	}
	return fmt.Sprintf(" ... (%d bytes)", a.BodySize)
}

func targets(list []Target) string {
	var out []string
	for _, t := range list {
		s := t.Name
		if len(list) > 1 {
			s += " " + percentText(t.Percent)
		}
		out = append(out, s+inParens(strings.Join(t.Endpoints, ", ")))
	}
	return strings.Join(out, "; ")
}

func percentText(p float64) string { return strconv.FormatFloat(p, 'f', -1, 64) + " %" }

func (p *page) limits(x *Explanation) {
	if x.Answer != nil {
		return
	}
	p.title("limits")
	t := x.Timeouts
	var parts []string
	for _, v := range []struct {
		name string
		d    route.Duration
	}{{"connect", t.Connect}, {"read", t.Read}, {"write", t.Write}, {"request", t.Request}, {"idle", t.Idle}} {
		if v.d > 0 {
			parts = append(parts, v.name+" "+v.d.String())
		} else {
			parts = append(parts, v.name+" unbounded")
		}
	}
	p.row("timeouts", strings.Join(parts, ", "))
	retry := "none"
	if x.Retry.Attempts > 0 && len(x.Retry.On) > 0 {
		retry = fmt.Sprintf("%d more after %s", x.Retry.Attempts, strings.Join(x.Retry.On, ", "))
	}
	p.row("retry", retry)
}

func (p *page) rivals(x *Explanation) {
	p.title("runner-up")
	if r := x.RunnerUp; r != nil {
		p.line("  %s%s on host %s by %s: %s", r.Route, inParens(r.Source.String()), r.Host, r.Path, r.Text)
	} else {
		p.line("  no other route takes the request")
	}
	var failed []Rival
	for _, r := range x.Chain {
		if r.Verdict == "wins" {
			break
		}
		failed = append(failed, r)
	}
	if len(failed) == 0 || p.o.All {
		return
	}
	p.title("asked before, in vain")
	for _, r := range failed[:min(len(failed), maxFailed)] {
		p.line("  %s%s: %s", r.Route, inParens(r.Source.String()), r.Text)
	}
	if n := len(failed) - maxFailed; n > 0 {
		p.line("  and %d more; --all prints them", n)
	}
}

func (p *page) nobody(x *Explanation) {
	if len(x.Near) > 0 {
		p.title("near")
		for _, n := range x.Near {
			p.line("  %s%s: %s", n.Route, inParens(n.Source.String()), n.Text)
		}
	}
	if len(x.Advice) > 0 {
		p.title("what to do")
		for _, a := range x.Advice {
			p.line("  %s", a)
		}
	}
}

func (p *page) chain(x *Explanation) {
	p.title("every route whose host and path take it, in the order in which they are asked")
	for i, r := range x.Chain {
		text := r.Verdict
		if r.Text != "" {
			text += ": " + r.Text
		}
		p.line("  %d. %s%s on host %s by %s: %s", i+1, r.Route, inParens(r.Source.String()), r.Host, r.Path, text)
	}
	if len(x.Chain) == 0 {
		p.line("  none")
	}
}
