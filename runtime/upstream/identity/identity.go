// Package identity says who the endpoints of an upstream must be and who the gateway is
// to them: it makes what crypto/tls is told of an upstream's settings and secret files,
// anew when the files change.
package identity

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// ErrSecret tells that a secret of the upstream has no value, or none that can be used:
// no connection is made, for nobody could be verified with it.
var ErrSecret = errors.New("a secret of the upstream's tls has no usable value")

// Secret is a declared secret: the file that it names, and its value.
type Secret struct {
	File  string
	Value *filter.Secret
}

// Identity is one set of settings with its secrets. It is safe for concurrent use.
type Identity struct {
	def     *route.UpstreamTLS
	alpn    []string
	min     uint16
	secrets [3]*filter.Secret // ca, certificate, key; nil where there is none
	key     string
	log     *slog.Logger

	current atomic.Pointer[Material]

	mu    sync.Mutex
	tried [3]string // what was refused last
	fault error     // why
}

// New makes an identity of settings, for upstreams that are spoken to with HTTP/2 or
// with 1.1. The secrets are looked up by name. It fails on settings that do not go
// together; a secret without a value is no failure.
func New(def *route.UpstreamTLS, http2 bool, secret func(name string) (Secret, error), log *slog.Logger) (*Identity, error) {
	i := &Identity{def: def, alpn: []string{"http/1.1"}, log: log}
	if http2 {
		i.alpn = []string{"h2"}
	}
	switch def.MinVersion {
	case "1.2":
		i.min = tls.VersionTLS12
	case "1.3":
		i.min = tls.VersionTLS13
	default:
		return nil, fmt.Errorf("minVersion %q is none", def.MinVersion)
	}
	if (def.Certificate == nil) != (def.Key == nil) {
		return nil, errors.New("a client certificate has a key, and a key a certificate")
	}
	if !def.Verify && (def.CA != nil || len(def.Names) > 0) {
		return nil, errors.New("verify: false does not go with ca and names")
	}
	var files [3]string
	for n, ref := range []*route.SecretRef{def.CA, def.Certificate, def.Key} {
		if ref == nil {
			continue
		}
		s, err := secret(ref.Secret)
		if err != nil {
			return nil, err
		}
		i.secrets[n], files[n] = s.Value, s.File
	}
	key, err := json.Marshal([]any{def.ServerName, def.Names, files, i.min, def.Verify, i.alpn})
	if err != nil {
		return nil, fmt.Errorf("plain data does not encode: %w", err)
	}
	i.key = string(key)
	return i, nil
}

// Key is equal for identities that are the same whatever their secrets are called.
func (i *Identity) Key() string { return i.key }

// Current is the material of the secrets as they are now: the same pointer for as long
// as they do not change. Values that cannot be used, such as a certificate whose key is
// still the old one, leave the material before in place. A secret that has no value, and
// one that never had a usable one, are ErrSecret.
func (i *Identity) Current() (*Material, error) {
	var values [3]string
	for n, s := range i.secrets {
		if s == nil {
			continue
		}
		v, ok := s.Value()
		if !ok {
			return nil, ErrSecret
		}
		values[n] = v
	}
	if m := i.current.Load(); m != nil && m.values == values {
		return m, nil
	}
	return i.renew(values)
}

// renew makes the material of new values.
func (i *Identity) renew(values [3]string) (*Material, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	m := i.current.Load()
	if m != nil && m.values == values {
		return m, nil
	}
	if i.fault == nil || i.tried != values {
		made, err := newMaterial(values, i.secrets[0] != nil, i.secrets[1] != nil)
		if err == nil {
			i.tried, i.fault = [3]string{}, nil
			i.current.Store(made)
			return made, nil
		}
		i.tried, i.fault = values, err
		i.log.Warn("secrets of an upstream's tls cannot be used", slog.Any("error", err), slog.Bool("former_goes_on", m != nil))
	}
	if m != nil {
		return m, nil
	}
	return nil, ErrSecret
}

// Material is what secrets hold. It is immutable.
type Material struct {
	values [3]string
	roots  *x509.CertPool
	certs  []tls.Certificate
}

func newMaterial(values [3]string, ca, certificate bool) (*Material, error) {
	m := &Material{values: values}
	if ca {
		m.roots = x509.NewCertPool()
		if !m.roots.AppendCertsFromPEM([]byte(values[0])) {
			return nil, errors.New("ca holds no certificate in PEM")
		}
	}
	if certificate {
		pair, err := tls.X509KeyPair([]byte(values[1]), []byte(values[2]))
		if err != nil {
			// The texts of crypto/tls name kinds of PEM blocks, and no content.
			return nil, fmt.Errorf("certificate and key: %w", err)
		}
		m.certs = []tls.Certificate{pair}
	}
	return m, nil
}
