// Package boot reads the gateway's boot config: what is fixed while the process
// runs. Routes are not part of it; they come in bundles.
package boot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds the boot config in bytes.
const maxFile = 1 << 20

// Config is the boot config. Default gives its defaults; command line flags win
// over the file.
type Config struct {
	// Listeners are the addresses that take traffic (one, 0.0.0.0:8080).
	Listeners []Listener `yaml:"listeners"`
	// Admin is where the operator's endpoints are (127.0.0.1:8081).
	Admin Admin `yaml:"admin"`
	// Bundle says where bundles come from.
	Bundle Bundle `yaml:"bundle"`
	// SecretsDir is the folder of the secret files; none by default, and then no
	// secret has a value.
	SecretsDir string `yaml:"secretsDir"`
	// TrustedProxies are the networks whose X-Forwarded-* fields are believed, as
	// CIDR prefixes or addresses, or "unix" for those on Unix sockets (none).
	TrustedProxies []Prefix `yaml:"trustedProxies"`
	Limits         Limits   `yaml:"limits"`
	// AccessLog is "off", "stdout" or the path of a file to append to (stdout).
	AccessLog string `yaml:"accessLog"`
	Drain     Drain  `yaml:"drain"`
	// Handover is the path of a Unix socket on which a new process takes over (none).
	Handover string `yaml:"handover"`
	// Dial redirects connects from an endpoint's address to another one. It is
	// accepted only with --dev.
	Dial map[string]string `yaml:"dial"`
	// DialCA is a PEM file with the authorities that vouch for what Dial leads to, where
	// the endpoint speaks TLS, in place of those of its definition (none).
	DialCA string `yaml:"dialCA"`
}

// Admin is the operator's side.
type Admin struct {
	// Address is host:port.
	Address string `yaml:"address"`
}

// Bundle says where bundles come from.
type Bundle struct {
	// Dir is the mounted bundle; it has no default.
	Dir string `yaml:"dir"`
	// StateDir keeps the last good bundle over restarts (none).
	StateDir string `yaml:"stateDir"`
	// Fallback is a bundle to start with when there is no other good one (none).
	Fallback string `yaml:"fallback"`
	// VerifyKey is a PEM file with the Ed25519 public key that must have signed
	// every bundle (none: signatures are not looked at).
	VerifyKey string `yaml:"verifyKey"`
	// Poll is how often the directory is looked at without an event (10s).
	Poll Duration `yaml:"poll"`
}

// Limits bound what a client may use.
type Limits struct {
	// RequestLineBytes bounds the request line (8192): 414 above it.
	RequestLineBytes int `yaml:"requestLineBytes"`
	// HeadBytes bounds the head of a request (65536): 431 above it.
	HeadBytes int `yaml:"headBytes"`
	// Fields bounds the number of fields in a head (128): 431 above it.
	Fields int `yaml:"fields"`
	// Streams bounds the open streams of one connection of HTTP/2 (128).
	Streams int `yaml:"streams"`
	// BodyBytes bounds the body of a request (0: no bound): 413 above it.
	BodyBytes int64 `yaml:"bodyBytes"`
	// Connections bounds the open client connections (0: no bound).
	Connections int `yaml:"connections"`
	// ConnectionsPerSource bounds those of one client address, of IPv6 those of its /64
	// (0: no bound). Trusted proxies are not counted.
	ConnectionsPerSource int `yaml:"connectionsPerSource"`
	// HeaderTimeout bounds the time to receive a head once it began (10s).
	HeaderTimeout Duration `yaml:"headerTimeout"`
	// IdleTimeout bounds the time between two requests of a connection (75s).
	IdleTimeout Duration `yaml:"idleTimeout"`
	// BodyTimeout bounds the silence inside a body (60s).
	BodyTimeout Duration `yaml:"bodyTimeout"`
	// BodyRate is the least speed of a client in a body, in bytes a second (100; 0: no
	// bound).
	BodyRate int `yaml:"bodyRate"`
}

// Drain says how the gateway stops.
type Drain struct {
	// Timeout bounds the time that requests and upgraded connections have to end
	// (30s).
	Timeout Duration `yaml:"timeout"`
	// Rate is how many upgraded connections a second end by a swap or a stop (100).
	Rate int `yaml:"rate"`
	// ReadinessDelay is how long the gateway goes on accepting after it stopped
	// being ready, so that load balancers notice (0s).
	ReadinessDelay Duration `yaml:"readinessDelay"`
}

// Duration is a time span written as "250ms", "5s" or "1m30s".
type Duration time.Duration

// D is the span as the standard library's type.
func (d Duration) D() time.Duration { return time.Duration(d) }

// UnmarshalYAML reads the text; a negative span is an error.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil || v < 0 || n.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: %q is not a duration such as \"250ms\", \"5s\" or \"1m30s\"", n.Line, n.Value)
	}
	*d = Duration(v)
	return nil
}

// Default is the config of an empty file.
func Default() Config {
	return Config{
		Listeners: []Listener{{Address: "0.0.0.0:8080", HTTP2: "on", HTTP3: "off", EncodedSlash: "keep", ProxyProtocol: "off"}},
		Admin:     Admin{Address: "127.0.0.1:8081"},
		Bundle:    Bundle{Poll: Duration(10 * time.Second)},
		Limits: Limits{
			RequestLineBytes: 8 << 10, HeadBytes: 64 << 10, Fields: 128, Streams: 128,
			HeaderTimeout: Duration(10 * time.Second), IdleTimeout: Duration(75 * time.Second), BodyTimeout: Duration(60 * time.Second), BodyRate: 100,
		},
		AccessLog: "stdout",
		Drain:     Drain{Timeout: Duration(30 * time.Second), Rate: 100},
	}
}

// Load reads the file over the defaults. A key that is unknown or there twice, and
// a value of the wrong type, are errors that name file and line.
func Load(path string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("read boot config: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Config{}, fmt.Errorf("read boot config: %w", err)
	}
	if len(data) > maxFile {
		return Config{}, fmt.Errorf("%s: the boot config is over the limit of %d bytes", path, maxFile)
	}
	return parse(path, data)
}

func parse(path string, data []byte) (Config, error) {
	c := Default()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return Config{}, errors.New(sentence(path, err))
	}
	if err := dec.Decode(new(Config)); !errors.Is(err, io.EOF) {
		return Config{}, fmt.Errorf("%s: there is more than one document in the boot config; keep one", path)
	}
	for _, l := range c.Listeners {
		if l.TLS != nil {
			l.TLS.fill()
		}
	}
	return c, c.inherit(data)
}

// inherit lays what each listener's limits say over those of the top. The keys were
// checked when the file was read; only now is it known what is not said.
func (c *Config) inherit(data []byte) error {
	var said struct {
		Listeners []struct {
			Limits yaml.Node `yaml:"limits"`
		} `yaml:"listeners"`
	}
	if err := yaml.Unmarshal(data, &said); err != nil {
		return err
	}
	for i := range c.Listeners {
		if c.Listeners[i].Limits == nil {
			continue
		}
		whole := c.Limits
		if err := said.Listeners[i].Limits.Decode(&whole); err != nil {
			return err
		}
		c.Listeners[i].Limits = &whole
	}
	return nil
}

// Check finds the values that cannot be right, with flags applied. Dial needs
// dev.
func (c *Config) Check(dev bool) error {
	if len(c.Listeners) == 0 {
		return errors.New("listeners: give at least one address")
	}
	for i := range c.Listeners {
		if err := c.Listeners[i].check(len(c.TrustedProxies) > 0); err != nil {
			return fmt.Errorf("listeners[%d].%w", i, err)
		}
		if a := c.Listeners[i].Address; strings.HasPrefix(a, systemdPrefix) && slices.ContainsFunc(c.Listeners[:i], func(l Listener) bool { return l.Address == a }) {
			return fmt.Errorf("listeners[%d].address: %s stands there before; a listener takes all sockets with its name", i, a)
		}
	}
	if _, _, err := net.SplitHostPort(c.Admin.Address); err != nil {
		return fmt.Errorf("admin.address: %q is not host:port, such as \"127.0.0.1:8081\"", c.Admin.Address)
	}
	if c.Bundle.Dir == "" {
		return errors.New("bundle.dir: give the directory of the bundle, here or as --bundle DIR")
	}
	if h := c.Handover; h != "" && (!filepath.IsAbs(h) || len(h) > longestPath) {
		return fmt.Errorf("handover: %q is not the path of a Unix socket: it begins at the root and has at most %d bytes, such as \"/run/lintel/handover.sock\"", h, longestPath)
	}
	if len(c.Dial) > 0 && !dev {
		return errors.New("dial: redirecting connects is for tests; start the gateway with --dev to allow it")
	}
	if c.DialCA != "" && len(c.Dial) == 0 {
		return errors.New("dialCA: it vouches for what dial leads to, and there is no dial")
	}
	for from, to := range c.Dial {
		if _, _, err := net.SplitHostPort(to); err != nil {
			return fmt.Errorf("dial[%s]: %q is not host:port", from, to)
		}
	}
	if c.Drain.Rate < 1 {
		return fmt.Errorf("drain.rate: %d is not at least 1", c.Drain.Rate)
	}
	if c.AccessLog == "" {
		return errors.New(`accessLog: write "off", "stdout" or a file's path`)
	}
	return c.Limits.check("limits")
}

// check finds the values that cannot be right; key is where the limits stand.
func (l *Limits) check(key string) error {
	for _, n := range []struct {
		name     string
		v        int64
		min, max int64
	}{
		{"requestLineBytes", int64(l.RequestLineBytes), 256, 1 << 20},
		{"headBytes", int64(l.HeadBytes), 1024, 1 << 20},
		{"fields", int64(l.Fields), 1, 10_000},
		{"streams", int64(l.Streams), 1, 100_000},
		{"bodyBytes", l.BodyBytes, 0, 1 << 50},
		{"connections", int64(l.Connections), 0, 10_000_000},
		{"bodyRate", int64(l.BodyRate), 0, 1 << 30},
		{"connectionsPerSource", int64(l.ConnectionsPerSource), 0, 10_000_000},
	} {
		if n.v < n.min || n.v > n.max {
			return fmt.Errorf("%s.%s: %d is not between %d and %d", key, n.name, n.v, n.min, n.max)
		}
	}
	return nil
}
