package allow_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/allow"
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

var update = flag.Bool("update", false, "rewrite the expected findings")

// TestRepositories compiles repositories whose authors say something of findings.
func TestRepositories(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			arc, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files, want := fstest.MapFS{}, -1
			for i, f := range arc.Files {
				if f.Name == "want" {
					want = i
					continue
				}
				files[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			if want < 0 {
				t.Fatal("the archive has no file want")
			}
			res, err := compiler.Compile(context.Background(), compiler.Options{FS: files, Cache: "off"})
			if err != nil {
				t.Fatal(err)
			}
			got := printed(t, res)
			if *update {
				arc.Files[want].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(arc), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if d := cmp.Diff(string(arc.Files[want].Data), got); d != "" {
				t.Errorf("(-want +got), -update rewrites:\n%s", d)
			}
		})
	}
}

func printed(t *testing.T, res *compiler.Result) string {
	t.Helper()
	var b strings.Builder
	p := diag.Printer{Sources: func(name string) []byte { return res.Program.Files[name] }}
	if err := p.Print(&b, "text", res.Diagnostics); err != nil {
		t.Fatal(err)
	}
	for _, s := range res.Silenced {
		fmt.Fprintf(&b, "silenced: %s\n  %s: %s\n", s.Line(), s.By, s.Reason)
	}
	fmt.Fprintf(&b, "bundle: %t\n", res.Bundle != nil)
	return b.String()
}

// TestRoute: above a route's label a comment holds for all that is found in the route,
// in whatever file of the domain, and for nothing of its neighbours.
func TestRoute(t *testing.T) {
	text := "package routes\n\nroutes: {\n\t// lintel:allow slow-route: it is old\n\t\"old\": {\n\t\tpriority: 1\n\t}\n}\n" +
		"// lintel:allow slow-route: it is older\n\n" + // above nothing
		"routes: older: {} // lintel:allow slow-route: at the end of the line\n"
	find := func(file string, line int, path string, s diag.Severity) diag.Diagnostic {
		return diag.Diagnostic{Code: "slow-route", Severity: s, Pos: diag.Pos{File: file, Line: line, Column: 1}, Path: path, Message: "slow"}
	}
	for _, c := range []struct {
		d        diag.Diagnostic
		silenced bool
	}{
		{find("routes/a.example/a.cue", 5, "routes.old", diag.Warning), true},
		{find("routes/a.example/a.cue", 6, "routes.old.priority", diag.Warning), true},
		{find("routes/a.example/a.cases.cue", 9, "routes.old.tests.x", diag.Warning), true},
		{find("routes/a.example/a.cue", 12, "upstreams.older", diag.Warning), false},
		{find("routes/a.example/a.cue", 11, "routes.older", diag.Warning), true},
		{find("routes/a.example/a.cue", 99, "routes.older.priority", diag.Warning), true},
		{find("routes/a.example/a.cue", 99, "routes.olderly", diag.Warning), false},
		{find("routes/b.example/a.cue", 5, "routes.old", diag.Warning), false},
		{find("routes/a.example/a.cue", 5, "routes.old", diag.Error), false},
	} {
		out, silenced, err := allow.Apply(allow.Input{
			Program: &ir.Program{Files: map[string][]byte{"routes/a.example/a.cue": []byte(text)}},
			Found:   diag.List{c.d},
			Codes: func() (map[string]diag.Severity, error) {
				return map[string]diag.Severity{"slow-route": diag.Warning}, nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(silenced) == 1 && len(out) == 0; got != c.silenced {
			t.Errorf("%s: silenced %t, want %t; left are %v", c.d.Line(), got, c.silenced, out)
		}
	}
}

// TestCache: what authors say of findings is heard the same with a warm cache, which
// remembers domains as proven and never findings.
func TestCache(t *testing.T) {
	shop := "package routes\n\ndomain: hosts: [\"shop.example\"]\nupstreams: {\n\torders: endpoints: [\"o:80\"]\n\tspare: endpoints: [\"s:80\"]%s\n}\nroutes: all: upstream: \"orders\"\n"
	settings := "package routes\n\nsettings: findings: \"unused-upstream\": level: %q, settings: findings: \"unused-upstream\": reason: \"r\"\n"
	steps := []struct{ comment, level string }{
		{"", ""},
		{" // lintel:allow unused-upstream: soon", ""},
		{" // lintel:allow unused-upstream: soon", ""},
		{"", ""},
		{"", "off"},
		{"", "off"},
		{" // lintel:allow unused-upstream: soon", "error"},
		{"", "error"},
		{"", "warning"},
		{" // lintel:allow unused-secret: none", ""},
		{" // lintel:allow unused-secret: none", ""},
		{"", ""},
	}
	dir := t.TempDir()
	for i, s := range steps {
		files := fstest.MapFS{"shop.example/a.cue": {Data: fmt.Appendf(nil, shop, s.comment)}}
		if s.level != "" {
			files["settings.cue"] = &fstest.MapFile{Data: fmt.Appendf(nil, settings, s.level)}
		}
		var got [2]string
		for k, cache := range []string{"off", dir} {
			res, err := compiler.Compile(context.Background(), compiler.Options{FS: files, Cache: cache})
			if err != nil {
				t.Fatal(err)
			}
			got[k] = printed(t, res)
		}
		if d := cmp.Diff(got[0], got[1]); d != "" {
			t.Errorf("step %d: (-cold +warm):\n%s", i, d)
		}
	}
}

// TestSARIF: what is silenced is a suppressed result, and in no other format at all.
func TestSARIF(t *testing.T) {
	d := diag.Diagnostic{Code: "unused-upstream", Severity: diag.Warning, Pos: diag.Pos{File: "routes/a/a.cue", Line: 4, Column: 2}, Message: "unused"}
	p := diag.Printer{Silenced: []diag.Silenced{
		{Diagnostic: d, Reason: "soon", By: diag.Pos{File: "routes/a/a.cue", Line: 3, Column: 1}, InSource: true},
		{Diagnostic: d, Reason: "never", By: diag.Pos{File: "routes/s.cue", Line: 1, Column: 1}},
	}}
	for _, format := range diag.Formats {
		var b strings.Builder
		if err := p.Print(&b, format, nil); err != nil {
			t.Fatal(err)
		}
		if format != "sarif" {
			if strings.Contains(b.String(), "unused") {
				t.Errorf("%s: %s", format, b.String())
			}
			continue
		}
		var log struct {
			Runs []struct {
				Results []struct {
					RuleID       string
					Suppressions []struct{ Kind, Justification string }
				}
			}
		}
		if err := json.Unmarshal([]byte(b.String()), &log); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(log.Runs[0].Results); got != "[{unused-upstream [{inSource soon}]} {unused-upstream [{external never}]}]" {
			t.Errorf("the results are %s", got)
		}
	}
}

// TestEnvironments: a comment is of use when what it allows is found in one environment.
func TestEnvironments(t *testing.T) {
	files := fstest.MapFS{
		"shop.example/a.cue": {Data: []byte(`package routes

domain: hosts: ["shop.example"]
upstreams: {
	orders: endpoints: ["o:80"] // lintel:allow unused-upstream: staging has one of its own
	spare: endpoints: ["s:80"] // lintel:allow unused-upstream: staging alone uses it
	both: endpoints: ["b:80"] // lintel:allow unused-upstream: it is used
}
routes: {
	all: upstream: "orders"
	both: {path: exact: "/both", upstream: "both"}
}
`)},
		"_env/staging.cue": {Data: []byte("package routes\n\ndomains: \"shop.example\": routes: all: upstream: \"spare\"\n")},
	}
	res, envs, err := compiler.Everywhere(context.Background(), compiler.Options{FS: files, Cache: "off"})
	if err != nil || len(envs) != 1 {
		t.Fatal(envs, err)
	}
	var got []string
	for _, d := range res.Diagnostics {
		got = append(got, fmt.Sprintf("%s %d", d.Code, d.Pos.Line))
	}
	if len(res.Silenced) != 2 || strings.Join(got, ", ") != "allow-unused 7" {
		t.Errorf("%d are silenced, found are %q", len(res.Silenced), got)
	}
}
