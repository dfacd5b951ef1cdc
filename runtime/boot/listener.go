package boot

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"go.yaml.in/yaml/v3"
)

// Listener is one address that takes traffic.
type Listener struct {
	// Address is host:port.
	Address string `yaml:"address"`
	// TLS makes it take TLS connections only (none: plain HTTP).
	TLS *TLS `yaml:"tls"`
	// HTTP2 is "on" or "off" (on): whether clients may speak HTTP/2 besides HTTP/1.1, with
	// TLS by ALPN, without by prior knowledge.
	HTTP2 string `yaml:"http2"`
	// Limits are those of its connections, with the top's where it says nothing (nil:
	// the top's). After Load they are whole.
	Limits *Limits `yaml:"limits"`
	// ProxyProtocol is "off" or "require" (off): whether each connection begins with a
	// header of the PROXY protocol, which says whose it is.
	ProxyProtocol string `yaml:"proxyProtocol"`
	// ProxyProtocolFrom are who may send that header (trustedProxies).
	ProxyProtocolFrom []Prefix `yaml:"proxyProtocolFrom"`
}

// Announced tells whether connections begin with a header of the PROXY protocol.
func (l *Listener) Announced() bool { return l.ProxyProtocol == "require" }

// TakesHTTP2 tells whether clients may speak HTTP/2.
func (l *Listener) TakesHTTP2() bool { return l.HTTP2 != "off" }

// check finds the values that cannot be right; its errors begin with the key. trusted
// tells that there are trusted proxies.
func (l *Listener) check(trusted bool) error {
	if _, _, err := net.SplitHostPort(l.Address); err != nil {
		return fmt.Errorf("address: %q is not host:port, such as \"0.0.0.0:8080\"", l.Address)
	}
	if l.TLS != nil {
		if err := l.TLS.check(); err != nil {
			return fmt.Errorf("tls.%w", err)
		}
	}
	if l.Limits != nil {
		if err := l.Limits.check("limits"); err != nil {
			return err
		}
	}
	if l.HTTP2 != "" && l.HTTP2 != "on" && l.HTTP2 != "off" {
		return fmt.Errorf("http2: %q is neither on nor off", l.HTTP2)
	}
	switch l.ProxyProtocol {
	case "", "off":
		if len(l.ProxyProtocolFrom) > 0 {
			return errors.New("proxyProtocolFrom: nobody is asked for a header; write proxyProtocol: require as well")
		}
	case "require":
		if !trusted && len(l.ProxyProtocolFrom) == 0 {
			return errors.New("proxyProtocol: say who may send the header, in proxyProtocolFrom or trustedProxies")
		}
	default:
		return fmt.Errorf("proxyProtocol: %q is neither off nor require", l.ProxyProtocol)
	}
	return nil
}

// Prefix is a network, written as a CIDR prefix or a single address.
type Prefix netip.Prefix

// UnmarshalYAML reads the text.
func (p *Prefix) UnmarshalYAML(n *yaml.Node) error {
	if addr, err := netip.ParseAddr(n.Value); err == nil {
		*p = Prefix(netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()))
		return nil
	}
	v, err := netip.ParsePrefix(n.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is not a network such as \"10.0.0.0/8\"", n.Line, n.Value)
	}
	*p = Prefix(v.Masked())
	return nil
}

// ProxyProtocolPeers are who may send the header of the PROXY protocol to a listener.
func (c *Config) ProxyProtocolPeers(l *Listener) []netip.Prefix {
	if len(l.ProxyProtocolFrom) > 0 {
		return networks(l.ProxyProtocolFrom)
	}
	return c.Networks()
}

func networks(list []Prefix) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, p := range list {
		out[i] = netip.Prefix(p)
	}
	return out
}
