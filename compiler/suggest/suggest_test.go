package suggest_test

import (
	"testing"

	"github.com/lintel-gateway/lintel/compiler/suggest"
)

func TestNearest(t *testing.T) {
	for _, c := range []struct {
		name       string
		candidates []string
		want       string
	}{
		{"host", []string{"hosts", "path"}, "hosts"},
		{"host", []string{"hosts", "cookies", "a"}, "hosts"},
		{"rewirte", []string{"rewrite", "respond"}, "rewrite"},
		{"get", []string{"GET", "PUT"}, "GET"},
		{"FETCH", []string{"PATCH", "GET"}, ""},
		{"orders", []string{"orders"}, ""},
		{"requestid", []string{"requestId"}, "requestId"},
		{"ab", []string{"ac", "aa"}, "aa"},
		{"zzz", nil, ""},
		{"", []string{"a"}, "a"},
	} {
		if got := suggest.Nearest(c.name, c.candidates); got != c.want {
			t.Errorf("Nearest(%q, %q) = %q, want %q", c.name, c.candidates, got, c.want)
		}
	}
}

func FuzzNearest(f *testing.F) {
	f.Add("rewirte", "rewrite")
	f.Add("é", "e\xff")
	f.Fuzz(func(t *testing.T, a, b string) {
		if got := suggest.Nearest(a, []string{b}); got != "" && got != b {
			t.Errorf("Nearest(%q, %q) = %q, which is no candidate", a, b, got)
		}
	})
}
