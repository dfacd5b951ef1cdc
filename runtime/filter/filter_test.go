package filter

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/schemas/route"
)

func TestHeader(t *testing.T) {
	var h Header
	h.Add("A", "1")
	h.Add("b", "2")
	h.Add("a", "3")
	if v, ok := h.Get("a"); v != "1" || !ok {
		t.Errorf("Get: %q %v", v, ok)
	}
	h.Set("a", "4")
	if got := fmt.Sprint(h.Fields()); got != "[{a 4} {b 2}]" {
		t.Errorf("Set: %s", got)
	}
	h.Del("B")
	h.Set("c", "5")
	if got := fmt.Sprint(h.Fields()); got != "[{a 4} {c 5}]" {
		t.Errorf("Del: %s", got)
	}
	if _, ok := h.Get("d"); ok {
		t.Error("found what is not there")
	}
}

func TestEqualFold(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"Host", "hOST", true}, {"a@", "A`", false}, {"x-a", "x-b", false}, {"[", "{", false}, {"", "", true}, {"a", "ab", false}} {
		if EqualFold(c.a, c.b) != c.want || EqualFold(c.b, c.a) != c.want {
			t.Errorf("EqualFold(%q, %q) != %v", c.a, c.b, c.want)
		}
	}
}

// step records its calls.
type step struct {
	name string
	log  *[]string
	stop bool
}

func (s step) Request(x *Exchange) Verdict {
	*s.log = append(*s.log, s.name+"+")
	if s.stop {
		x.Answer(200, "text/plain", nil)
		return Stop
	}
	return Continue
}
func (s step) Response(*Exchange) { *s.log = append(*s.log, s.name+"-") }

func TestChainOrder(t *testing.T) {
	var log []string
	spec := func(name string, phase Phase, priority int, stop bool) Spec {
		return Spec{
			Name: name, Phase: phase, Priority: priority,
			Owns: func(json.RawMessage) ([]string, error) { return []string{"x-" + name}, nil },
			New:  func(Env, json.RawMessage) (Filter, error) { return step{name, &log, stop}, nil },
		}
	}
	reg, err := NewRegistry([]Spec{spec("c", Route, 1, true), spec("b", Edge, 2, false), spec("a", Edge, 1, false), spec("d", Log, 1, false)})
	if err != nil {
		t.Fatal(err)
	}
	c, err := reg.Build(Env{}, route.Filters{"d": nil, "c": nil, "b": nil, "a": nil})
	if err != nil {
		t.Fatal(err)
	}
	x := &Exchange{}
	x.Header.Add("X-A", "spoofed")
	x.Header.Add("X-Other", "kept")
	reached, verdict := c.RunRequest(x)
	c.RunResponse(x, reached)
	if got := strings.Join(log, " "); got != "a+ b+ c+ c- b- a-" || verdict != Stop {
		t.Errorf("order %s, verdict %v", got, verdict)
	}
	if got := fmt.Sprint(x.Header.Fields()); got != "[{X-Other kept}]" {
		t.Errorf("owned headers were not stripped: %s", got)
	}
	if _, err := reg.Build(Env{}, route.Filters{"nope": nil}); err == nil {
		t.Error("an unknown filter was built")
	}
}

func TestRegistryRefusesClashes(t *testing.T) {
	if _, err := NewRegistry([]Spec{{Name: "a"}, {Name: "a", Priority: 1}}); err == nil {
		t.Error("two filters of one name")
	}
	if _, err := NewRegistry([]Spec{{Name: "a"}, {Name: "b"}}); err == nil {
		t.Error("two filters of one place")
	}
}

func TestText(t *testing.T) {
	p := &Params{N: 2}
	p.List[0], p.List[1] = Param{"id", "7"}, Param{"rest", "a/b"}
	text, err := ParseText("/x/{id}/{rest...}?{id}", []string{"id", "rest"})
	if err != nil {
		t.Fatal(err)
	}
	if got := text.Expand(p); got != "/x/7/a/b?7" {
		t.Error(got)
	}
	for _, bad := range []string{"/{", "/{nope}", "/{id"} {
		if _, err := ParseText(bad, []string{"id"}); err == nil {
			t.Errorf("%q was parsed", bad)
		}
	}
}

func TestSafePath(t *testing.T) {
	for p, want := range map[string]bool{
		"/": true, "/a/..b": true, "/a/...": true, "/.well-known": true, "//": true,
		"": false, "a": false, "/a/..": false, "/../a": false, "/a/./b": false, "/a b": false, "/a?": false, "/a\\b": false, "/a\x00": false, "/\x7f": false,
	} {
		if SafePath(p) != want {
			t.Errorf("SafePath(%q) != %v", p, want)
		}
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	var s Secret
	s.Set("hunter2")
	if got := fmt.Sprintf("%v %+v %#v %s", &s, &s, &s, &s); strings.Contains(got, "hunter2") {
		t.Errorf("a secret was printed: %s", got)
	}
}

func TestDefineIsStrict(t *testing.T) {
	s := Define(Definition[struct {
		A int `json:"a"`
	}]{Name: "x", New: func(Env, struct {
		A int `json:"a"`
	},
	) (Filter, error) {
		return step{}, nil
	}})
	if _, err := s.New(Env{}, json.RawMessage(`{"a":1,"b":2}`)); err == nil {
		t.Error("an unknown field was taken")
	}
}
