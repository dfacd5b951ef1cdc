package coverage

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

func TestRequestOf(t *testing.T) {
	for _, test := range []struct {
		name string
		in   cases.Request
		want []string // method, host, path, query, fields
	}{
		{"plain", cases.Request{Method: "GET", Host: "A.Example.:8080", Path: "/x?a=1?b"}, []string{"GET a.example /x a=1?b"}},
		{"an address", cases.Request{Method: "GET", Host: "[2001:DB8::1]:80", Path: "/"}, []string{"GET [2001:db8::1] / "}},
		{
			"values",
			cases.Request{Method: "GET", Host: "a", Path: "/", Headers: map[string]cases.Values{
				"x-two": {Texts: []string{"b", "a"}}, "authorization": {Secret: &cases.Secret{Secret: "key", Prefix: "Bearer "}},
			}},
			[]string{"GET a / ", "authorization: Bearer key", "x-two: b", "x-two: a"},
		},
		{"json", cases.Request{Method: "POST", Host: "a", Path: "/", JSON: []byte(`{}`)}, []string{"POST a / ", "content-length: 2", "content-type: application/json"}},
		{
			"own type",
			cases.Request{Method: "POST", Host: "a", Path: "/", JSON: []byte(`{}`), Headers: map[string]cases.Values{"Content-Type": {Texts: []string{"text/x"}}}},
			[]string{"POST a / ", "Content-Type: text/x", "content-length: 2"},
		},
		{
			"chunked",
			cases.Request{Method: "POST", Host: "a", Path: "/", Body: "x", Headers: map[string]cases.Values{"transfer-encoding": {Texts: []string{"chunked"}}}},
			[]string{"POST a / ", "transfer-encoding: chunked"},
		},
		{
			"websocket",
			cases.Request{Method: "GET", Host: "a", Path: "/", WebSocket: []string{"hello"}},
			[]string{"GET a / ", "connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13", "sec-websocket-key: bGludGVsLWNvdmVyYWdlLg=="},
		},
	} {
		r, ok := Request(&test.in)
		got := []string{fmt.Sprintf("%s %s %s %s", r.Method, r.Host, r.Path, r.Query)}
		for _, f := range r.Header.Fields() {
			got = append(got, f.Name+": "+f.Value)
		}
		if diff := cmp.Diff(test.want, got); diff != "" || !ok {
			t.Errorf("%s: %v (-want +got)\n%s", test.name, ok, diff)
		}
	}
	if _, ok := Request(&cases.Request{Method: "GET", Host: "a", Path: "/%00"}); ok {
		t.Error("a path that the gateway refuses is taken")
	}
}

func TestMissing(t *testing.T) {
	for want, p := range map[string]Point{
		"":                              {Kind: KindHost, Name: "a", Covered: true},
		"no passing case":               {Kind: KindRoute},
		"host *.a.example: never asked": {Kind: KindHost, Name: "*.a.example"},
		"method: never true":            {Kind: KindPredicate, Name: "method", Side: True},
		"header x-stage: never false":   {Kind: KindPredicate, Name: "header x-stage", Side: False},
		"filter cors: never reached":    {Kind: KindFilter, Name: "cors"},
	} {
		if got := p.Missing(); got != want {
			t.Errorf("%+v: got %q, want %q", p, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for _, test := range []struct {
		c       Count
		percent float64
		text    string
	}{
		{Count{}, 100, "100 %"},
		{Count{Covered: 1, Total: 3}, 33.3, "33.3 %"},
		{Count{Covered: 1999, Total: 2000}, 99.9, "99.9 %"},
		{Count{Covered: 99999, Total: 100000}, 99.9, "99.9 %"},
		{Count{Covered: 2000, Total: 2000}, 100, "100 %"},
		{Count{Covered: 0, Total: 5}, 0, "0 %"},
		{Count{Covered: 1, Total: 5000}, 0, "0.0 %"},
	} {
		c := test.c
		c.settle()
		if c.Percent != test.percent || percent(c) != test.text {
			t.Errorf("%s: got %v and %q, want %v and %q", c, c.Percent, percent(c), test.percent, test.text)
		}
	}
}
