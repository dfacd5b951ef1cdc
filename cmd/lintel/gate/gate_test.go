package gate

import (
	"bytes"
	"encoding/xml"
	"os/exec"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/compiler/explain"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

func caseOf(t *testing.T, spec string) *cases.Case {
	t.Helper()
	s, err := cases.ParseSpec([]byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	return &cases.Case{Route: "shop.example/cart", Name: "a", File: "routes/shop.example/a.cue", Line: 3, Column: 2, Spec: s}
}

// TestCurl: a shell makes of the line just the words that were meant.
func TestCurl(t *testing.T) {
	c := caseOf(t, `{"request": {"method": "POST", "host": "shop.example", "path": "/a/../b?x=$HOME&y='z'",
		"headers": {"x-odd": "it's \"odd\" $(id)", "authorization": {"secret": "key", "prefix": "Bearer "}, "x-two": ["1", "2"]},
		"json": {"a": "'"}}, "expect": {}}`)
	line := Curl(c, "http://127.0.0.1:8080")
	out, err := exec.Command("sh", "-c", strings.Replace(line, "curl", "printf '%s\\n'", 1)).Output()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"-i", "--path-as-is", "-X", "POST", "-H", "Host: shop.example", "-H", "authorization: Bearer <secret key>",
		"-H", `x-odd: it's "odd" $(id)`, "-H", "x-two: 1", "-H", "x-two: 2", "-H", "Content-Type: application/json",
		"--data-binary", `{"a": "'"}`, "http://127.0.0.1:8080/a/../b?x=$HOME&y='z'", "",
	}, "\n")
	if string(out) != want {
		t.Errorf("the words are\n%s\nwant\n%s", out, want)
	}
	for spec, part := range map[string]string{
		`{"request": {"method": "HEAD", "path": "/"}, "expect": {}}`:                      " --head ",
		`{"request": {"method": "GET", "path": "/", "websocket": ["a"]}, "expect": {}}`:   "'Upgrade: websocket'",
		`{"request": {"method": "GET", "path": "/", "body": "a\nb"}, "expect": {}}`:       "--data-binary 'a\nb'",
		`{"request": {"method": "GET", "path": "/", "headers": {"x": ""}}, "expect": {}}`: "-H 'x: '",
	} {
		if got := Curl(caseOf(t, spec), DevBase); !strings.Contains(got, part) {
			t.Errorf("%s: %s", spec, got)
		}
	}
}

func TestWhySentences(t *testing.T) {
	steps := []table.TraceStep{
		{Route: "d/a", Host: "a.example", Path: "exact /x", Verdict: "header x-stage", Failed: []string{"header x-stage", "method"}},
		{Route: "d/b", Host: "*.example", Path: "prefix /", Verdict: "wins"},
		{Route: "d/c", Host: "*.example", Path: "prefix /", Verdict: "loses"},
		{Route: "d/m", Host: "*.example", Path: "prefix /", Verdict: "method", Failed: []string{"method"}},
	}
	for _, c := range []struct {
		trace table.Trace
		want  string
		says  string
	}{
		{table.Trace{Route: "d/b", Domain: "d", Outcome: "matched", Steps: steps}, "d/a", "d/a (exact /x) wants another header x-stage, another method; d/b takes it on host *.example by prefix /"},
		{table.Trace{Route: "d/b", Domain: "d", Outcome: "matched", Steps: steps}, "d/c", "d/c takes it too, but stands later in the order (prefix /); d/b takes it on host *.example by prefix /"},
		{table.Trace{Route: "d/b", Domain: "d", Outcome: "matched", Steps: steps}, "d/m", "d/m does not take the method; d/b takes it on host *.example by prefix /"},
		{table.Trace{Route: "d/b", Domain: "d", Outcome: "matched", Steps: steps}, "", "d/b takes it on host *.example by prefix /"},
		{table.Trace{Domain: "d", Outcome: "method-mismatch", Allow: []string{"GET", "HEAD"}}, "d/z", "d/z does not take the host and path; no route takes it with this method, only with GET, HEAD"},
		{table.Trace{Domain: "d", Outcome: "not-found"}, "d/z", "d/z does not take the host and path; no route of d takes it"},
		{table.Trace{Outcome: "not-found"}, "d/z", "d/z does not take the host and path; no domain owns the host"},
	} {
		if got := explain.Instead(c.trace, c.want); got != c.says {
			t.Errorf("want %q: it says %q", c.says, got)
		}
	}
}

// TestJUnit: whatever an answer holds, the report is XML.
func TestJUnit(t *testing.T) {
	c := caseOf(t, `{"request": {"method": "GET", "path": "/\u0001"}, "expect": {}}`)
	c.Name = "a <b> & \x02"
	v := &Verdict{
		Cases: []cases.Case{*c, {Route: "other.example/x", Name: "good"}},
		Results: []cases.Result{
			{Mismatches: []cases.Mismatch{{Field: "body", Want: "]]>", Got: "\x00\ufffe\xff"}}},
			{Index: 1, Passed: true, Millis: 1.5},
		},
	}
	var b bytes.Buffer
	if err := v.WriteJUnit(&b, func(*cases.Case) string { return "" }); err != nil {
		t.Fatal(err)
	}
	var got junitSuites
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s", err, b.Bytes())
	}
	if got.Tests != 2 || got.Failures != 1 || len(got.Suites) != 2 || got.Suites[0].Cases[0].Failure == nil || got.Suites[1].Cases[0].Time != "0.002" {
		t.Errorf("the report is %+v", got)
	}
}

func TestSafe(t *testing.T) {
	for spec, want := range map[string]bool{
		`{"method": "GET", "path": "/a?x=1"}`:                                 true,
		`{"method": "HEAD", "path": "/"}`:                                     true,
		`{"method": "OPTIONS", "path": "/", "headers": {"origin": "x"}}`:      true,
		`{"method": "POST", "path": "/"}`:                                     false,
		`{"method": "GET", "path": "/", "repeat": 2}`:                         false,
		`{"method": "GET", "path": "/", "body": "x"}`:                         false,
		`{"method": "GET", "path": "/", "websocket": ["a"]}`:                  false,
		`{"method": "GET", "path": "/", "headers": {"X-Echo-Status": "500"}}`: false,
		`{"method": "GET", "path": "/?delay=5s"}`:                             false,
	} {
		c := caseOf(t, `{"request": `+spec+`, "expect": {}}`)
		if got := safe(&c.Spec.Request); got != want {
			t.Errorf("%s: safe is %v", spec, got)
		}
	}
}
