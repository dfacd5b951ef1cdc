package certs

import (
	"crypto/rsa"
	"crypto/tls"
	"slices"
	"strings"
)

// choices are the certificates by name. They are never changed, only replaced.
type choices struct {
	names    map[string][]*tls.Certificate // "a.example" and "*.example"
	fallback []*tls.Certificate
}

// choose makes the choices of the pairs that are served now; s.mu is held or not
// needed yet.
func (s *Store) choose() {
	c := &choices{names: map[string][]*tls.Certificate{}}
	for _, p := range s.pairs {
		for _, name := range p.names() {
			name = strings.ToLower(name)
			if list := c.names[name]; !slices.Contains(list, p.cert) {
				c.names[name] = append(list, p.cert)
			}
		}
	}
	// The default is the first pair, and those for the same name with another kind of
	// key.
	c.fallback = []*tls.Certificate{s.pairs[0].cert}
	if names := s.pairs[0].names(); len(names) > 0 {
		c.fallback = c.names[strings.ToLower(names[0])]
	}
	for _, list := range c.names {
		slices.SortStableFunc(list, cheapFirst)
	}
	s.chosen.Store(c)
}

// cheapFirst orders ECDSA and Ed25519 before RSA, whose signatures cost ten times as
// much.
func cheapFirst(a, b *tls.Certificate) int { return weight(a) - weight(b) }

func weight(c *tls.Certificate) int {
	if _, ok := c.PrivateKey.(*rsa.PrivateKey); ok {
		return 1
	}
	return 0
}

// certificate chooses for one client: by the exact name it asks for, by the wildcard
// that covers that name (which is the one of its parent: a wildcard stands for one
// label, RFC 9525 section 6.3), or the default; and among those for one name the first
// whose key the client can use.
func (s *Store) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	c := s.chosen.Load()
	name := strings.TrimSuffix(strings.ToLower(hello.ServerName), ".")
	list := c.names[name]
	if list == nil {
		if _, parent, ok := strings.Cut(name, "."); ok {
			list = c.names["*."+parent]
		}
	}
	if list == nil {
		list = c.fallback
	}
	if len(list) > 1 {
		// The name is settled, and the default need not bear it.
		able := *hello
		able.ServerName = ""
		for _, cert := range list {
			if able.SupportsCertificate(cert) == nil {
				return cert, nil
			}
		}
	}
	return list[0], nil
}
