// Package certs keeps the certificates of a TLS listener: it loads them from files,
// chooses one for each client, and takes new files into service while it runs.
package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lintel-gateway/lintel/runtime/watch"
)

const (
	// warnBefore is how long before its end a certificate is warned of, and warnEvery
	// how often.
	warnBefore = 14 * 24 * time.Hour
	warnEvery  = 24 * time.Hour
	// settleTime is how long files may take to change together: a certificate and its
	// key are seldom written at once.
	settleTime = 100 * time.Millisecond
)

// Files names a certificate and its key, both PEM, and a response of OCSP about it in DER,
// which may be "".
type Files struct{ Cert, Key, OCSP string }

// Config says what a store holds. Pairs is required.
type Config struct {
	// Pairs are the certificates. The names that one serves are those it was issued
	// for; the first one serves clients that name none of them.
	Pairs []Files
	// MinVersion and Ciphers are as in crypto/tls; 0 and nil mean TLS 1.2 and Go's
	// choice.
	MinVersion uint16
	Ciphers    []uint16
	// ClientAuth says whether clients show a certificate; ClientCA is the PEM file of
	// the authorities that issue those, and Depth bounds the certificates above a
	// client's own, the authority's included (0: no bound).
	ClientAuth tls.ClientAuthType
	ClientCA   string
	Depth      int
	// HTTP2 offers clients HTTP/2 besides HTTP/1.1 (ALPN).
	HTTP2 bool
	// TicketKeys are files with keys of session tickets, at least 32 bytes each: the
	// first encrypts. Without them each store makes keys of its own and changes them
	// daily.
	TicketKeys []string
	// Poll is how often the files are looked at without an event; 0 means 30 seconds.
	Poll time.Duration
	// Log receives what is loaded, refused or about to expire; nil discards it.
	Log *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Status is what is known of one certificate.
type Status struct {
	// Name is the path of its file.
	Name string
	// Expires is the end of the certificate that is served.
	Expires time.Time
	// Loaded and Refused count the changes of its files that were taken and not taken.
	Loaded, Refused uint64
}

// Store holds the certificates of one listener. It is safe for concurrent use, and a
// handshake takes no lock of it.
type Store struct {
	cfg    Config
	chosen atomic.Pointer[choices]
	config atomic.Pointer[tls.Config]

	mu    sync.Mutex // guards what follows
	pairs []*pair
	ca    *pool
	keys  tickets
}

// New loads the files. A file that cannot be read and a pair that does not fit are
// errors.
func New(cfg Config) (*Store, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Poll <= 0 {
		cfg.Poll = 30 * time.Second
	}
	if cfg.MinVersion == 0 {
		cfg.MinVersion = tls.VersionTLS12
	}
	if len(cfg.Pairs) == 0 {
		return nil, errors.New("give at least one certificate")
	}
	s := &Store{cfg: cfg, keys: tickets{files: cfg.TicketKeys}}
	for i, f := range cfg.Pairs {
		p := &pair{files: f, staple: staple{file: f.OCSP}}
		if _, err := p.refresh(); err != nil {
			return nil, fmt.Errorf("certificates[%d]: %w", i, err)
		}
		s.pairs = append(s.pairs, p)
		s.attach(p)
	}
	if cfg.ClientAuth != tls.NoClientCert {
		s.ca = &pool{file: cfg.ClientCA}
		if _, err := s.ca.refresh(); err != nil {
			return nil, fmt.Errorf("clientAuth.ca: %w", err)
		}
	}
	if _, err := s.keys.refresh(); err != nil {
		return nil, fmt.Errorf("ticketKeys: %w", err)
	}
	s.choose()
	s.configure()
	s.warn()
	return s, nil
}

// Config is what a new connection is served with. It stays the same while
// certificates change, so that sessions are resumed and their ticket keys rotate; new
// authorities of clients make a new one, which resumes no session of before.
func (s *Store) Config() *tls.Config { return s.config.Load() }

// Status tells of every certificate, in the order of the config.
func (s *Store) Status() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Status, len(s.pairs))
	for i, p := range s.pairs {
		out[i] = Status{p.files.Cert, p.cert.Leaf.NotAfter, p.loaded, p.refused}
	}
	return out
}

// Run takes changed files into service until ctx ends.
func (s *Store) Run(ctx context.Context) {
	dirs := map[string]bool{}
	for _, f := range s.cfg.Pairs {
		dirs[filepath.Dir(f.Cert)], dirs[filepath.Dir(f.Key)] = true, true
		if f.OCSP != "" {
			dirs[filepath.Dir(f.OCSP)] = true
		}
	}
	if s.ca != nil {
		dirs[filepath.Dir(s.ca.file)] = true
	}
	for _, f := range s.cfg.TicketKeys {
		dirs[filepath.Dir(f)] = true
	}
	var all sync.WaitGroup
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		w := watch.New(watch.Config{Dir: dir, Poll: s.cfg.Poll, Settle: settleTime, Log: s.cfg.Log})
		all.Go(func() { w.Run(ctx, s.Refresh) })
	}
	all.Wait()
}

// Refresh looks at every file. What changed and is sound is served to connections
// that begin from now on; what is not leaves the one before in service, which is
// logged once.
func (s *Store) Refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := false
	for _, p := range s.pairs {
		took, err := p.refresh()
		switch {
		case err != nil && p.news(err):
			s.cfg.Log.Error("certificate is not taken, the one before serves on", "certificate", p.files.Cert, "error", err)
		case took:
			changed = true
			s.cfg.Log.Info("certificate loaded", "certificate", p.files.Cert, "names", p.names(), "expires", p.cert.Leaf.NotAfter)
		}
		changed = s.attach(p) || changed
	}
	if changed {
		s.choose()
	}
	if s.ca != nil {
		took, err := s.ca.refresh()
		switch {
		case err != nil && s.ca.news(err):
			s.cfg.Log.Error("authorities of clients are not taken, those before serve on", "file", s.ca.file, "error", err)
		case took:
			s.configure()
			s.cfg.Log.Info("authorities of clients loaded", "file", s.ca.file)
		}
	}
	switch took, err := s.keys.refresh(); {
	case err != nil && err.Error() != s.keys.problem:
		s.keys.problem = err.Error()
		s.cfg.Log.Error("keys of session tickets are not taken, those before serve on", "error", err)
	case err == nil:
		s.keys.problem = ""
		if took {
			s.config.Load().SetSessionTicketKeys(s.keys.keys)
			s.cfg.Log.Info("keys of session tickets loaded", "keys", len(s.keys.keys))
		}
	}
	s.warn()
}

// attach puts the word of a certificate's authority beside it, and tells whether that
// changed. A certificate without it serves all the same. s.mu is held or not needed yet.
func (s *Store) attach(p *pair) bool {
	data, err := p.staple.refresh(p.cert, s.cfg.Now())
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != p.staple.problem {
		if p.staple.problem = text; err != nil {
			s.cfg.Log.Error("OCSP response is not sent", "certificate", p.files.Cert, "file", p.files.OCSP, "error", err)
		}
	}
	if bytes.Equal(p.cert.OCSPStaple, data) {
		return false
	}
	// Handshakes may read the one before.
	cert := *p.cert
	cert.OCSPStaple = data
	p.cert = &cert
	return true
}

// configure makes the config of new connections; s.mu is held or not needed yet.
func (s *Store) configure() {
	c := &tls.Config{
		GetCertificate: s.certificate,
		MinVersion:     s.cfg.MinVersion,
		CipherSuites:   s.cfg.Ciphers,
		NextProtos:     []string{"http/1.1"},
		ClientAuth:     s.cfg.ClientAuth,
		// A record holds what one read of an upstream brings: small ones at the start of
		// a connection would each cost a write.
		DynamicRecordSizingDisabled: true,
	}
	if s.cfg.HTTP2 {
		c.NextProtos = []string{"h2", "http/1.1"}
	}
	if len(s.keys.keys) > 0 {
		c.SetSessionTicketKeys(s.keys.keys)
	}
	if s.ca != nil {
		c.ClientCAs = s.ca.certs
		if s.cfg.Depth > 0 {
			c.VerifyConnection = s.verifyDepth
		}
	}
	s.config.Store(c)
}

// verifyDepth refuses a client whose certificate reaches no authority within Depth.
// It runs for resumed sessions too.
func (s *Store) verifyDepth(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return nil
	}
	if slices.ContainsFunc(state.VerifiedChains, func(chain []*x509.Certificate) bool { return len(chain)-1 <= s.cfg.Depth }) {
		return nil
	}
	return &tls.CertificateVerificationError{
		UnverifiedCertificates: state.PeerCertificates,
		Err:                    fmt.Errorf("the client's certificate is more than %d below its authority", s.cfg.Depth),
	}
}

// warn tells once a day of each certificate that ends soon; s.mu is held or not
// needed yet.
func (s *Store) warn() {
	now := s.cfg.Now()
	for _, p := range s.pairs {
		left := p.cert.Leaf.NotAfter.Sub(now)
		if left > warnBefore || now.Sub(p.warned) < warnEvery {
			continue
		}
		p.warned = now
		text := "certificate expires soon"
		if left <= 0 {
			text = "certificate has expired"
		}
		s.cfg.Log.Warn(text, "certificate", p.files.Cert, "names", p.names(), "expires", p.cert.Leaf.NotAfter)
	}
}
