package diff_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"cuelang.org/go/cue/format"

	"github.com/lintel-gateway/lintel/ci/bench/mixed"
	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/diff"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// example is the repository's own routes, to be edited; in a short run one domain of
// them, which is all that the tests here edit.
func example(t *testing.T) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	routes := os.DirFS("../../routes")
	err := fs.WalkDir(routes, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || testing.Short() && strings.Contains(name, "/") && !strings.HasPrefix(name, "pay.example/") {
			return err
		}
		data, err := fs.ReadFile(routes, name)
		out[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// edit replaces text in a file, which must be there.
func edit(t *testing.T, routes fstest.MapFS, name, old, new string) {
	t.Helper()
	text := string(routes[name].Data)
	if !strings.Contains(text, old) {
		t.Fatalf("%s does not hold %q", name, old)
	}
	routes[name] = &fstest.MapFile{Data: []byte(strings.Replace(text, old, new, 1))}
}

// TestRefactoring holds that what changes the example's files and nothing that runs
// has no effect, and that the same tools show an edit that does.
func TestRefactoring(t *testing.T) {
	before := side(t, "before", example(t))
	const orders = "pay.example/orders.cue"
	for _, c := range []struct {
		name  string
		edit  func(fstest.MapFS)
		moved int
	}{
		{"a template is put in its place", func(r fstest.MapFS) {
			edit(t, r, orders, "routes: \"order-list\": #Read & _order & {", "routes: \"order-list\": #Route & _order & {\n\t#upstream: string\n\tupstream: #upstream\n\tfilters: {requestId: {}, headers: response: remove: [\"server\", \"x-powered-by\"]}\n\ttimeouts: request: \"10000ms\"\n\tmethods: [\"GET\"]\n\tretry: {on: [\"reset\", \"connect\"], attempts: 2}\n")
		}, 0},
		{"a template gets another name", func(r fstest.MapFS) {
			read := regexp.MustCompile(`#Read\b`)
			for name, f := range r {
				r[name] = &fstest.MapFile{Data: read.ReplaceAll(f.Data, []byte("#Lookup"))}
			}
		}, 0},
		{"a file gets another name", func(r fstest.MapFS) {
			for _, end := range []string{".cue", ".cases.cue"} {
				r["pay.example/purchases"+end] = r["pay.example/orders"+end]
				delete(r, "pay.example/orders"+end)
			}
		}, 8},
		{"files are joined", func(r fstest.MapFS) {
			var all bytes.Buffer
			all.WriteString("package routes\n")
			for name, f := range r {
				if strings.HasPrefix(name, "pay.example/") && !strings.HasSuffix(name, ".cases.cue") {
					all.Write(bytes.Replace(f.Data, []byte("package routes\n"), nil, 1))
					delete(r, name)
				}
			}
			r["pay.example/all.cue"] = &fstest.MapFile{Data: all.Bytes()}
		}, 23},
		{"fields in another order", func(r fstest.MapFS) {
			edit(t, r, orders, "\thosts: [\"pay.example\", \"*.pay.example\"]\n\towner: \"team-pay\"\n", "\towner: \"team-pay\"\n\thosts: [\"*.pay.example\", \"pay.example\", \"pay.example\"]\n")
		}, 0},
		{"another form", func(r fstest.MapFS) {
			for name, f := range r {
				if strings.HasSuffix(name, ".cue") {
					text := strings.ReplaceAll(string(f.Data), "\t", "        ")
					r[name] = &fstest.MapFile{Data: []byte("// A word more.\n\n" + text)}
				}
			}
		}, 0},
		{"the form of lintel fmt", func(r fstest.MapFS) {
			for name, f := range r {
				if strings.HasSuffix(name, ".cue") {
					text, err := format.Source(f.Data, format.Simplify())
					if err != nil {
						t.Fatal(err)
					}
					r[name] = &fstest.MapFile{Data: text}
				}
			}
		}, 0},
		{"defaults written out", func(r fstest.MapFS) {
			edit(t, r, orders, "path: exact: \"/v2/orders\"", "priority: 0\n\tonRouteChange: \"keep\"\n\tpath: exact: \"/v2/orders\"")
			edit(t, r, orders, "invoices: endpoints: [\"invoices.pay.svc:8080\"]", "invoices: {endpoints: [{address: \"invoices.pay.svc:8080\", weight: 1}], pool: {}, ejection: maxPercent: 50}")
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			after := example(t)
			c.edit(after)
			r := compute(t, before, side(t, "after", after))
			if !r.Empty() || r.Effect != diff.EffectNone {
				t.Errorf("it has an effect: %s", r.Line(5))
			}
			if r.Counts.Routes.Moved != c.moved {
				t.Errorf("%d routes moved, want %d", r.Counts.Routes.Moved, c.moved)
			}
			if want := "no effect: same content"; r.Summary() != want {
				t.Errorf("%q, want %q", r.Summary(), want)
			}
		})
	}
	after := example(t)
	edit(t, after, "templates.cue", `request: *"10s" | _`, `request: *"9s" | _`)
	if r := compute(t, before, side(t, "after", after)); r.Empty() || r.Effect != diff.EffectHot {
		t.Error("another timeout has no effect")
	}
}

// TestBounds holds reports of a change of everything to their bounds.
func TestBounds(t *testing.T) {
	// No two alike, so that each has to be told.
	encode := func(name string, timeout int) diff.Side {
		var c bundle.Content
		for d := range 40 {
			def := route.Domain{Name: fmt.Sprintf("d%02d.example", d), Hosts: []string{fmt.Sprintf("d%02d.example", d)}, MethodMismatch: 405}
			for i := range 50 {
				def.Routes = append(def.Routes, route.Route{
					ID:       fmt.Sprintf("%s/r%02d", def.Name, i),
					Match:    route.Match{Hosts: def.Hosts, Path: route.Path{Exact: fmt.Sprintf("/%d", i)}},
					Timeouts: route.Timeouts{Request: route.Duration(timeout * i)}, Retry: route.Retry{On: []string{}},
					OnRouteChange: "keep", Upstream: fmt.Sprintf("u%d", timeout),
				})
			}
			c.Domains = append(c.Domains, def)
		}
		b, err := bundle.Encode(c, bundle.Meta{Compiler: "test"})
		if err != nil {
			t.Fatal(err)
		}
		return diff.Side{Name: name, Bundle: b}
	}
	r := compute(t, encode("before", 1), encode(strings.Repeat("n", 10000), 2))
	if r.Counts.Routes.Changed != 2000 {
		t.Fatalf("%+v", r.Counts)
	}
	for _, limit := range []int{0, 2000, 10} {
		var out bytes.Buffer
		if err := r.WriteMarkdown(&out, diff.MarkdownOptions{Limit: limit}); err != nil {
			t.Fatal(err)
		}
		most := limit
		if most == 0 {
			most = 60 << 10
		}
		told := strings.Count(out.String(), "\n- **changed** route ")
		if most > 1000 && (out.Len() > most || told == 0) || told+left(t, out.String()) != 2000 {
			t.Errorf("limit %d: %d bytes, %d told, the last of it %q", limit, out.Len(), told, tail(out.String()))
		}
		if !strings.HasSuffix(out.String(), "\nhot: gateways swap this in, nothing restarts\n") {
			t.Errorf("limit %d: it ends in %q", limit, tail(out.String()))
		}
	}
	if got := r.Line(2); strings.Count(got, "~ ") != 2 || !strings.HasSuffix(got, ", and 1998 more") {
		t.Errorf("the line is %q", got)
	}
}

func tail(s string) string { return s[max(0, len(s)-200):] }

// left is how many changes a report says it leaves out.
func left(t *testing.T, text string) (n int) {
	t.Helper()
	if m := regexp.MustCompile(`\n\.\.\. and (\d+) more\n`).FindStringSubmatch(text); m != nil {
		if _, err := fmt.Sscan(m[1], &n); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// TestWithoutPrograms holds that bundles alone tell the same changes, with the places
// of routes and of nothing else.
func TestWithoutPrograms(t *testing.T) {
	after := example(t)
	edit(t, after, "pay.example/orders.cue", `timeouts: request: "30s"`, `timeouts: request: "20s"`)
	edit(t, after, "templates.cue", `#status: *308 | 301`, `#status: *301 | 308`)
	old, new := side(t, "old", example(t)), side(t, "new", after)
	full := compute(t, old, new)
	old.Program, new.Program = nil, nil
	bare := compute(t, old, new)
	if full.Empty() || bare.Unserved != nil || full.Unserved == nil {
		t.Fatal("not what was meant to be compared")
	}
	full.Unserved = nil
	for i := range full.Groups {
		for k := range full.Groups[i].Items {
			it := &full.Groups[i].Items[k]
			if it.Old == nil || it.New == nil || it.Kind != diff.KindRoute {
				t.Errorf("%s %s has no place", it.Kind, it.Name)
			}
			for f := range it.Fields {
				it.Fields[f].OldPlace, it.Fields[f].NewPlace = nil, nil
			}
		}
	}
	a, err := json.Marshal(full)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(bare)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Errorf("with programs\n%s\nwithout\n%s", a, b)
	}
}

// BenchmarkCompute compares 10,000 routes with what one edited file, and a template of
// all, makes of them.
func BenchmarkCompute(b *testing.B) {
	repo := mixed.New(10000)
	compiled := func(name string) diff.Side {
		res, err := compiler.Compile(context.Background(), compiler.Options{FS: repo.FS(), Cache: "off"})
		if err != nil || res.Bundle == nil {
			b.Fatal(err)
		}
		dec, err := bundle.Decode(res.Bundle.Files(), bundle.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		return diff.Side{Name: name, Bundle: dec, Program: res.Program}
	}
	old := compiled("old")
	file := repo.Domains[3] + "/m0.cue"
	repo.Files[file] += "\nroutes: \"more\": {path: exact: \"/more\", upstream: \"svc0\"}\n"
	one := compiled("one")
	for _, c := range []struct {
		name string
		new  diff.Side
	}{{"nothing", old}, {"one-file", one}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := diff.Compute(old, c.new); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
