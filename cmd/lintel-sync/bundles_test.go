package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"

	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// makeBundle encodes a bundle with one route that answers with the text, and filler of
// about so many bytes that do not compress.
func makeBundle(t testing.TB, revision, text string, filler int) *bundle.Bundle {
	t.Helper()
	random := rand.NewChaCha8([32]byte{byte(filler)})
	d := route.Domain{Name: "h.example", Hosts: []string{"h.example"}, MethodMismatch: 405}
	sources := map[string]bundle.Source{}
	for i := 0; i == 0 || i*4000 < filler; i++ {
		body := text
		if i > 0 {
			noise := make([]byte, 3000)
			_, _ = random.Read(noise)
			body = fmt.Sprintf("%x", noise)
		}
		id := fmt.Sprintf("h.example/r%05d", i)
		d.Routes = append(d.Routes, route.Route{
			ID: id, OnRouteChange: "keep",
			Match:    route.Match{Hosts: []string{"h.example"}, Path: route.Path{Prefix: fmt.Sprintf("/%d", i)}},
			Timeouts: route.Timeouts{Connect: 5e9, Read: 60e9, Write: 60e9, Idle: 3600e9},
			Filters:  route.Filters{"respond": fmt.Appendf(nil, `{"body":%q,"contentType":"text/plain","status":200}`, body)},
		})
		sources[id] = bundle.Source{Module: "main", File: "routes/h.example/main.cue", Line: i + 1, Column: 1}
	}
	b, err := bundle.Encode(bundle.Content{Domains: []route.Domain{d}, Sources: sources}, bundle.Meta{Revision: revision, Compiler: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// writeBundle writes a bundle as a directory of its own.
func writeBundle(t testing.TB, b *bundle.Bundle) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bundle")
	if err := b.WriteDir(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// fakeGateway answers /-/bundle with what a test says.
type fakeGateway struct {
	mu     sync.Mutex
	answer string
	url    string
}

func newFakeGateway(t testing.TB) *fakeGateway {
	g := &fakeGateway{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if r.URL.Path != "/-/bundle" || g.answer == "" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, g.answer)
	}))
	t.Cleanup(s.Close)
	g.url = s.URL
	return g
}

func (g *fakeGateway) set(answer string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answer = answer
}

func (g *fakeGateway) serves(digest string) {
	g.set(fmt.Sprintf(`{"digest":%q,"revision":"r","routes":1,"loaded_at":"2026-01-02T03:04:05Z","last_error":null,"rejected_digest":"","snapshots":[{"digest":%q,"users":2,"current":true}]}`, digest, digest))
}

func (g *fakeGateway) refuses(serving, rejected string) {
	g.set(fmt.Sprintf(`{"digest":%q,"last_error":{"code":"bundle-refused","message":"filter jwt is not known"},"rejected_digest":%q}`, serving, rejected))
}

// scrape reads a page of a test's own server.
func scrape(t testing.TB, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
