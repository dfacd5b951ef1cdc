package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSoak soaks for a few seconds: every kind of client is served, and nothing is wrong.
func TestSoak(t *testing.T) {
	program := filepath.Join(t.TempDir(), "lintel-gateway")
	build := exec.Command("go", "build", "-o", program, "../../cmd/lintel-gateway")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err := run(t.Context(), options{gateway: program, span: 5 * time.Second, swaps: 20, every: time.Second, pause: 30 * time.Millisecond}, &out)
	if err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	for _, kind := range []string{"HTTP/1.1 to", "HTTP/1.1 TLS to", "HTTP/2 to", "HTTP/2 TLS to", "HTTP/3 to", "WebSocket ws", "bundles mounted", "upstream failures"} {
		if !strings.Contains(out.String(), kind) {
			t.Errorf("nothing is said of %q:\n%s", kind, out.String())
		}
	}
}

// TestVerdict: what grows is found, what swings is not.
func TestVerdict(t *testing.T) {
	var flat, leak, noisy samples
	for i := range 30 {
		flat = append(flat, sample{rss: 40, goroutines: 100, descriptors: 80})
		leak = append(leak, sample{rss: 40, goroutines: 100, descriptors: 80 + 40*i})
		noisy = append(noisy, sample{rss: 40 + float64(i%5)*3, goroutines: 100 + float64(i%7)*10, descriptors: 80 + i%9})
	}
	if flat.verdict() != nil || noisy.verdict() != nil || flat[:5].verdict() != nil {
		t.Error("what does not grow is refused")
	}
	if err := leak.verdict(); err == nil || !strings.Contains(err.Error(), "descriptors grow from ") {
		t.Errorf("descriptors grow: %v", err)
	}
}
