package certs

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509/pkix"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
)

func newAuthority(t *testing.T) *authority.Authority {
	t.Helper()
	a, err := authority.New("test root")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issue(t *testing.T, a *authority.Authority, r authority.Request) *authority.Pair {
	t.Helper()
	p, err := a.Issue(r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// put writes a pair's files into dir and names them.
func put(t *testing.T, dir, name string, p *authority.Pair) Files {
	t.Helper()
	f := Files{filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key"), ""}
	for path, data := range map[string][]byte{f.Cert: p.Cert, f.Key: p.Key} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// lines is a log that a test reads.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}

// shake makes a handshake over a pipe and returns what the client saw.
func shake(t *testing.T, s *Store, c *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	late := time.Now().Add(5 * time.Second)
	_, _ = client.SetDeadline(late), server.SetDeadline(late)
	done := make(chan error, 1)
	go func() {
		err := tls.Server(server, s.Config()).Handshake()
		_ = server.Close()
		done <- err
	}()
	c.InsecureSkipVerify = c.RootCAs == nil
	out := tls.Client(client, c)
	err := out.Handshake()
	state := out.ConnectionState()
	_, _ = io.Copy(io.Discard, out) // a session ticket, or the server's opinion
	_ = client.Close()
	if theirs := <-done; theirs != nil {
		err = theirs
	}
	return state, err
}

func leaf(t *testing.T, s *Store, c *tls.Config) string {
	t.Helper()
	state, err := shake(t, s, c)
	if err != nil {
		t.Fatalf("handshake for %q: %v", c.ServerName, err)
	}
	text := state.PeerCertificates[0].Subject.CommonName
	if _, ok := state.PeerCertificates[0].PublicKey.(*rsa.PublicKey); ok {
		text += " rsa"
	}
	return text
}

func TestChoice(t *testing.T) {
	a, dir := newAuthority(t), t.TempDir()
	var pairs []Files
	for name, r := range map[int]authority.Request{
		0: {Names: []string{"first.example"}, RSA: true},
		1: {Names: []string{"a.example", "b.example"}},
		2: {Names: []string{"*.example"}},
		3: {Names: []string{"*.deep.example"}},
		4: {Names: []string{"first.example"}},
	} {
		for len(pairs) <= name {
			pairs = append(pairs, Files{})
		}
		pairs[name] = put(t, dir, string(rune('a'+name)), issue(t, a, r))
	}
	s, err := New(Config{Pairs: pairs})
	if err != nil {
		t.Fatal(err)
	}
	onlyRSA := []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	for _, c := range []struct {
		name    string
		ciphers []uint16
		want    string
	}{
		{"a.example", nil, "a.example"},
		{"B.Example", nil, "a.example"},
		{"c.example", nil, "*.example"},
		{"x.deep.example", nil, "*.deep.example"},
		{"deep.example", nil, "*.example"},
		{"x.y.example", nil, "first.example"},
		{"first.example", nil, "first.example"},
		{"first.example", onlyRSA, "first.example rsa"},
		{"nobody.test", onlyRSA, "first.example rsa"},
		{"nobody.test", nil, "first.example"},
		{"", nil, "first.example"},
	} {
		config := &tls.Config{ServerName: c.name, CipherSuites: c.ciphers}
		if c.ciphers != nil {
			config.MaxVersion = tls.VersionTLS12
		}
		if got := leaf(t, s, config); got != c.want {
			t.Errorf("%q (%d ciphers) is served by %q, want %q", c.name, len(c.ciphers), got, c.want)
		}
	}
}

func TestRefusedAtTheStart(t *testing.T) {
	a, dir := newAuthority(t), t.TempDir()
	one := put(t, dir, "one", issue(t, a, authority.Request{Names: []string{"one.example"}}))
	two := put(t, dir, "two", issue(t, a, authority.Request{Names: []string{"two.example"}}))
	huge := filepath.Join(dir, "huge")
	if err := os.WriteFile(huge, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		cfg  Config
		want string
	}{
		"none":       {Config{}, "give at least one certificate"},
		"no file":    {Config{Pairs: []Files{one, {one.Cert, "", ""}}}, "certificates[1]: key: no file is named"},
		"missing":    {Config{Pairs: []Files{{filepath.Join(dir, "absent"), one.Key, ""}}}, "certificates[0]: certificate: open "},
		"huge":       {Config{Pairs: []Files{{huge, one.Key, ""}}}, "certificates[0]: certificate: " + huge + " is over the limit"},
		"mismatch":   {Config{Pairs: []Files{{one.Cert, two.Key, ""}}}, "certificates[0]: certificate " + one.Cert + " and key " + two.Key + " are no pair"},
		"no CA":      {Config{Pairs: []Files{one}, ClientAuth: tls.RequireAndVerifyClientCert}, "clientAuth.ca: no file is named"},
		"key as CA":  {Config{Pairs: []Files{one}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCA: one.Key}, "clientAuth.ca: " + one.Key + " holds a PEM block \"PRIVATE KEY\""},
		"text as CA": {Config{Pairs: []Files{one}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCA: huge}, "clientAuth.ca: " + huge + " is over the limit"},
	} {
		if _, err := New(c.cfg); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// TestReload replaces files as the kubelet does. What is unsound changes nothing, and
// is told once.
func TestReload(t *testing.T) {
	a, dir := newAuthority(t), t.TempDir()
	kube, err := runtimetest.NewKubeletWriter(dir)
	if err != nil {
		t.Fatal(err)
	}
	mount := func(cert, key []byte) {
		t.Helper()
		if err := kube.Write(map[string][]byte{"tls.crt": cert, "tls.key": key}); err != nil {
			t.Fatal(err)
		}
	}
	first := issue(t, a, authority.Request{Names: []string{"first.example"}})
	second := issue(t, a, authority.Request{Names: []string{"second.example"}})
	mount(first.Cert, first.Key)
	log := &lines{}
	s, err := New(Config{
		Pairs: []Files{{filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), ""}},
		Log:   slog.New(slog.NewTextHandler(log, nil)), Poll: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	before := s.Config()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()
	until := func(what string, ok func() bool) {
		t.Helper()
		for late := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(late) {
				t.Fatalf("never: %s\n%s", what, log.b.String())
			}
		}
	}

	mount(second.Cert, first.Key)
	until("a pair that does not fit is told", func() bool { return log.count("are no pair") == 1 })
	s.Refresh()
	if got := leaf(t, s, &tls.Config{}); got != "first.example" || log.count("are no pair") != 1 {
		t.Errorf("after a bad pair %q is served, told %d times", got, log.count("are no pair"))
	}
	mount([]byte("nonsense"), second.Key)
	until("nonsense is told", func() bool { return s.Status()[0].Refused == 2 })
	mount(second.Cert, second.Key)
	until("the new pair is served", func() bool { return leaf(t, s, &tls.Config{}) == "second.example" })
	if st := s.Status()[0]; st.Loaded != 2 || st.Refused != 2 || time.Until(st.Expires) < 300*24*time.Hour {
		t.Errorf("status %+v", st)
	}
	if s.Config() != before {
		t.Error("a new certificate made a new config: sessions are not resumed any more")
	}
}

func TestClientAuthorities(t *testing.T) {
	a, b, dir := newAuthority(t), newAuthority(t), t.TempDir()
	middle, err := a.Below("middle")
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, a.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Pairs:    []Files{put(t, dir, "server", issue(t, a, authority.Request{Names: []string{"a.example"}}))},
		ClientCA: ca, ClientAuth: tls.RequireAndVerifyClientCert, Depth: 1,
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	client := func(a *authority.Authority) *tls.Config {
		c, err := issue(t, a, authority.Request{Subject: pkix.Name{CommonName: "client"}}).TLS()
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Config{GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &c, nil }}
	}
	ask := func(what string, c *tls.Config, want string) {
		t.Helper()
		_, err := shake(t, s, c)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	ask("right", client(a), "")
	ask("absent", &tls.Config{}, "didn't provide a certificate")
	ask("wrong authority", client(b), "unknown authority")
	ask("too deep", client(middle), "more than 1 below its authority")
	if err := os.WriteFile(ca, b.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	s.Refresh()
	ask("right after the change", client(b), "")
	ask("wrong after the change", client(a), "unknown authority")
}

// TestExpiryWarning: within 14 days of its end a certificate is told of once a day.
func TestExpiryWarning(t *testing.T) {
	now := time.Now()
	a, dir, log := newAuthority(t), t.TempDir(), &lines{}
	s, err := New(Config{
		Pairs: []Files{put(t, dir, "x", issue(t, a, authority.Request{Names: []string{"x.example"}, Until: now.Add(15 * 24 * time.Hour)}))},
		Log:   slog.New(slog.NewTextHandler(log, nil)), Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		forward       time.Duration
		soon, expired int
	}{{0, 0, 0}, {25 * time.Hour, 1, 0}, {time.Hour, 1, 0}, {23 * time.Hour, 2, 0}, {14 * 24 * time.Hour, 2, 1}} {
		now = now.Add(step.forward)
		s.Refresh()
		if soon, expired := log.count("expires soon"), log.count("has expired"); soon != step.soon || expired != step.expired {
			t.Errorf("%s later: %d and %d warnings, want %d and %d", step.forward, soon, expired, step.soon, step.expired)
		}
	}
}
