package respond

import (
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

func TestAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		config      Config
		contentType string
		body        string
	}{
		"text": {Config{Status: 200, Body: "ok\n", ContentType: "text/html"}, "text/html", "ok\n"},
		"json": {Config{Status: 410, JSON: []byte(`{ "a": 1 }`), ContentType: "text/plain"}, "application/json", `{"a":1}`},
		"null": {Config{Status: 200, JSON: []byte(`null`)}, "application/json", `null`},
	} {
		f, err := build(filter.Env{}, c.config)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		x := &filter.Exchange{}
		if f.(filter.RequestFilter).Request(x) != filter.Stop {
			t.Errorf("%s: went on", name)
		}
		contentType, body, ok := x.Answered()
		if !ok || x.Status != c.config.Status || contentType != c.contentType || string(body) != c.body {
			t.Errorf("%s: %d %s %s", name, x.Status, contentType, body)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	for name, c := range map[string]Config{
		"both": {Status: 200, Body: "a", JSON: []byte("1")}, "informational": {Status: 101}, "no such status": {Status: 600}, "body of a 204": {Status: 204, Body: "a"},
	} {
		if _, err := build(filter.Env{}, c); err == nil {
			t.Errorf("%s: built", name)
		}
	}
}
