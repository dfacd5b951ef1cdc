package upstream

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/lintel-gateway/lintel/runtime/upstream/identity"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// transport is how the endpoints of an upstream are spoken to.
type transport struct {
	http2 bool
	proxy string // version of the PROXY protocol
	tls   *identity.Identity
	key   string // equal for equal transports; "" for plain HTTP/1.1
}

// transportOf reads a definition.
func (r *Registry) transportOf(def *route.Upstream, secret func(string) (identity.Secret, error)) (transport, error) {
	how := transport{http2: def.HTTP == "2", proxy: def.ProxyProtocol}
	switch {
	case def.HTTP != "" && def.HTTP != "2":
		return how, fmt.Errorf("http %q is no version", def.HTTP)
	case how.proxy != "" && how.proxy != "v1" && how.proxy != "v2":
		return how, fmt.Errorf("proxyProtocol %q is no version", how.proxy)
	case how.http2 && how.proxy != "":
		return how, fmt.Errorf("http %q and proxyProtocol do not go together", def.HTTP)
	}
	if how.http2 || how.proxy != "" || def.TLS != nil {
		how.key = "\x00" + def.HTTP + "\x00" + how.proxy
	}
	if def.TLS != nil {
		var err error
		if how.tls, err = identity.New(def.TLS, how.http2, secret, r.log()); err != nil {
			return how, fmt.Errorf("tls: %w", err)
		}
		how.key += "\x00" + how.tls.Key()
	}
	return how, nil
}

// link is what TLS to one endpoint is made with. Connections of one link may stand in
// for each other; those of two must not.
type link struct {
	material *identity.Material
	config   *tls.Config
}

// present is the present link, made anew when the secrets have changed; nil without TLS.
func (n *node) present() (*link, error) {
	if n.how.tls == nil {
		return nil, nil
	}
	m, err := n.how.tls.Current()
	if err != nil {
		return nil, err
	}
	for {
		have := n.link.Load()
		if have != nil && have.material == m {
			return have, nil
		}
		host, _, err := net.SplitHostPort(n.address)
		if err != nil {
			return nil, err
		}
		var roots *x509.CertPool
		if n.dial != n.address {
			roots = n.registry.cfg.DialRoots
		}
		made := &link{m, n.how.tls.Config(m, host, roots)}
		if n.link.CompareAndSwap(have, made) {
			return made, nil
		}
	}
}

// tellEvery is how often the log tells of failed handshakes with one endpoint.
const tellEvery = 10 * time.Second

// maxProblem bounds what is kept of an error, in bytes: certificates have many names.
const maxProblem = 300

// telling is what was told of failed handshakes, guarded by node.mu.
type telling struct {
	problem string // of the last handshake; "" after a good connect
	told    time.Time
	silent  int // failures since
}

func (n *node) trouble() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.problem
}

// tell tells the log of a failed handshake, now and then.
func (e *Endpoint) tell(o identity.Outcome, err error) {
	n := e.node
	text := err.Error()
	if len(text) > maxProblem {
		text = text[:maxProblem] + "..."
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.problem = o.String() + ": " + text
	now := n.registry.now()
	if !n.told.IsZero() && now.Sub(n.told) < tellEvery {
		n.silent++
		return
	}
	n.registry.log().Warn("no TLS with an endpoint",
		slog.String("upstream", e.upstream.Name), slog.String("endpoint", n.address),
		slog.String("outcome", o.String()), slog.String("error", text), slog.Int("not_told", n.silent))
	n.told, n.silent = now, 0
}
