package casefile

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/parser"
	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler/importer"
	"github.com/lintel-gateway/lintel/compiler/importer/redact"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

func recorded(domain, module, route, name, path string) importer.Case {
	return importer.Case{
		Domain: domain, Module: module, Route: route, Name: name,
		Spec: cases.Spec{Request: cases.Request{Host: domain, Path: path}, Expect: cases.Expect{Status: 200}},
	}
}

func open(t *testing.T, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

const fresh = `package routes

routes: "a": tests: {
	"recorded: GET 200": {
		request: {host: "x.example", path: "/1"}
		expect: status: 200
	}
	// Said in a note.
	"recorded: \"POST\" 200": {
		request: {
			method: "POST"
			host:   "x.example"
			path:   "/2"
			headers: {"a-b": "1", accept: ["2", "3"]}
			json: {"#d": "\\(x) \"\"\" \u0000 é", "_c": [1.50, -2, {a: null, b: true}], "a b": "line\nline\n\ttab"}
		}
		expect: {}
	}
}

routes: "b-c": tests: {
	"recorded: GET 200": {
		request: {host: "x.example", path: "/3"}
		expect: status: 200
	}
}
`

func freshCases() []importer.Case {
	post := recorded("x.example", "m", "a", `recorded: "POST" 200`, "/2")
	post.Note = "said in a note"
	post.Spec.Request.Method = "POST"
	post.Spec.Request.Headers = map[string]cases.Values{"a-b": {Texts: []string{"1"}}, "accept": {Texts: []string{"2", "3"}}}
	post.Spec.Request.JSON = json.RawMessage(`{"#d":"\\(x) \"\"\" \u0000 é","_c":[1.50,-2,{"a":null,"b":true}],"a b":"line\nline\n\ttab"}`)
	post.Spec.Expect = cases.Expect{}
	return []importer.Case{
		recorded("x.example", "m", "a", "recorded: GET 200", "/1"), post,
		recorded("x.example", "m", "b-c", "recorded: GET 200", "/3"),
	}
}

func TestNew(t *testing.T) {
	plan, err := New(freshCases(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Files) != 1 || plan.Files[0].Name != "x.example/m.cases.cue" || plan.Files[0].Added != 3 || plan.Files[0].Routes != 2 {
		t.Fatalf("%+v", plan)
	}
	if diff := cmp.Diff(fresh, string(plan.Files[0].After)); diff != "" {
		t.Error(diff)
	}
	again, err := form(plan.Files[0].After)
	if err != nil || string(again) != fresh {
		t.Errorf("it is not in its form: %v\n%s", err, cmp.Diff(fresh, string(again)))
	}
	// What was written says what was meant.
	v := cuecontext.New().CompileBytes(plan.Files[0].After)
	for _, c := range freshCases() {
		var got cases.Spec
		raw, err := v.LookupPath(cue.MakePath(cue.Str("routes"), cue.Str(c.Route), cue.Str("tests"), cue.Str(c.Name))).MarshalJSON()
		if err == nil {
			got, err = cases.ParseSpec(raw)
		}
		if err != nil {
			t.Fatal(err)
		}
		if importer.RequestKey(&got.Request) != importer.RequestKey(&c.Spec.Request) {
			t.Errorf("got %s, want %s", importer.RequestKey(&got.Request), importer.RequestKey(&c.Spec.Request))
		}
	}
}

func TestAdd(t *testing.T) {
	dir := t.TempDir()
	root := open(t, dir)
	plan, err := New(freshCases()[:1], nil, root)
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Files[0].Write(root); err != nil {
		t.Fatal(err)
	}
	// Somebody adds a case and a comment; all of it stays as it is.
	file := filepath.Join(dir, "x.example", "m.cases.cue")
	mine := "// mine\n" + `package routes
routes:   "b-c": #T & {tests: mine: {request: {path: "/3", host: "x.example"} , expect: {}}}
routes: a: tests: "recorded: GET 200": {request: {host: "x.example", path: "/1"}, expect: {}} // end` + "\n\n\n"
	if err := os.WriteFile(file, []byte(mine), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	plan, err = New(freshCases(), nil, root)
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Files) != 1 || plan.Files[0].Added != 1 || plan.Had != 2 {
		t.Fatalf("%+v", plan)
	}
	if err := plan.Files[0].Write(root); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(got), strings.TrimSpace(mine)+"\n\nroutes: \"a\": tests: {\n\t// Said in a note.\n") {
		t.Errorf("%s", got)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if plan, err = New(freshCases(), nil, root); err != nil || len(plan.Files) != 0 || plan.Had != 3 {
		t.Errorf("the second time adds nothing: %+v %v", plan, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "x.example", "*.new")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestExisting(t *testing.T) {
	set := &cases.Set{Cases: []cases.Case{
		{Route: "x.example/a", Name: "recorded: GET 200", Spec: cases.Spec{Request: cases.Request{Path: "/other"}}},
		{Route: "x.example/b-c", Name: "mine", Spec: cases.Spec{Request: cases.Request{Method: "GET", Scheme: "http", Host: "x.example", Path: "/3"}}},
	}}
	plan, err := New(freshCases(), set, nil)
	if err != nil || plan.Had != 2 || plan.Files[0].Added != 1 {
		t.Errorf("%+v %v", plan, err)
	}
}

func TestRefuses(t *testing.T) {
	for want, text := range map[string]string{
		"x.example/m.cases.cue: it is there and is no CUE: put it right, or write to another directory":           "package routes\nroutes: {",
		"x.example/m.cases.cue: it is there and is not of package routes: write to another directory":             "package other",
		"x.example/m.cases.cue: it has more than 1024 KiB already":                                                strings.Repeat("//\n", 1<<19),
		"x.example/m.cases.cue: it would have more than 1024 KiB: ask for fewer cases with --per-route":           "package routes\n" + strings.Repeat("//\n", 349520),
		"x.example/m.cases.cue: it is no regular file: write to another directory":                                "",
		"x.example/m.cases.cue: it is there and is not of package routes: write to another directory (no clause)": "a: 1",
	} {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "x.example"), 0o755); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "x.example", "m.cases.cue")
		var err error
		if text == "" {
			err = os.Symlink("/dev/null", file)
		} else {
			err = os.WriteFile(file, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		want = strings.TrimSuffix(want, " (no clause)")
		if _, err := New(freshCases(), nil, open(t, dir)); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// FuzzRender writes any JSON and reads back what was meant, in the one form.
func FuzzRender(f *testing.F) {
	f.Add(`{"a":[1,-2.5,null,true,{"\\(x)":"\"\"\"","":{}}],"_h":"\u0000\n\t\r","if":1,"#d":{"e":[]}}`, "/a?b=\"")
	f.Add(`"x"`, "/")
	f.Fuzz(func(t *testing.T, text, path string) {
		v, err := redact.ParseJSON(text)
		if err != nil || v == nil || !utf8.ValidString(path) {
			return
		}
		c := recorded("x.example", "m", "r", "n", path)
		if c.Spec.Request.JSON, err = json.Marshal(v); err != nil {
			t.Fatal(err)
		}
		out, err := render([]importer.Case{c})
		if err != nil {
			t.Fatal(err)
		}
		again, err := form(out)
		if err != nil || string(again) != string(out) {
			t.Errorf("it is not in its form: %v\n%s", err, cmp.Diff(string(out), string(again)))
		}
		syntax, err := parser.ParseFile("x", out)
		if err != nil {
			t.Fatal(err)
		}
		had := known{}
		had.add("x.example", syntax)
		if !had[request("x.example/r", importer.RequestKey(&c.Spec.Request))] {
			t.Errorf("%s became\n%s", c.Spec.Request.JSON, out)
		}
	})
}
