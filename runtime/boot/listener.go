package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Listener is one address that takes traffic.
type Listener struct {
	// Address is host:port, unix:PATH for a Unix socket, or systemd:NAME for those
	// that systemd has opened.
	Address string `yaml:"address"`
	// Mode are the permissions of a Unix socket's file (0660).
	Mode Mode `yaml:"mode"`
	// ReusePort spreads the connections over several sockets with the same address,
	// one for each processor (false).
	ReusePort bool `yaml:"reusePort"`
	// TLS makes it take TLS connections only (none: plain HTTP).
	TLS *TLS `yaml:"tls"`
	// HTTP2 is "on" or "off" (on): whether clients may speak HTTP/2 besides HTTP/1.1, with
	// TLS by ALPN, without by prior knowledge.
	HTTP2 string `yaml:"http2"`
	// HTTP3 is "on" or "off" (off): whether clients may speak HTTP/3 too, on the UDP port
	// of the same number. It needs TLS.
	HTTP3 string `yaml:"http3"`
	// HTTP3Port is the UDP port that clients are told (0: that of the listener).
	HTTP3Port int `yaml:"http3Port"`
	// EncodedSlash is "keep", "reject" or "decode" (keep): what becomes of %2F in paths.
	EncodedSlash string `yaml:"encodedSlash"`
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

// TakesHTTP3 tells whether clients may speak HTTP/3.
func (l *Listener) TakesHTTP3() bool { return l.HTTP3 == "on" }

// checkHTTP3 finds what HTTP/3 cannot do without, and what cannot be beside it.
func (l *Listener) checkHTTP3() error {
	_, _, err := net.SplitHostPort(l.Address)
	isSocket := strings.HasPrefix(l.Address, unixPrefix) || strings.HasPrefix(l.Address, systemdPrefix)
	switch {
	case l.HTTP3Port < 0 || l.HTTP3Port > 65535:
		return fmt.Errorf("http3Port: %d is no port", l.HTTP3Port)
	case l.HTTP3 == "" || l.HTTP3 == "off":
		if l.HTTP3Port != 0 {
			return errors.New("http3Port: nobody is told of it; write http3: on as well")
		}
	case l.HTTP3 != "on":
		return fmt.Errorf("http3: %q is neither on nor off", l.HTTP3)
	case l.TLS == nil:
		return errors.New("http3: it needs certificates; write tls as well")
	case err != nil || isSocket:
		return errors.New("http3: it needs a UDP port; write the address as host:port")
	case l.Announced():
		return errors.New("http3: no header of the PROXY protocol comes over UDP; leave one of the two out")
	}
	return nil
}

// check finds the values that cannot be right; its errors begin with the key. trusted
// tells that there are trusted proxies.
func (l *Listener) check(trusted bool) error {
	if err := l.checkAddress(); err != nil {
		return err
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
	switch l.EncodedSlash {
	case "", "keep", "reject", "decode":
	default:
		return fmt.Errorf("encodedSlash: %q is none of keep, reject and decode", l.EncodedSlash)
	}
	if err := l.checkHTTP3(); err != nil {
		return err
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

// unixPrefix begins the address of a Unix socket.
const unixPrefix = "unix:"

// systemdPrefix begins the address of sockets that systemd has opened.
const systemdPrefix = "systemd:"

// longestPath is what the system takes as the path of a Unix socket, in bytes.
const longestPath = 107

func (l *Listener) checkAddress() error {
	if name, ok := strings.CutPrefix(l.Address, systemdPrefix); ok {
		switch {
		case name == "" || strings.Contains(name, ":"):
			return fmt.Errorf("address: %q names no socket of systemd, such as \"systemd:http\"", l.Address)
		case l.Mode != 0 || l.ReusePort:
			return errors.New("address: systemd opens the socket; its unit has the settings SocketMode and ReusePort")
		}
		return nil
	}
	path, isUnix := strings.CutPrefix(l.Address, unixPrefix)
	if !isUnix {
		if _, _, err := net.SplitHostPort(l.Address); err != nil {
			return fmt.Errorf("address: %q is not host:port, such as \"0.0.0.0:8080\", nor unix:PATH or systemd:NAME", l.Address)
		}
		if l.Mode != 0 {
			return errors.New("mode: only a Unix socket has one; write address: unix:PATH, or leave it out")
		}
		return nil
	}
	switch {
	case !filepath.IsAbs(path):
		return fmt.Errorf("address: the path in %q does not begin at the root, such as \"unix:/run/lintel/http.sock\"", l.Address)
	case len(path) > longestPath:
		return fmt.Errorf("address: the path of a Unix socket has at most %d bytes; %q has %d", longestPath, path, len(path))
	case l.ReusePort:
		return errors.New("reusePort: Unix sockets have no ports to share; leave it out")
	}
	return nil
}

// Mode are the permissions of a file, written in octal as 0660.
type Mode fs.FileMode

// UnmarshalYAML reads the text.
func (m *Mode) UnmarshalYAML(n *yaml.Node) error {
	v, err := strconv.ParseUint(n.Value, 8, 32)
	if err != nil || v == 0 || v > 0o777 || n.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: %q are no permissions such as 0660", n.Line, n.Value)
	}
	*m = Mode(v)
	return nil
}

// Prefix is a network, written as a CIDR prefix or a single address, or "unix": all whose
// connection is a Unix socket, which is the zero value.
type Prefix netip.Prefix

// UnmarshalYAML reads the text.
func (p *Prefix) UnmarshalYAML(n *yaml.Node) error {
	if addr, err := netip.ParseAddr(n.Value); err == nil {
		*p = Prefix(netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()))
		return nil
	}
	if n.Value == "unix" && n.Kind == yaml.ScalarNode {
		*p = Prefix{}
		return nil
	}
	v, err := netip.ParsePrefix(n.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is not a network such as \"10.0.0.0/8\", nor the word unix", n.Line, n.Value)
	}
	*p = Prefix(v.Masked())
	return nil
}

// ProxyProtocolPeers are who may send the header of the PROXY protocol to a listener;
// unix tells whether those on Unix sockets may.
func (c *Config) ProxyProtocolPeers(l *Listener) (networks []netip.Prefix, unix bool) {
	if len(l.ProxyProtocolFrom) > 0 {
		return peers(l.ProxyProtocolFrom)
	}
	return c.Trusted()
}

// Trusted are the trusted proxies; unix tells whether those on Unix sockets are.
func (c *Config) Trusted() (networks []netip.Prefix, unix bool) { return peers(c.TrustedProxies) }

func peers(list []Prefix) (networks []netip.Prefix, unix bool) {
	for _, p := range list {
		if p == (Prefix{}) {
			unix = true
			continue
		}
		networks = append(networks, netip.Prefix(p))
	}
	return networks, unix
}
