package cueerr

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue/literal"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/suggest"
)

func (t *translator) outOfBound(m mistake) {
	pos, _ := t.places(m)
	value, bound := arg(m, 0), arg(m, 1)
	d := diag.Diagnostic{
		Code: "out-of-range", Pos: pos, Path: diag.Path(m.path...),
		Message: fmt.Sprintf("%s must be %s", short(value), bound),
		Notes:   t.origin(m),
	}
	if pattern, ok := strings.CutPrefix(bound, "=~"); ok {
		d.Code = "bad-format"
		d.Message = fmt.Sprintf("%s must be %s", short(value), t.expectation(m.path, pattern))
		d.Hint = formatHint(m.path, value)
	} else {
		for op, words := range map[string]string{">=": "at least ", "<=": "at most ", "!=": "other than "} {
			if n, ok := strings.CutPrefix(bound, op); ok {
				d.Message = fmt.Sprintf("%s must be %s%s", short(value), words, n)
			}
		}
	}
	t.report(d)
}

// formatHint knows why a text that looks right is not, and what belongs elsewhere.
func formatHint(path []string, value string) string {
	text := strings.Trim(value, `"`)
	odd := suggest.Odd(text)
	at := func(name string) bool { return slices.Contains(path, name) }
	switch {
	case at("hosts") && odd != "":
		return "write a name with other letters in its form for DNS, which begins with xn--"
	case odd != "":
		return odd
	case at("hosts") || !at("path"):
		return ""
	case strings.Contains(text, "://"):
		return "hosts stand in the field hosts, and only the path here"
	case strings.Contains(text, `\`):
		return `segments are separated by "/"`
	case strings.Contains(text, "?") && !at("tests"):
		return "conditions on the query stand in the field query"
	case strings.Contains(text, " "):
		return "write %20 for a space"
	}
	return ""
}

// expectation words a regular expression: the schema's own words, or else the
// expression itself.
func (t *translator) expectation(path []string, quoted string) string {
	if p, err := literal.Unquote(quoted); err == nil {
		if words := t.Schema.Expect(p); words != "" {
			return words
		}
		quoted = p
	}
	if n := t.node(path); n != nil && n.Expect != "" {
		return n.Expect
	}
	return "text that matches " + quoted
}

func (t *translator) wrongType(m mistake) {
	if len(m.path) == 0 {
		t.simple(m, "wrong-type", "a value stands here without a name", "write name: value")
		return
	}
	pos, _ := t.places(m)
	value, got, want := arg(m, 0), arg(m, 2), arg(m, 3)
	// CUE orders the two sides as it met them: the schema's side is the one that
	// is no plain value.
	if n := t.node(m.path); n != nil && slices.Contains(n.Kinds, got) && !slices.Contains(n.Kinds, want) {
		value, got, want = arg(m, 1), want, got
	}
	message := fmt.Sprintf("%s is %s, %s takes %s", short(value), kind(got), field(m.path), kind(want))
	hint := t.expected(m.path)
	if got == "bytes" && want == "string" {
		hint = fmt.Sprintf("text stands in double quotes: \"%s\"", strings.Trim(value, "'"))
	}
	if got == "func" {
		hint = fmt.Sprintf("call it: %s(...)", value)
	}
	if text := strings.Trim(value, `"`); got == "string" && want == "struct" && sigil(text) != 0 {
		hint = "a template is named without quotes: " + text
	}
	if got == "null" {
		message = fmt.Sprintf("%s is null, it takes %s", field(m.path), kind(want))
	}
	t.report(diag.Diagnostic{
		Code: "wrong-type", Pos: pos, Path: diag.Path(m.path...), Message: message, Hint: hint,
		Notes: t.origin(m),
	})
}

// expected is a hint of what a value looks like, when the schema says.
func (t *translator) expected(path []string) string {
	n := t.node(path)
	switch {
	case n == nil:
		return ""
	case n.Elem != nil && n.Elem.Expect != "":
		return "write a list, each element " + n.Elem.Expect
	case n.Expect != "":
		return "write " + n.Expect
	case len(n.Fields) > 0 && len(n.Fields) <= 8 && n.Elem == nil:
		return "write {field: value}; the fields here are " + strings.Join(n.Names(), ", ")
	case len(n.Fields) > 0 && n.Elem == nil:
		return "write {field: value, ...}"
	case n.Any != nil && n.Elem == nil:
		return `write {"name": ...}: each has a name`
	}
	return ""
}

func (t *translator) conflict(m mistake) {
	pos, others := t.places(m)
	if len(t.allowed(m.path)) > 0 && len(others) == 0 {
		t.enumeration(m, []mistake{m})
		return
	}
	pos, other, fixed := t.sides(pos, others)
	d := diag.Diagnostic{
		Code: "conflict", Pos: pos, Path: diag.Path(m.path...),
		Message: fmt.Sprintf("%s is set to both %s and %s", field(m.path), short(arg(m, 0)), short(arg(m, 1))),
		Hint:    "keep one of them",
		Notes:   notes(other, "the other value"),
	}
	if fixed {
		d.Hint = "the template's value is fixed; if routes may replace it, write it there as a default: *value | _"
		d.Notes = notes(other, "the template's value")
	}
	t.report(d)
}

// sides tells the author's value from the one it meets, and whether that one
// stands in a template.
func (t *translator) sides(first diag.Pos, rest []diag.Pos) (pos diag.Pos, other []diag.Pos, fixed bool) {
	var written, templates []diag.Pos
	for _, p := range append([]diag.Pos{first}, rest...) {
		if t.inTemplate(p) {
			templates = append(templates, p)
		} else if p.IsValid() {
			written = append(written, p)
		}
	}
	switch {
	case len(written) == 0:
		return first, rest[:min(1, len(rest))], false
	case len(templates) > 0:
		return t.Index.Extend(written[0]), templates[:1], true
	}
	return t.Index.Extend(written[0]), written[1:min(2, len(written))], false
}

// inTemplate tells whether a place stands in a definition or a hidden field, and
// so not in a route itself.
func (t *translator) inTemplate(p diag.Pos) bool {
	name := t.Index.Top(p)
	return name != "" && (name[0] == '#' || name[0] == '_')
}

// disjunction judges the failed alternatives. Those that want another type than
// the value has are not what the author meant; when all are plain values, it is
// an enumeration.
func (t *translator) disjunction(m mistake) {
	var real, mismatched, literals []mistake
	for _, e := range m.errs {
		s := single(e)
		switch {
		case s.isDisjunction():
		case strings.Contains(s.format, "mismatched types"):
			mismatched = append(mismatched, s)
		case strings.HasPrefix(s.format, "conflicting values"):
			literals = append(literals, s)
		default:
			real = append(real, s)
		}
	}
	switch {
	case len(literals) > 0 && len(real) == 0:
		t.enumeration(m, literals)
	case len(real) > 0:
		var errs []mistake
		for _, r := range real {
			if !slices.ContainsFunc(errs, func(o mistake) bool { return slices.Equal(o.path, r.path) }) {
				errs = append(errs, r)
			}
		}
		for _, r := range errs {
			t.translate(r)
		}
	case len(mismatched) > 0 && len(t.allowed(m.path)) > 0:
		t.enumeration(m, mismatched)
	case len(mismatched) > 0:
		t.wrongType(mismatched[0])
	default:
		t.other(m)
	}
}

func (t *translator) allowed(path []string) []string {
	if n := t.node(path); n != nil {
		return n.Values
	}
	return nil
}

func (t *translator) enumeration(m mistake, alternatives []mistake) {
	allowed := t.allowed(m.path)
	got := ""
	var seen []string
	for _, a := range alternatives {
		x, y := arg(a, 0), arg(a, 1)
		switch {
		case slices.Contains(allowed, x):
			got = y
		case slices.Contains(allowed, y):
			got = x
		default:
			got = y
			seen = append(seen, x)
		}
	}
	if len(allowed) == 0 {
		// CUE may ask of a value what its definition asks, twice.
		slices.Sort(seen)
		allowed = slices.Compact(seen)
	}
	var names []string
	for _, a := range allowed {
		names = append(names, strings.Trim(a, `"`))
	}
	pos, _ := t.places(mistake{path: m.path, errs: m.errs})
	d := diag.Diagnostic{
		Code: "not-allowed-value", Pos: pos, Path: diag.Path(m.path...),
		Message: fmt.Sprintf("%s is not one of %s", short(got), strings.Join(allowed, ", ")),
		Notes:   t.origin(mistake{path: m.path, errs: m.errs}),
	}
	if strings.HasPrefix(got, `"`) {
		d.Hint = suggest.Phrase(strings.Trim(got, `"`), names)
	}
	t.report(d)
}
