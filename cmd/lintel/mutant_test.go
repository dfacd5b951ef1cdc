package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
)

// mutant is one change on purpose of a route file: the text from offset on, of the
// length given, becomes another.
type mutant struct {
	// what groups mutants: "route path.exact", "case status".
	what string
	// file is below the routes directory.
	file         string
	offset, size int
	old, text    string
	// line is that of the change. places are texts of which the output must hold one:
	// where the broken case or the route of the change is written.
	line   int
	places []string
}

func (m mutant) String() string {
	return fmt.Sprintf("%s:%d: %s: %s becomes %s", m.file, m.line, m.what, m.old, m.text)
}

// findMutants lists all the changes that can be made to the modules of a routes
// directory. It knows what a change in each place means; whether a case notices is
// what the test is to find out.
func findMutants(t *testing.T, dir string) (out []mutant) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.cue"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no route files in %s: %v", dir, err)
	}
	for _, file := range files {
		name, err := filepath.Rel(dir, file)
		if err != nil {
			t.Fatal(err)
		}
		syntax, err := parser.ParseFile(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		w := &mutantWalk{file: filepath.ToSlash(name)}
		w.decls(syntax.Decls, nil)
		out = append(out, w.found...)
	}
	return out
}

// mutantWalk goes through a file with the path of labels that lead to where it is.
type mutantWalk struct {
	file  string
	found []mutant
	// route and test are the labels of the route and of the case around.
	route, test *ast.Field
}

func (w *mutantWalk) decls(decls []ast.Decl, path []string) {
	for _, d := range decls {
		if f, ok := d.(*ast.Field); ok {
			w.field(f, path)
		}
	}
}

func (w *mutantWalk) field(f *ast.Field, path []string) {
	name, _, err := ast.LabelName(f.Label)
	if err != nil {
		return // computed
	}
	path = append(slices.Clone(path), name)
	if path[0] != "routes" {
		return
	}
	switch {
	case len(path) == 2:
		w.route = f
		defer func() { w.route = nil }()
	case len(path) == 4 && path[2] == "tests":
		w.test = f
		defer func() { w.test = nil }()
	}
	w.value(f.Value, path)
}

func (w *mutantWalk) value(e ast.Expr, path []string) {
	switch e := e.(type) {
	case *ast.StructLit:
		w.decls(e.Elts, path)
	case *ast.BinaryExpr:
		if e.Op == token.AND {
			w.value(e.X, path)
			w.value(e.Y, path)
		}
	case *ast.ParenExpr:
		w.value(e.X, path)
	case *ast.ListLit:
		for i, x := range e.Elts {
			w.value(x, append(slices.Clone(path), strconv.Itoa(i)))
		}
	case *ast.BasicLit:
		if len(path) > 2 {
			w.literal(e, path[2:])
		}
	}
}

func (w *mutantWalk) literal(l *ast.BasicLit, path []string) {
	what, text := mutate(path, l)
	if what == "" || text == l.Value {
		return
	}
	m := mutant{
		what: what, file: w.file, offset: l.Pos().Offset(), size: len(l.Value), old: l.Value, text: text, line: l.Pos().Line(),
	}
	file := "routes/" + w.file
	at := w.route.Label.Pos()
	m.places = append(m.places, fmt.Sprintf("%s:%d:", file, m.line), fmt.Sprintf(" at %s:%d:%d", file, at.Line(), at.Column()))
	if w.test != nil {
		m.places = []string{
			fmt.Sprintf("%s:%d:%d: ", file, w.test.Label.Pos().Line(), w.test.Label.Pos().Column()),
			fmt.Sprintf("%s:%d:", file, m.line), // a case that cannot be meant is told at the very value
		}
	}
	w.found = append(w.found, m)
}

// rules say what a change of a literal at a path below a route is called, and what it
// becomes.
var mutations = []struct {
	path   *regexp.Regexp
	what   string
	change func(text string) string
}{
	{regexp.MustCompile(`^path\.(exact|prefix|template)$`), "route path", otherPath},
	{regexp.MustCompile(`^methods\.0$`), "route method", otherMethod},
	{regexp.MustCompile(`^(headers|query|cookies)\..*\.(exact|prefix)$`), "route condition", appended},
	{regexp.MustCompile(`^split\.\d+\.weight$|^#percent$`), "split", otherShare},
	{regexp.MustCompile(`^filters\.rewrite\.(path|prefix|host)$`), "filter rewrite", appended},
	{regexp.MustCompile(`^filters\.headers\.(request|response)\.(set|add)\..*$`), "filter headers", appended},
	{regexp.MustCompile(`^filters\.headers\.(request|response)\.remove\.\d+$`), "filter headers", appended},
	{regexp.MustCompile(`^(filters\.redirect\.(to|path|host)|#to)$`), "filter redirect", appended},
	{regexp.MustCompile(`^filters\.redirect\.status$`), "filter redirect", otherStatus},
	{regexp.MustCompile(`^filters\.respond\.status$|^#status$`), "filter respond", otherStatus},
	{regexp.MustCompile(`^filters\.respond\.(body|json\..*)$|^#(body|error|use)$`), "filter respond", appended},
	{regexp.MustCompile(`^filters\.cors\.allowOrigins\.\d+$`), "filter cors", appended},
	{regexp.MustCompile(`^timeouts\.request$`), "route timeout", shortTimeout},
	{regexp.MustCompile(`^tests\..*\.expect\.status$`), "case status", otherStatus},
	{regexp.MustCompile(`^tests\..*\.expect\.(headers\..*|body|json\..*|jsonPath\..*)$`), "case answer", appended},
	{regexp.MustCompile(`^tests\..*\.expect\.upstream\.(path|host|method|name|headers\..*)$`), "case upstream", appended},
	{regexp.MustCompile(`^tests\..*\.request\.host$`), "case request", appended},
}

func mutate(path []string, l *ast.BasicLit) (what, text string) {
	joined := strings.Join(path, ".")
	for _, m := range mutations {
		if !m.path.MatchString(joined) {
			continue
		}
		if l.Kind == token.INT {
			return m.what, m.change(l.Value)
		}
		plain, err := literal.Unquote(l.Value)
		if err != nil || !strings.HasPrefix(l.Value, `"`) || strings.HasPrefix(l.Value, `"""`) {
			return "", ""
		}
		if changed := m.change(plain); changed != plain {
			return m.what, literal.String.Quote(changed)
		}
		return "", ""
	}
	return "", ""
}

func appended(s string) string {
	if n, err := strconv.Atoi(s); err == nil {
		return strconv.Itoa(n + 1)
	}
	return s + "-other"
}

var firstSegment = regexp.MustCompile(`^/[^/{}]+`)

func otherPath(s string) string { return firstSegment.ReplaceAllString(s, "$0-other") }

func otherMethod(s string) string {
	if s == "GET" {
		return "PUT"
	}
	return "GET"
}

func otherStatus(s string) string {
	n, err := strconv.Atoi(s)
	if err != nil {
		return s
	}
	if n == 308 {
		return "307"
	}
	return strconv.Itoa(n + 1)
}

// otherShare takes a share away, or gives one to who had none.
func otherShare(s string) string {
	if s == "0" {
		return "100"
	}
	return "0"
}

// shortTimeout lifts a bound that a case can reach; longer ones are left alone.
func shortTimeout(s string) string {
	if d, err := time.ParseDuration(s); err != nil || d == 0 || d >= time.Second {
		return s
	}
	return "20s"
}

// spread picks n of each kind, evenly from the first to the last.
func spread(all []mutant, n int) (out []mutant) {
	kinds := map[string][]mutant{}
	var names []string
	for _, m := range all {
		if kinds[m.what] == nil {
			names = append(names, m.what)
		}
		kinds[m.what] = append(kinds[m.what], m)
	}
	slices.Sort(names)
	for _, name := range names {
		list := kinds[name]
		take := min(n, len(list))
		for i := range take {
			out = append(out, list[i*len(list)/take])
		}
	}
	return out
}

// apply writes the mutant into a copy of the routes directory.
func (m mutant) apply(t *testing.T, dir string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(m.file))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(text[m.offset:m.offset+m.size]) != m.old {
		t.Fatalf("%s: %q is not at offset %d", m, m.old, m.offset)
	}
	changed := string(text[:m.offset]) + m.text + string(text[m.offset+m.size:])
	if err := os.WriteFile(file, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
}
