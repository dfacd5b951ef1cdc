package cueerr

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/shape"
	"github.com/lintel-gateway/lintel/compiler/suggest"
)

type translator struct {
	Source
	out    diag.List
	params map[string]bool // places whose parameters were reported
	direct map[string]bool // unknown fields that are written at their own path
}

func (t *translator) report(d diag.Diagnostic) {
	d.Severity = diag.Error
	t.out = append(t.out, d)
}

// translate chooses by CUE's message format. The formats are no API: the golden
// tests hold them for the version of CUE in go.mod.
func (t *translator) translate(m mistake) {
	switch f := m.format; {
	case m.isDisjunction():
		t.disjunction(m)
	case f == "field not allowed":
		t.unknownField(m)
	case strings.HasPrefix(f, "field is required"):
		t.missing(m)
	case strings.HasPrefix(f, "invalid value"):
		t.outOfBound(m)
	case strings.Contains(f, "mismatched types"):
		t.wrongType(m)
	case strings.HasPrefix(f, "conflicting values"):
		t.conflict(m)
	case m.isLengths():
		t.listLengths(m)
	case strings.HasPrefix(f, "reference %q not found"):
		t.unknownReference(m)
	case strings.HasPrefix(f, "undefined field"):
		t.undefinedField(m)
	case strings.Contains(f, "structural cycle"), strings.HasPrefix(f, "cycle with field"):
		t.cycle(m)
	case strings.HasPrefix(f, "imported and not used"):
		t.unusedImport(m)
	case strings.HasPrefix(f, "package name"):
		t.simple(m, "wrong-package", `a route file begins with "package routes"`, "change the package clause")
	case strings.HasPrefix(f, "cannot call non-function"):
		hint := ""
		if name := arg(m, 0); strings.HasPrefix(name, "#") {
			hint = fmt.Sprintf("a template is joined by &: %s & {...}", name)
		}
		t.simple(m, "unknown-reference", fmt.Sprintf("%s is not a function", arg(m, 0)), hint)
	case strings.Contains(f, "redeclared as imported package name"):
		t.simple(m, "evaluation", fmt.Sprintf("the name %s stands for two things in this file", arg(m, 0)), "an import has it: remove one of them")
	case incomplete(f):
		t.incomplete(m)
	default:
		t.other(m)
	}
}

// node is the schema's shape at a path, nil when the path is not in the schema.
func (t *translator) node(path []string) *shape.Node {
	if len(path) == 0 {
		return nil
	}
	kind := map[string]string{"routes": "#Route", "upstreams": "#Upstream", "secrets": "#Secret", "groups": "#Group"}[path[0]]
	switch {
	case kind != "" && len(path) >= 2:
		return t.Schema.Def(kind).At(path[2:]...)
	case kind != "":
		return &shape.Node{Kinds: []string{"struct"}, Any: t.Schema.Def(kind)}
	case path[0] == "domain":
		return t.Schema.Def("#Domain").At(path[1:]...)
	case path[0] == "settings":
		return t.Schema.Def("#Settings").At(path[1:]...)
	case path[0] == "domains":
		return t.Schema.Def("#Environment").At(path...)
	case strings.HasPrefix(path[0], "#"), strings.HasPrefix(path[0], "_"):
		if base := t.Index.Base(path[0], t.Schema.Definitions()); base != "" {
			return t.Schema.Def(base).At(path[1:]...)
		}
		for _, def := range []string{"#Route", "#Upstream", "#Filters"} {
			if n := t.Schema.Def(def).At(path[1:]...); n != nil {
				return n
			}
		}
	}
	return nil
}

func (t *translator) unknownField(m mistake) {
	// CUE may name something inside the unknown field; the label is the mistake.
	for n := 1; n < len(m.path); n++ {
		if parent := t.node(m.path[:n]); parent != nil && t.node(m.path[:n+1]) == nil {
			m.path = m.path[:n+1]
			break
		}
	}
	pos, _ := t.places(m)
	if p, depth := t.Index.Lookup(m.path...); depth == len(m.path) && (!pos.IsValid() || t.Own(p.File)) {
		pos = p
	}
	name, parent := m.last(), t.node(m.path[:len(m.path)-1])
	message := fmt.Sprintf("%q is not a field here", name)
	if parent != nil && parent == t.Schema.Def("#Filters") || len(m.path) > 1 && m.path[len(m.path)-2] == "filters" {
		message = fmt.Sprintf("%q is not a filter", name)
	}
	hint := suggest.Phrase(name, parent.Names())
	if odd := suggest.Odd(name); odd != "" {
		hint = strings.TrimSuffix(odd+"; "+hint, "; ")
	}
	if parent != nil && parent.Any != nil && len(parent.Fields) == 0 {
		message, hint = fmt.Sprintf("%q is not a name that may stand here", name), "use letters, digits and \"-\""
	}
	if hint == "" && len(parent.Names()) > 0 {
		hint = "here may stand " + strings.Join(parent.Names(), ", ")
	}
	if p, depth := t.Index.Lookup(m.path...); depth == len(m.path) && p == pos {
		t.direct[diag.Path(m.path...)] = true
	}
	t.report(diag.Diagnostic{Code: "unknown-field", Pos: pos, Path: diag.Path(m.path...), Message: message, Hint: hint})
}

func (t *translator) missing(m mistake) {
	if strings.HasPrefix(m.last(), "#") {
		t.parameter(m, m.path[:len(m.path)-1], m.last())
		return
	}
	parent := m
	parent.path = m.path[:len(m.path)-1]
	pos, _ := t.places(parent)
	t.report(diag.Diagnostic{
		Code: "missing-field", Pos: pos, Path: diag.Path(m.path...),
		Message: fmt.Sprintf("%q is required and not set", m.last()),
	})
}

func (t *translator) listLengths(m mistake) {
	pos, others := t.places(m)
	if p, depth := t.Index.Lookup(m.path...); depth == len(m.path) {
		others = append([]diag.Pos{pos}, others...)
		pos = p
	}
	t.report(diag.Diagnostic{
		Code: "conflict", Pos: pos, Path: diag.Path(m.path...),
		Message: fmt.Sprintf("%s is set to lists of different lengths (%v and %v)", field(m.path), m.args[0], m.args[1]),
		Hint:    "lists neither merge nor append; write the list once, or give the template a parameter",
		Notes:   notes(others, "the other list"),
	})
}

func (t *translator) unknownReference(m mistake) {
	name := arg(m, 0)
	code, message := "unknown-reference", fmt.Sprintf("%s does not exist", name)
	if strings.HasPrefix(name, "#") {
		code, message = "unknown-template", fmt.Sprintf("the template %s does not exist", name)
	}
	if i := slices.IndexFunc(t.Packages, func(p string) bool { return path.Base(p) == name }); i >= 0 {
		t.simple(m, "import-missing", fmt.Sprintf("the package %s is used and not imported", name), fmt.Sprintf("add import %q below the package clause, or write %q if it is text", t.Packages[i], name))
		return
	}
	labels := t.names(name)
	hint := suggest.Phrase(name, labels)
	switch {
	case slices.Contains(labels, name):
		hint = fmt.Sprintf("text stands in quotes: %q", name)
	case hint == "" && sigil(name) == 0:
		hint = fmt.Sprintf("text stands in quotes: %q; a name of your own begins with \"_\" or \"#\"", name)
	case hint == "":
		hint = "define it in routes/*.cue or in this domain"
	}
	t.simple(m, code, message, hint)
}

// names lists what a misspelt name may have been meant to be: names of its kind.
func (t *translator) names(like string) []string {
	all := append(t.Schema.Definitions(), t.Index.Labels()...)
	return slices.DeleteFunc(all, func(l string) bool { return sigil(l) != sigil(like) })
}

// sigil is the first character of a definition or hidden name, else 0.
func sigil(name string) byte {
	if name != "" && (name[0] == '#' || name[0] == '_') {
		return name[0]
	}
	return 0
}

func (t *translator) undefinedField(m mistake) {
	name := strings.Trim(arg(m, 0), `"`)
	t.simple(m, "unknown-reference", fmt.Sprintf("the field %s does not exist", name), suggest.Phrase(name, t.names(name)))
}

func (t *translator) cycle(m mistake) {
	if incomplete(m.format) || strings.HasPrefix(m.format, "cycle with field") {
		t.simple(m, "cycle", fmt.Sprintf("%s is computed from itself", field(m.path)), "set it to a value, or compute it from another field")
		return
	}
	t.simple(m, "cycle", fmt.Sprintf("%s refers to itself without an end", field(m.path)), "remove the reference to itself")
}

func (t *translator) unusedImport(m mistake) {
	t.simple(m, "import-unused", fmt.Sprintf("the import %s is not used", arg(m, 0)), "remove it")
}

func (t *translator) simple(m mistake, code, message, hint string) {
	pos, _ := t.places(m)
	t.report(diag.Diagnostic{
		Code: code, Pos: pos, Path: diag.Path(m.path...), Message: message, Hint: hint, Notes: t.origin(m),
	})
}

// other says what CUE says, without the path that it puts in front.
func (t *translator) other(m mistake) {
	text, _, _ := strings.Cut(m.errs[0].Error(), "\n")
	for _, a := range m.args {
		if long := fmt.Sprint(a); short(long) != long {
			text = strings.Replace(text, long, short(long), 1)
		}
	}
	if path := strings.Join(m.errs[0].Path(), "."); path != "" {
		text = strings.TrimPrefix(text, path+": ")
	}
	hint := ""
	if strings.HasPrefix(text, "invalid operation -") {
		hint = `a list stands in brackets: ["a", "b"]`
	}
	if alias, ok := strings.CutPrefix(text, "unreferenced alias or let clause "); ok {
		t.simple(m, "evaluation", fmt.Sprintf("%q is followed by \"=\"", alias), fmt.Sprintf("write %s: and its value", alias))
		return
	}
	if strings.Contains(text, "found func") {
		text, hint = "a function stands here without its arguments", "call it: name(...)"
	}
	if strings.HasPrefix(text, "invalid left-hand value to '+' (type struct)") || strings.HasPrefix(text, "invalid right-hand value to '+' (type struct)") {
		t.simple(m, "evaluation", "structs and templates are not added with +", "join them by &: #Name & {...}")
		return
	}
	if what, ok := strings.CutSuffix(text, " of lists is superseded by list.Concat; see https://cuelang.org/e/v0.11-list-arithmetic"); ok && what == "Addition" {
		text, hint = "lists are not added with +", `write list.Concat([a, b]), with import "list" at the top of the file`
	}
	if len(m.path) > 0 {
		text = fmt.Sprintf("%s cannot be computed: %s", field(m.path), text)
	}
	t.simple(m, "evaluation", text, hint)
}

func notes(places []diag.Pos, message string) (out []diag.Note) {
	for _, p := range places {
		if p.IsValid() && len(out) < 2 {
			out = append(out, diag.Note{Pos: p, Message: message})
		}
	}
	return out
}

func arg(m mistake, i int) string {
	if i < len(m.args) {
		return fmt.Sprint(m.args[i])
	}
	return "?"
}
