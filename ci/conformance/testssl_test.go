package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadAudit(t *testing.T) {
	got, err := readAudit([]byte(`[
		{"id": "SSLv2", "severity": "OK", "finding": "not offered"},
		{"id": "TLS1_3", "severity": "INFO", "finding": "offered"},
		{"id": "BREACH", "severity": "WARN", "finding": "no reply"},
		{"id": "LOGJAM", "severity": "HIGH", "finding": "VULNERABLE"}]`))
	if err != nil {
		t.Fatal(err)
	}
	want := []verdict{{Case: "SSLv2"}, {Case: "TLS1_3"}, {"BREACH", skipped, "no reply"}, {"LOGJAM", failed, "HIGH: VULNERABLE"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, err := readAudit([]byte("[{")); err == nil {
		t.Error("a report that is cut off is taken")
	}
}

func TestServed(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want outcome
	}{
		"always":    {"service available:   YES\nservice available:   YES\n", passed},
		"coloured":  {"service available:   \x1b[1;32mYES\x1b[0m\n", passed},
		"sometimes": {"service available:   YES\nservice available:   NO\n", failed},
		"nothing":   {"usage", failed},
	} {
		if v := served(name, c.text, nil); v.Outcome != c.want {
			t.Errorf("%s: %+v", name, v)
		}
	}
}
