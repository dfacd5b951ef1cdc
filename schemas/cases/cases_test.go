package cases

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const set = `{
  "bundle": "sha256:00",
  "cases": [
    {
      "route": "shop.example/cart",
      "name": "all of it",
      "file": "routes/shop.example/a.cue",
      "line": 7,
      "column": 3,
      "case": {
        "description": "d",
        "request": {
          "method": "POST",
          "scheme": "http",
          "host": "shop.example",
          "path": "/cart?x=1",
          "headers": {
            "authorization": {
              "secret": "key",
              "prefix": "Bearer "
            },
            "x-many": [
              "1",
              "2"
            ],
            "x-one": "1"
          },
          "json": {"a":[1]},
          "repeat": 3
        },
        "expect": {
          "status": 200,
          "headers": {
            "server": {
              "present": false
            },
            "x-a": "1"
          },
          "absentHeaders": [
            "via"
          ],
          "body": {
            "contains": "<a>"
          },
          "jsonPath": {
            "$.a[0]": 1
          },
          "route": "",
          "upstream": {
            "name": "orders",
            "headers": {
              "x-key": {
                "secret": "key"
              }
            },
            "body": "all"
          },
          "duration": {
            "min": "1s",
            "max": "1m30s"
          },
          "counts": [
            {
              "status": 200,
              "min": 0,
              "max": 3
            }
          ]
        }
      }
    }
  ]
}
`

// TestSet reads and writes a set with everything in it: the same text comes back.
func TestSet(t *testing.T) {
	s, err := Read(strings.NewReader(set))
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(compact(t, set), compact(t, string(got))); d != "" {
		t.Error(d)
	}
	c := &s.Cases[0]
	if c.Domain() != "shop.example" || c.ID() != "shop.example/cart all of it" || c.Spec.Request.Times() != 3 {
		t.Errorf("domain %q, id %q, times %d", c.Domain(), c.ID(), c.Spec.Request.Times())
	}
	if body, typed := c.Spec.Request.Content(); !typed || compact(t, body) != `{"a":[1]}` {
		t.Errorf("content %q, typed %v", body, typed)
	}
}

func compact(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(s)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReadStrict(t *testing.T) {
	for name, text := range map[string]string{
		"unknown field":    `{"bundle": "", "cases": [], "more": 1}`,
		"unknown in case":  `{"cases": [{"case": {"request": {"verb": "GET"}, "expect": {}}}]}`,
		"text after it":    `{"cases": []} x`,
		"two sets":         `{"cases": []}{"cases": []}`,
		"cut off":          `{"cases": [`,
		"odd header":       `{"cases": [{"case": {"request": {"headers": {"x": 1}}, "expect": {}}}]}`,
		"odd secret":       `{"cases": [{"case": {"request": {"headers": {"x": {"secret": "a", "exact": "b"}}}, "expect": {}}}]}`,
		"negative time":    `{"cases": [{"case": {"request": {}, "expect": {"duration": {"max": "-1s"}}}}]}`,
		"nothing":          ``,
		"a list, no cases": `[]`,
	} {
		if _, err := Read(strings.NewReader(text)); err == nil {
			t.Errorf("%s: %s was read", name, text)
		}
	}
}

func TestTextHolds(t *testing.T) {
	p := func(s string) *string { return &s }
	yes, no := true, false
	for _, c := range []struct {
		test    Text
		text    string
		present bool
		want    bool
	}{
		{Text{Exact: p("a")}, "a", true, true},
		{Text{Exact: p("a")}, "A", true, false},
		{Text{Exact: p("")}, "", false, false},
		{Text{Prefix: p("ab"), Contains: p("c")}, "abc", true, true},
		{Text{Prefix: p("ab"), Contains: p("d")}, "abc", true, false},
		{Text{Regex: p("a+")}, "aaa", true, true},
		{Text{Regex: p("a+")}, "aaab", true, false},
		{Text{Regex: p("a|b")}, "ab", true, false},
		{Text{Regex: p("a.b")}, "a\nb", true, true},
		{Text{Regex: p("(")}, "(", true, false},
		{Text{Present: &yes}, "", true, true},
		{Text{Present: &yes}, "", false, false},
		{Text{Present: &no}, "", false, true},
		{Text{Present: &no}, "x", true, false},
		{Text{Present: &yes, Prefix: p("x")}, "xy", true, true},
		{Text{Regex: p(".*")}, "", false, false},
	} {
		if got := c.test.Holds(c.text, c.present); got != c.want {
			t.Errorf("%s on %q (present %v) is %v", c.test.String(), c.text, c.present, got)
		}
	}
}

func TestPath(t *testing.T) {
	var v any
	if err := json.Unmarshal([]byte(`{"a": [{"b c": 1}, {"é": null}], "x'y": {"]": true}, "n": 7}`), &v); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]any{
		"$":                 v,
		"$.n":               7.0,
		"$.a[0]['b c']":     1.0,
		`$.a[0]["b c"]`:     1.0,
		"$.a[-1].é":         nil,
		`$['x\'y'][']']`:    true,
		"$['a'][-2]['b c']": 1.0,
	} {
		p, err := ParsePath(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if got, ok := p.Select(v); !ok || !cmp.Equal(got, want) {
			t.Errorf("%s selects %v, %v", path, got, ok)
		}
	}
	for _, path := range []string{"$.b", "$.a[2]", "$.a[-3]", "$.n.x", "$.a.x", "$.n[0]"} {
		p, err := ParsePath(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if got, ok := p.Select(v); ok {
			t.Errorf("%s selects %v", path, got)
		}
	}
	for _, path := range []string{"", "a", ".a", "$a", "$.", "$..a", "$[*]", "$.*", "$[?@.a]", "$[0:1]", "$['a'", "$['a", "$[+1]", "$[]", "$.1a", "$['a'x]"} {
		if _, err := ParsePath(path); err == nil {
			t.Errorf("%q was taken", path)
		}
	}
}

// FuzzRead: whatever is read is written and read again as the same.
func FuzzRead(f *testing.F) {
	f.Add([]byte(set))
	f.Add([]byte(`{"cases": [{"case": {"request": {"headers": {"a": []}, "websocket": []}, "expect": {"body": {}, "route": null}}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		text, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Read(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		second, err := again.Encode()
		if err != nil || !bytes.Equal(text, second) {
			t.Fatalf("%v\n%s\n%s", err, text, second)
		}
	})
}

// FuzzPath: no text makes the parser fail, and what is parsed selects without one.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"$", "$.a[0]['b c']", `$["x\"y"]`, "$[-1]", "$["} {
		f.Add(s)
	}
	v := map[string]any{"a": []any{map[string]any{"b c": 1.0}}}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePath(text)
		if err == nil {
			p.Select(v)
		} else if err.Error() == "" {
			t.Error("an error without a word")
		}
	})
}
