package redirect

import (
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/schemas/route"
)

func TestLocation(t *testing.T) {
	for name, c := range map[string]struct {
		config Config
		want   string
	}{
		"url":               {Config{To: "https://b.example/{id}", KeepQuery: true}, "https://b.example/7?q=1"},
		"path":              {Config{To: "/new/{id}"}, "/new/7"},
		"query joins":       {Config{To: "/n?x=1", KeepQuery: true}, "/n?x=1&q=1"},
		"before a fragment": {Config{To: "/n#top", KeepQuery: true}, "/n?q=1#top"},
		"foreign host":      {Config{To: "/{evil}"}, "/evil.test"},
		"backslash":         {Config{To: "/{back}"}, "/evil.test"},
		"scheme":            {Config{Scheme: "https", KeepQuery: true}, "https://a.example/old/7?q=1"},
		"port":              {Config{Scheme: "https", Port: 8443}, "https://a.example:8443/old/7"},
		"default port":      {Config{Scheme: "https", Port: 443}, "https://a.example/old/7"},
		"host and path":     {Config{Host: "b.example", Path: "/x/{id}"}, "http://b.example/x/7"},
		"prefix":            {Config{Prefix: "/new"}, "/new/7"},
		"prefix to root":    {Config{Prefix: "/"}, "/7"},
	} {
		c.config.Status = 302
		f, err := build(filter.Env{Params: []string{"id", "evil", "back"}}, c.config)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		x := &filter.Exchange{Scheme: "http", Path: "/old/7", Query: "q=1", Match: &route.Match{Path: route.Path{Prefix: "/old"}}}
		x.Original.Host = "a.example"
		x.Params.N = 3
		x.Params.List[0] = filter.Param{Name: "id", Value: "7"}
		x.Params.List[1] = filter.Param{Name: "evil", Value: "/evil.test"}
		x.Params.List[2] = filter.Param{Name: "back", Value: `\evil.test`}
		f.(filter.RequestFilter).Request(x)
		if got, _ := x.Response.Get("location"); got != c.want || x.Status != 302 {
			t.Errorf("%s: %d %s, want %s", name, x.Status, got, c.want)
		}
	}
}

func TestIPv6Host(t *testing.T) {
	f, _ := build(filter.Env{}, Config{Scheme: "https", Status: 301})
	x := &filter.Exchange{Scheme: "http", Path: "/"}
	x.Original.Host = "[::1]"
	f.(filter.RequestFilter).Request(x)
	if got, _ := x.Response.Get("location"); got != "https://[::1]/" {
		t.Error(got)
	}
}

func TestBuildRefuses(t *testing.T) {
	for name, c := range map[string]Config{
		"nothing": {Status: 302}, "both": {To: "/a", Path: "/b", Status: 302}, "path and prefix": {Path: "/a", Prefix: "/b", Status: 302},
		"no redirect": {To: "/a", Status: 200}, "parameter as host": {To: "https://{id}.x/", Status: 302}, "unknown parameter": {To: "/{x}", Status: 302},
	} {
		if _, err := build(filter.Env{Params: []string{"id"}}, c); err == nil {
			t.Errorf("%s: built", name)
		}
	}
}
