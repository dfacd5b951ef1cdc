package rewrite

import (
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/schemas/route"
)

func TestRewrite(t *testing.T) {
	for name, c := range map[string]struct {
		config Config
		match  route.Match
		path   string
		params [][2]string
		want   string
	}{
		"path":              {config: Config{Path: "/v2/{id}/x"}, path: "/a/7", params: [][2]string{{"id", "7"}}, want: "/v2/7/x"},
		"prefix":            {config: Config{Prefix: "/v2"}, match: route.Match{Path: route.Path{Prefix: "/v1/"}}, path: "/v1/a", want: "/v2/a"},
		"prefix itself":     {config: Config{Prefix: "/"}, match: route.Match{Path: route.Path{Prefix: "/v1"}}, path: "/v1", want: "/"},
		"prefix to root":    {config: Config{Prefix: "/"}, match: route.Match{Path: route.Path{Prefix: "/v1"}}, path: "/v1/a", want: "/a"},
		"prefix of root":    {config: Config{Prefix: "/v2/"}, path: "/a", want: "/v2/a"},
		"regex":             {config: Config{Regex: &Regex{"^/v1/(.*)$", "/$1"}}, path: "/v1/a", want: "/a"},
		"regex, no match":   {config: Config{Regex: &Regex{"^/v1/", "/"}}, path: "/v2/a", want: "/v2/a"},
		"climbs out":        {config: Config{Path: "/files/{id}"}, path: "/v..", params: [][2]string{{"id", ".."}}, want: ""},
		"regex leaves root": {config: Config{Regex: &Regex{"^/", ""}}, path: "/a", want: ""},
		"regex adds query":  {config: Config{Regex: &Regex{"a", "?"}}, path: "/a", want: ""},
	} {
		x := &filter.Exchange{Path: c.path, Match: &c.match}
		var known []string
		for i, p := range c.params {
			x.Params.List[i] = filter.Param{Name: p[0], Value: p[1]}
			x.Params.N++
			known = append(known, p[0])
		}
		f, err := build(filter.Env{Params: known}, c.config)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		v := f.(filter.RequestFilter).Request(x)
		if c.want == "" {
			if v != filter.Stop || x.Status != 400 {
				t.Errorf("%s: passed as %s", name, x.Path)
			}
		} else if v != filter.Continue || x.Path != c.want {
			t.Errorf("%s: %s, want %s", name, x.Path, c.want)
		}
	}
}

func TestHostAndMethod(t *testing.T) {
	f, err := build(filter.Env{}, Config{Host: "x.internal", Method: "POST"})
	if err != nil {
		t.Fatal(err)
	}
	x := &filter.Exchange{Path: "/a", Host: "a.example", Method: "GET"}
	f.(filter.RequestFilter).Request(x)
	if x.Host != "x.internal" || x.Method != "POST" || x.Path != "/a" {
		t.Errorf("%s %s%s", x.Method, x.Host, x.Path)
	}
}

func TestBuildRefuses(t *testing.T) {
	for name, c := range map[string]Config{
		"nothing": {}, "two ways": {Path: "/a", Prefix: "/b"}, "unknown parameter": {Path: "/{x}"}, "bad regex": {Regex: &Regex{Pattern: "("}},
	} {
		if _, err := build(filter.Env{}, c); err == nil {
			t.Errorf("%s: built", name)
		}
	}
}
