package remote_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/compiler/diff/remote"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/gatewaytest"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// small is a bundle with one route of this name.
func small(t *testing.T, name string) *bundle.Bundle {
	t.Helper()
	b, err := bundle.Encode(bundle.Content{
		Domains: []route.Domain{{
			Name: "a.example", Hosts: []string{"a.example"}, MethodMismatch: 405,
			Routes: []route.Route{{
				ID: "a.example/" + name, Match: route.Match{Hosts: []string{"a.example"}, Path: route.Path{Prefix: "/"}},
				Filters:       route.Filters{"respond": []byte(`{"body":"hello","contentType":"text/plain","status":200}`)},
				OnRouteChange: "keep",
			}},
		}},
		Sources: map[string]bundle.Source{"a.example/" + name: {Module: "a", File: "routes/a.example/a.cue", Line: 3, Column: 9}},
	}, bundle.Meta{Compiler: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGateway(t *testing.T) {
	want := small(t, "one")
	dir := t.TempDir()
	if err := want.WriteDir(dir); err != nil {
		t.Fatal(err)
	}
	g, _ := gatewaytest.Start(t, dir, nil)
	var got *bundle.Bundle
	var err error
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if got, err = remote.Open(context.Background(), "http://"+g.AdminAddress()+"/", bundle.Limits{}); err == nil {
			break
		}
		if !strings.Contains(err.Error(), "serves no bundle yet") {
			t.Fatal(err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if got.Digest() != want.Digest() || !got.Equal(want) {
		t.Error("what was read is not what is served")
	}
}

// serve answers as an admin address does, with the files as change leaves them.
func serve(t *testing.T, b *bundle.Bundle, change func(w http.ResponseWriter, r *http.Request) bool) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if change != nil && change(w, r) {
			return
		}
		if r.URL.Path == "/-/bundle" {
			_, _ = w.Write([]byte(`{"digest":"` + b.Digest() + `"}`))
			return
		}
		data, ok := b.Files()[path.Base(r.URL.Path)]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(data)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestRefused(t *testing.T) {
	b, other := small(t, "one"), small(t, "two")
	answer := func(suffix, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, suffix) {
				return false
			}
			_, _ = w.Write([]byte(body))
			return true
		}
	}
	status := func(suffix string, code int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, suffix) {
				return false
			}
			w.Header().Set("Location", "/-/live")
			w.WriteHeader(code)
			return true
		}
	}
	name := b.Manifest().Shards[0].Name()
	shard := string(b.Files()[name])
	flipped := shard[:20] + string([]byte{shard[20] ^ 1}) + shard[21:]
	for _, c := range []struct {
		name   string
		change func(http.ResponseWriter, *http.Request) bool
		want   string
	}{
		{"another server", answer("/bundle", "<html>"), "not that of a gateway's admin address"},
		{"another API", answer("/bundle", `{"ok":true}`), "not that of a gateway's admin address"},
		{"no such path", status("/bundle", 404), "not that of a gateway's admin address: 404"},
		{"nothing served", answer("/bundle", `{"digest":""}`), "the gateway serves no bundle yet"},
		{"a redirect", status("/bundle", 302), "the gateway answers 302 to /-/bundle"},
		{"an error", status("manifest.json", 500), "the gateway answers 500 to /-/bundle/files/manifest.json"},
		{"another manifest", answer("manifest.json", string(other.Files()["manifest.json"])), "the gateway swaps bundles all the time"},
		{"a status that never ends", answer("/bundle", strings.Repeat(" ", 2<<20)), "longer than 1048576 bytes"},
		{"a manifest that never ends", answer("manifest.json", strings.Repeat(" ", 5<<20)), "longer than 4194304 bytes"},
		{"a shard that is gone", status(".zst", 404), "the gateway swaps bundles all the time"},
		{"a shard that is changed", answer(name, flipped), "the bytes of the file are not those"},
		{"a shard that is cut off", answer(name, shard[:len(shard)-1]), "the bytes of the file are not those"},
		{"a shard that is longer", answer(name, shard+"x"), "is longer than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := remote.Open(context.Background(), serve(t, b, c.change), bundle.Limits{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestSwapDuringRead holds that a gateway that swaps during a read is read again.
func TestSwapDuringRead(t *testing.T) {
	old, new := small(t, "one"), small(t, "two")
	var asked atomic.Int32
	url := serve(t, new, func(w http.ResponseWriter, r *http.Request) bool {
		// The old bundle, until the first of its shards was asked for.
		if strings.HasSuffix(r.URL.Path, ".zst") || asked.Load() > 1 {
			return false
		}
		asked.Add(1)
		if r.URL.Path == "/-/bundle" {
			_, _ = w.Write([]byte(`{"digest":"` + old.Digest() + `"}`))
		} else {
			_, _ = w.Write(old.Files()["manifest.json"])
		}
		return true
	})
	b, err := remote.Open(context.Background(), url, bundle.Limits{})
	if err != nil || b.Digest() != new.Digest() {
		t.Errorf("%v", err)
	}
}

func TestNoAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	// A listener that accepts nothing and says nothing.
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if _, err := remote.Open(ctx, "http://"+address, bundle.Limits{}); err == nil {
		t.Error("silence was an answer")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := remote.Open(context.Background(), "http://"+address, bundle.Limits{}); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Error(err)
	}
}

func TestValid(t *testing.T) {
	for _, good := range []string{"http://127.0.0.1:8081", "http://127.0.0.1:8081/", "https://[::1]:8081"} {
		if err := remote.Valid(good); err != nil || !remote.Is(good) {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"http://", "http:///x", "http://a:b@c:80", "http://c/-/bundle", "http://c?x=1", "http://c#x", "http://c:x", "http://c\x1b",
	} {
		if remote.Valid(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	for _, no := range []string{"routes", "main", "file:///etc", "ftp://c"} {
		if remote.Is(no) {
			t.Errorf("%q is taken for a gateway", no)
		}
	}
}
