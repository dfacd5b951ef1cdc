package replay

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

const page = "HTTP/1.1 200 OK\r\nx-lintel-route: shop.example/orders\r\nx-lintel-bundle: sha256:1\r\nX-Two: a\r\nx-two: b\r\nLocation: /new\r\nContent-Length: 66\r\n\r\n" +
	`{"id": 7, "big": 9007199254740993, "list": [1.0, "x"], "none": {}}`

// TestExpectations compares one answer with one expectation after the other; an empty
// want holds.
func TestExpectations(t *testing.T) {
	for name, c := range map[string]struct{ expect, want string }{
		"nothing":                {`{}`, ""},
		"route":                  {`{"route": "shop.example/other"}`, "route: shop.example/other | shop.example/orders"},
		"no route":               {`{"route": ""}`, "route: no route | shop.example/orders"},
		"status":                 {`{"status": 404}`, "status: 404 | 200"},
		"header":                 {`{"headers": {"LOCATION": "/new", "x-two": ["a", "b"]}}`, ""},
		"header values":          {`{"headers": {"location": "/old", "x-two": "a", "x-none": "c"}}`, "header location: \"/old\" | \"/new\"\nheader x-none: \"c\" | absent\nheader x-two: \"a\" | \"a\", \"b\""},
		"header order":           {`{"headers": {"x-two": ["b", "a"]}}`, `header x-two: "b", "a" | "a", "b"`},
		"header tests":           {`{"headers": {"location": {"prefix": "/", "regex": "/n.w"}, "x-none": {"present": false}, "x-two": {"present": true}}}`, ""},
		"header tests that fail": {`{"headers": {"location": {"prefix": "/", "regex": "n.w"}, "x-none": {"contains": "a"}}}`, "header location: begins with \"/\" and matches \"n.w\" | \"/new\"\nheader x-none: contains \"a\" | absent"},
		"absent header":          {`{"absentHeaders": ["x-none", "Location"]}`, `header Location: absent | "/new"`},
		"body":                   {`{"body": "x"}`, "body: \"x\" | " + `"{\"id\": 7, \"big\": 9007199254740993, \"list\": [1.0, \"x\"], \"none\": {}}"`},
		"body tests":             {`{"body": {"prefix": "{", "contains": "\"id\"", "present": true}}`, ""},
		"body that is there":     {`{"body": {"present": false}}`, "body: absent | " + `"{\"id\": 7, \"big\": 9007199254740993, \"list\": [1.0, \"x\"], \"none\": {}}"`},
		"json":                   {`{"json": {"none": {}, "list": [1, "x"], "big": 9007199254740993, "id": 7.0}}`, ""},
		"json that differs":      {`{"json": {"id": 7}}`, `json: {"id":7} | {"big":9007199254740993,"id":7,"list":[1.0,"x"],"none":{}}`},
		"a path":                 {`{"jsonPath": {"$.id": 7, "$.list[-1]": "x", "$['none']": {}}}`, ""},
		"paths that differ":      {`{"jsonPath": {"$.big": 9007199254740992, "$.id": "7", "$.list[2]": 1}}`, "jsonPath $.big: 9007199254740992 | 9007199254740993\njsonPath $.id: \"7\" | 7\njsonPath $.list[2]: 1 | absent"},
		"no path":                {`{"jsonPath": {"id": 7}}`, `jsonPath id: a path to one value | "id" does not begin with "$"`},
		"no echo":                {`{"upstream": {"method": "GET"}}`, "upstream: what it received | the answer is not the echo's"},
		"no upstream":            {`{"upstream": {"name": "orders"}}`, "upstream name: orders | no upstream"},
		"too slow":               {`{"duration": {"max": "1ns"}}`, ""}, // compared below
		"too fast":               {`{"duration": {"min": "1h"}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, page)
			if !strings.Contains(c.expect, `"route"`) {
				c.expect = `{"route": "shop.example/orders", ` + strings.TrimPrefix(c.expect, "{")
				c.expect = strings.Replace(c.expect, ", }", "}", 1)
			}
			r := (&Player{Address: s.addr}).Play(t.Context(), 0, newCase(t, `{"request": {"path": "/"}, "expect": `+c.expect+`}`))
			if strings.Contains(c.expect, "duration") {
				if len(r.Mismatches) != 1 || r.Mismatches[0].Field != "duration" || !strings.HasPrefix(r.Mismatches[0].Want, "at ") {
					t.Errorf("got %s", told(r))
				}
				return
			}
			if got := told(r); got != c.want || r.Passed != (c.want == "") {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if d := cmp.Diff([]string{"shop.example/orders"}, r.Routes); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestBundleAndLive(t *testing.T) {
	c := newCase(t, `{"request": {"path": "/"}, "expect": {"route": "a/b", "upstream": {"name": "orders"}, "counts": [{"upstream": "orders", "min": 1}]}}`)
	for name, x := range map[string]struct {
		bundle string
		live   bool
		answer string
		want   string
	}{
		"another bundle":     {"sha256:2", false, page, "bundle: sha256:2 | sha256:1\nroute: a/b | shop.example/orders\nupstream name: orders | no upstream\ncounts: at least 1 answers of upstream orders | 0 of 1"},
		"live and mute":      {"sha256:2", true, ok, ""},
		"live and talkative": {"", true, page, "route: a/b | shop.example/orders\nupstream name: orders | no upstream\ncounts: at least 1 answers of upstream orders | 0 of 1"},
		"mute, not live":     {"", false, ok, "route: a/b | no route\nupstream name: orders | no upstream\ncounts: at least 1 answers of upstream orders | 0 of 1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, x.answer)
			p := &Player{Address: s.addr, Bundle: x.bundle, Live: x.live}
			if got := told(p.Play(t.Context(), 0, c)); got != x.want {
				t.Errorf("got  %s\nwant %s", got, x.want)
			}
		})
	}
}

// TestNoJSON compares JSON with what is none, and what cannot be compared.
func TestNoJSON(t *testing.T) {
	for name, c := range map[string]struct{ expect, want string }{
		"text":     {`{"json": 1, "jsonPath": {"$.id": 1}}`, "json: 1 | no JSON: invalid character 'o' looking for beginning of value\njsonPath $.id: 1 | no JSON: invalid character 'o' looking for beginning of value"},
		"the span": {`{"duration": {"min": "1h", "max": "2h"}}`, "duration: 1h to 2h | "},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, ok)
			r := (&Player{Address: s.addr}).Play(t.Context(), 0, newCase(t, `{"request": {"path": "/"}, "expect": `+c.expect+`}`))
			if got := told(r); !strings.HasPrefix(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestDifference asks for a diff where a text has lines.
func TestDifference(t *testing.T) {
	s := newScript(t, "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\none\ntwo\nsix\n")
	r := (&Player{Address: s.addr}).Play(t.Context(), 0, newCase(t, `{"request": {"path": "/"}, "expect": {"body": "one\ntwo\nthree\n"}}`))
	if len(r.Mismatches) != 1 || !strings.Contains(r.Mismatches[0].Diff, `-`) || !strings.Contains(r.Mismatches[0].Diff, "three") || strings.Contains(r.Mismatches[0].Diff, "\u00a0") {
		t.Errorf("got %+v", r.Mismatches)
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"1", "1", true},
		{"1", "1.0", true},
		{"1e2", "100", true},
		{"-0", "0", true},
		{"9007199254740993", "9007199254740992", false},
		{"1", "2", false},
		{"1e999999", "1e999998", false},
		{"0.1", "0.10", true},
	} {
		a, errA := decode([]byte(c.a))
		b, errB := decode([]byte(c.b))
		if errA != nil || errB != nil || equal(a, b) != c.want {
			t.Errorf("%s and %s: %v, want %v", c.a, c.b, !c.want, c.want)
		}
	}
	for _, bad := range []string{"", "1 2", "{", strings.Repeat("1", maxJSON+1)} {
		if _, err := decode([]byte(bad)); err == nil {
			t.Errorf("%.10q is taken for JSON", bad)
		}
	}
}

// TestShown bounds and cleans what a result says.
func TestShown(t *testing.T) {
	long := strings.Repeat("ä", maxText)
	if got := excerpt(long); len(got) > maxText+30 || !strings.HasSuffix(got, "(600 bytes)") || strings.Contains(got, `\x`) {
		t.Errorf("got %s", got)
	}
	if got := quoted([]string{long, long, "c"}); len(got) > 2*maxText || !strings.HasSuffix(got, "and 2 more") {
		t.Errorf("got %s", got)
	}
	a := answer{body: []byte("\xff" + strings.Repeat("x", 2*cases.MaxAnswerBody))}
	a.BodySize = int64(len(a.body))
	if got := a.shown(mask{}).Body; !strings.HasPrefix(got, "\uFFFDx") || len(got) > cases.MaxAnswerBody+2 {
		t.Errorf("got %d bytes: %.10q", len(got), got)
	}
}

// TestShownSecret lays a secret over the end of what a result shows, byte by byte.
func TestShownSecret(t *testing.T) {
	const value = "KLMNOPQRST"
	hide := maskOf([]string{value})
	for at := cases.MaxAnswerBody - 2*len(value); at <= cases.MaxAnswerBody+2*len(value); at++ {
		whole := strings.Repeat("-", at) + value + strings.Repeat("-", 100)
		a := answer{body: []byte(whole)[:hide.keep()]}
		a.BodySize = int64(len(whole))
		if got := a.shown(hide).Body; strings.ContainsAny(got, value) || len(got) < cases.MaxAnswerBody-2*len(value) {
			t.Errorf("at %d: %d bytes ...%s", at, len(got), got[len(got)-20:])
		}
	}
}
