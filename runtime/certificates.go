package runtime

import (
	"fmt"
	"log/slog"

	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/runtime/certs"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
)

// openCerts loads the certificates of the listeners that have some.
func openCerts(listeners []boot.Listener, log *slog.Logger) ([]*certs.Store, error) {
	out := make([]*certs.Store, len(listeners))
	for i, l := range listeners {
		t := l.TLS
		if t == nil {
			continue
		}
		cfg := certs.Config{
			MinVersion: t.Version(), Ciphers: t.Suites(),
			HTTP2: l.TakesHTTP2(), TicketKeys: t.TicketKeys,
			ClientAuth: t.ClientAuthType(), ClientCA: t.ClientAuth.CA, Depth: t.ClientAuth.Depth, Log: log,
		}
		for _, c := range t.Certificates {
			cfg.Pairs = append(cfg.Pairs, certs.Files{Cert: c.Cert, Key: c.Key, OCSP: c.OCSP})
		}
		var err error
		if out[i], err = certs.New(cfg); err != nil {
			return nil, fmt.Errorf("listeners[%d].tls.%w", i, err)
		}
	}
	return out, nil
}

// certificates are those of all listeners; one that serves on several is there once.
func (g *Gateway) certificates() []telemetry.Certificate {
	var out []telemetry.Certificate
	seen := map[string]bool{}
	for _, store := range g.certs {
		if store == nil {
			continue
		}
		for _, s := range store.Status() {
			if !seen[s.Name] {
				seen[s.Name] = true
				out = append(out, telemetry.Certificate{Name: s.Name, Expires: s.Expires, Loaded: s.Loaded, Refused: s.Refused})
			}
		}
	}
	return out
}
