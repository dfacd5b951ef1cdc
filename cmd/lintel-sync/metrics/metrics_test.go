package metrics

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/replicas"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/standing"
)

// TestDocumented wants every metric in the README, and none there that is not.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := New()
	m.Standing(standing.Judge("sha256:1", "r", []replicas.Replica{{Name: "a"}}))
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if !strings.Contains(string(text), "| `"+f.GetName()) {
			t.Errorf("the README lacks %s", f.GetName())
		}
	}
	if rows := strings.Count(string(text), "| `lintel_sync_"); rows != len(families) {
		t.Errorf("the README has %d metrics, there are %d", rows, len(families))
	}
}

// TestServe wants readiness only once a round has ended, and a busy port to be an error.
func TestServe(t *testing.T) {
	busy := httptest.NewServer(http.NotFoundHandler())
	defer busy.Close()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if err := New().Serve(t.Context(), strings.TrimPrefix(busy.URL, "http://"), log); err == nil {
		t.Error("a busy port is no error")
	}
	m := New()
	for _, want := range []int{http.StatusServiceUnavailable, http.StatusOK} {
		w := httptest.NewRecorder()
		m.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		if w.Code != want {
			t.Errorf("status %d, want %d", w.Code, want)
		}
		m.Ready()
	}
}
