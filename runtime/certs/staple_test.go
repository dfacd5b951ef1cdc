package certs

import (
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
)

// TestStaple: what the authority says of a certificate goes to clients while it is good,
// whatever happens to the file meanwhile.
func TestStaple(t *testing.T) {
	dir, a := t.TempDir(), newAuthority(t)
	one := issue(t, a, authority.Request{Names: []string{"a.example"}})
	files := put(t, dir, "a", one)
	files.OCSP = filepath.Join(dir, "a.ocsp")
	say := func(p *authority.Pair, status int, until time.Time) {
		t.Helper()
		data, err := a.Vouch(p, status, until)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(files.OCSP, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	var out lines
	say(one, ocsp.Good, now.Add(time.Hour))
	s, err := New(Config{Pairs: []Files{files}, Log: slog.New(slog.NewTextHandler(&out, nil)), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	stapled := func() bool {
		t.Helper()
		state, err := shake(t, s, &tls.Config{RootCAs: a.Pool, ServerName: "a.example"})
		if err != nil {
			t.Fatal(err)
		}
		return len(state.OCSPResponse) > 0
	}
	if !stapled() {
		t.Error("a good response is not sent")
	}
	if err := os.Remove(files.OCSP); err != nil {
		t.Fatal(err)
	}
	if s.Refresh(); !stapled() {
		t.Error("a response is lost with its file")
	}
	now = now.Add(2 * time.Hour)
	if s.Refresh(); stapled() {
		t.Error("a response that has ended is sent")
	}
	say(one, ocsp.Good, now.Add(time.Hour))
	if s.Refresh(); !stapled() {
		t.Error("a new response is not sent")
	}
	say(one, ocsp.Revoked, now.Add(time.Hour))
	if s.Refresh(); stapled() {
		t.Error("a response that says revoked is sent")
	}
	other := issue(t, a, authority.Request{Names: []string{"b.example"}})
	say(other, ocsp.Good, now.Add(time.Hour))
	if s.Refresh(); stapled() {
		t.Error("a response about another certificate is sent")
	}
	if err := os.WriteFile(files.OCSP, []byte("no response"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Refresh()
	s.Refresh()
	if n := out.count("no OCSP response for the certificate"); n != 2 {
		t.Errorf("what is wrong was told %d times, want once for each of two files", n)
	}
	// The certificate is replaced, and so is the response.
	say(one, ocsp.Good, now.Add(time.Hour))
	if s.Refresh(); !stapled() {
		t.Error("a good response is not taken again")
	}
	put(t, dir, "a", issue(t, a, authority.Request{Names: []string{"a.example"}}))
	if s.Refresh(); stapled() {
		t.Error("the response about the certificate of before is sent with the new one")
	}
}

// TestTickets: two gateways with the same keys resume each other's sessions, also over a
// change of keys; with other keys they do not.
func TestTickets(t *testing.T) {
	dir, a := t.TempDir(), newAuthority(t)
	files := put(t, dir, "a", issue(t, a, authority.Request{Names: []string{"a.example"}}))
	key := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	now, before := key("now", "0123456789abcdef0123456789abcdef"), key("before", "fedcba9876543210fedcba9876543210")
	store := func(keys ...string) *Store {
		t.Helper()
		s, err := New(Config{Pairs: []Files{files}, TicketKeys: keys, HTTP2: true})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	client := &tls.Config{RootCAs: a.Pool, ServerName: "a.example", MaxVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(4), NextProtos: []string{"h2"}}
	resumed := func(s *Store) bool {
		t.Helper()
		state, err := shake(t, s, client)
		if err != nil {
			t.Fatal(err)
		}
		if state.NegotiatedProtocol != "h2" {
			t.Errorf("the protocol is %q", state.NegotiatedProtocol)
		}
		return state.DidResume
	}
	first, second := store(now, before), store(now, before)
	if resumed(first) || !resumed(second) || !resumed(first) {
		t.Error("a session is not resumed by a gateway with the same keys")
	}
	if third := store(before); resumed(third) {
		t.Error("a session is resumed without its key")
	}
	key("now", "another key another key another key")
	key("before", "0123456789abcdef0123456789abcdef")
	if resumed(first); !resumed(second) {
		t.Error("the session of the old key is not resumed")
	}
	second.Refresh()
	if !slices.Equal(second.keys.keys, store(now, before).keys.keys) {
		t.Error("the keys are not those of the files")
	}
	if !resumed(second) {
		t.Error("after the change a session of the key of before is not resumed")
	}
	key("now", "short")
	second.Refresh()
	if !resumed(second) {
		t.Error("a key that is too short took the good ones away")
	}
	if _, err := New(Config{Pairs: []Files{files}, TicketKeys: []string{now}}); err == nil {
		t.Error("a key that is too short is taken at the start")
	}
}
