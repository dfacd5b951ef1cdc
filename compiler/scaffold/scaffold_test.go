package scaffold

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/lintel-gateway/lintel/compiler"
)

// TestFiles: whatever the names, the routes compile without a finding, in every environment.
func TestFiles(t *testing.T) {
	for _, o := range []Options{
		{},
		{Domain: "shop.example"},
		{Domain: "a.very-long-name-of-a-domain.example.org", Owner: "org/team.x", Module: "git.example.org/x/y"},
		{Domain: "1.2"},
	} {
		files, err := Files(o)
		if err != nil {
			t.Fatal(err)
		}
		routes := fstest.MapFS{}
		for _, f := range files {
			if strings.Contains(string(f.Text), "<no value>") || strings.Contains(f.Name, "{{") {
				t.Errorf("%s is not filled in:\n%s", f.Name, f.Text)
			}
			if name, ok := strings.CutPrefix(f.Name, "routes/"); ok {
				routes[name] = &fstest.MapFile{Data: f.Text}
			}
		}
		res, envs, err := compiler.Everywhere(context.Background(), compiler.Options{FS: routes, Cache: "off"})
		if err != nil {
			t.Fatal(err)
		}
		if len(envs) != 2 {
			t.Errorf("the environments are %q", envs)
		}
		for _, d := range res.Diagnostics {
			t.Errorf("%s: %s", o.Domain, d.Line())
		}
	}
	for _, o := range []Options{
		{Domain: "shop"},
		{Domain: "Shop.example"},
		{Domain: "../etc"},
		{Domain: "a.b", Owner: "a b"},
		{Domain: "a.b", Owner: "\"}"},
		{Domain: "a.b", Module: "x"},
		{Domain: "a.b", Module: "a.b\"\n"},
	} {
		if _, err := Files(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}
