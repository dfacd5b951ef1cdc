package cors

import (
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/schemas/route"
)

func newCORS(t *testing.T, c Config) *cors {
	t.Helper()
	if c.AllowMethods == nil {
		c.AllowMethods = []string{"GET", "PUT"}
	}
	f, err := build(filter.Env{}, c)
	if err != nil {
		t.Fatal(err)
	}
	return f.(*cors)
}

func value(h *filter.Header, name string) string {
	var out []string
	for _, f := range h.Fields() {
		if filter.EqualFold(f.Name, name) {
			out = append(out, f.Value)
		}
	}
	return strings.Join(out, "|")
}

func TestOrigins(t *testing.T) {
	f := newCORS(t, Config{AllowOrigins: []string{"https://shop.example", "https://*.shop.example"}, AllowCredentials: true, ExposeHeaders: []string{"x-id"}})
	for origin, want := range map[string]bool{
		"https://shop.example":             true,
		"https://a.b.shop.example":         true,
		"https://.shop.example":            false,
		"http://shop.example":              false,
		"https://shop.example.evil.test":   false,
		"https://evil.test/x.shop.example": false,
		"https://u:p@x.shop.example":       false,
		"https://evilshop.example":         false,
		"null":                             false,
	} {
		x := &filter.Exchange{}
		x.Header.Add("Origin", origin)
		x.Response.Add("Access-Control-Allow-Origin", "*")
		f.Response(x)
		got := value(&x.Response, "access-control-allow-origin")
		if (got == origin) != want || !want && got != "" {
			t.Errorf("origin %s: %q", origin, got)
		}
		if (value(&x.Response, "access-control-allow-credentials") == "true") != want {
			t.Errorf("origin %s: credentials", origin)
		}
		if value(&x.Response, "vary") != "Origin" {
			t.Errorf("origin %s: vary %q", origin, value(&x.Response, "vary"))
		}
	}
}

func TestPreflight(t *testing.T) {
	f := newCORS(t, Config{AllowOrigins: []string{"*"}, AllowHeaders: []string{"*"}, MaxAge: route.Duration(90 * time.Second)})
	x := &filter.Exchange{Original: filter.Original{Method: "OPTIONS"}}
	x.Header.Add("origin", "https://x.example")
	if f.Request(x) != filter.Continue {
		t.Error("a plain OPTIONS request was answered")
	}
	x.Header.Add("access-control-request-method", "PUT")
	x.Header.Add("access-control-request-headers", "x-a, x-b")
	if f.Request(x) != filter.Stop || x.Status != 204 {
		t.Fatal("the preflight was not answered")
	}
	f.Response(x)
	for name, want := range map[string]string{
		"access-control-allow-origin":  "*",
		"access-control-allow-methods": "GET, PUT",
		"access-control-allow-headers": "x-a, x-b",
		"access-control-max-age":       "90",
	} {
		if got := value(&x.Response, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestPreflightOfAForeignOrigin(t *testing.T) {
	f := newCORS(t, Config{AllowOrigins: []string{"https://a.example"}})
	x := &filter.Exchange{Original: filter.Original{Method: "OPTIONS"}}
	x.Header.Add("origin", "https://b.example")
	x.Header.Add("access-control-request-method", "PUT")
	f.Request(x)
	f.Response(x)
	for _, fld := range x.Response.Fields() {
		if strings.HasPrefix(fld.Name, "access-control-") {
			t.Errorf("a foreign origin got %s: %s", fld.Name, fld.Value)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	for name, c := range map[string]Config{
		"no origins":           {},
		"any with credentials": {AllowOrigins: []string{"*"}, AllowCredentials: true},
		"a header with space":  {AllowOrigins: []string{"*"}, AllowHeaders: []string{"a b"}},
		"a header with CR":     {AllowOrigins: []string{"*"}, ExposeHeaders: []string{"a\r"}},
	} {
		if _, err := build(filter.Env{}, c); err == nil {
			t.Errorf("%s: built", name)
		}
	}
}
