package local

import (
	"crypto/tls"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// maxNames bounds the names of one certificate, and how many are kept.
const maxNames = 1000

// StandIn is an authority of this process alone: it makes the certificates with which
// echoes stand in for endpoints that speak TLS, and what secrets of TLS are made up of.
type StandIn struct {
	// Client is a client's certificate.
	Client *authority.Pair

	mu    sync.Mutex // guards what follows
	root  *authority.Authority
	names map[string]map[string]bool // that endpoints must have, by the name that is asked for; "" for IP addresses
	made  map[string]*tls.Certificate
}

// NewStandIn makes the authority.
func NewStandIn() (*StandIn, error) {
	s := &StandIn{made: map[string]*tls.Certificate{}}
	var err error
	if s.root, err = authority.New("lintel stands in"); err != nil {
		return nil, err
	}
	s.Client, err = s.root.Issue(authority.Request{Names: []string{"lintel.test"}})
	return s, err
}

// PEM is the certificate of the authority.
func (s *StandIn) PEM() []byte { return s.root.PEM }

// WriteCA writes the certificate of the authority below dir, and returns the file.
func (s *StandIn) WriteCA(dir string) (string, error) {
	file := filepath.Join(dir, "standin.pem")
	if err := os.WriteFile(file, s.root.PEM, 0o600); err != nil {
		return "", fmt.Errorf("write an authority: %w", err)
	}
	return file, nil
}

// Have gives every certificate that is made for nobody's name these names and addresses.
func (s *StandIn) Have(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	have := map[string]bool{}
	for _, name := range names {
		have[name] = true
	}
	s.names = map[string]map[string]bool{"": have}
	clear(s.made)
}

// Know looks up which names the upstreams of a bundle want to see; those of the bundle
// before are forgotten. The bundle may be nil.
func (s *StandIn) Know(b *bundle.Bundle) {
	names := map[string]map[string]bool{}
	for _, u := range Upstreams(b) {
		if u.TLS == nil {
			continue
		}
		for _, e := range u.Endpoints {
			asked, want := expected(e.Address, u.TLS)
			if names[asked] == nil {
				names[asked] = map[string]bool{}
			}
			for _, name := range want {
				names[asked][name] = true
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names = names
	clear(s.made)
}

// expected is the name that an endpoint is asked for, and those that it may have.
func expected(address string, t *route.UpstreamTLS) (asked string, names []string) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	if t.ServerName != "" {
		host = t.ServerName
	}
	if asked = host; net.ParseIP(host) != nil {
		asked = ""
	}
	if len(t.Names) > 0 {
		return asked, t.Names
	}
	return asked, []string{host}
}

// Config is TLS for an echo. It asks for a client's certificate and takes any.
func (s *StandIn) Config() *tls.Config {
	return &tls.Config{
		ClientAuth: tls.RequestClientCert, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) { return s.certificate(h.ServerName) },
	}
}

// certificate is made at the first asking.
func (s *StandIn) certificate(asked string) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.made[asked]; c != nil {
		return c, nil
	}
	var q authority.Request
	if asked != "" {
		q.Names = append(q.Names, asked)
	}
	for _, name := range slices.Sorted(maps.Keys(s.names[asked])) {
		if ip := net.ParseIP(name); ip != nil {
			q.IPs = append(q.IPs, ip)
		} else if name != asked && len(q.Names) < maxNames {
			q.Names = append(q.Names, name)
		}
	}
	pair, err := s.root.Issue(q)
	if err != nil {
		return nil, err
	}
	c, err := pair.TLS()
	if err != nil {
		return nil, err
	}
	if len(s.made) < maxNames {
		s.made[asked] = &c
	}
	return &c, nil
}
