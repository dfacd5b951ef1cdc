package boot

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"time"
)

// TLS says how a listener takes TLS connections.
type TLS struct {
	// Certificates are those to serve with; at least one.
	Certificates []Certificate `yaml:"certificates"`
	// MinVersion is the oldest version that clients may use, "1.2" or "1.3" (1.2).
	MinVersion string `yaml:"minVersion"`
	// Ciphers are the cipher suites for TLS 1.2 (none: Go's choice).
	Ciphers    []string   `yaml:"ciphers"`
	ClientAuth ClientAuth `yaml:"clientAuth"`
	// TicketKeys are files with the keys of session tickets (none: keys of the process's
	// own, which change daily).
	TicketKeys []string `yaml:"ticketKeys"`
	// HandshakeTimeout bounds a handshake (10s).
	HandshakeTimeout Duration `yaml:"handshakeTimeout"`
}

// maxTicketKeys bounds the keys of session tickets: that of now, those of before and the
// next.
const maxTicketKeys = 8

// Certificate names the PEM files of a certificate and of its key, and the file of a
// response of OCSP in DER (none).
type Certificate struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
	OCSP string `yaml:"ocsp"`
}

// ClientAuth says what clients show of themselves.
type ClientAuth struct {
	// Mode is "none", "request" or "require" (none).
	Mode string `yaml:"mode"`
	// CA is the PEM file of the authorities that issue the clients' certificates; it
	// is needed unless the mode is none.
	CA string `yaml:"ca"`
	// Depth bounds the certificates above a client's own, the authority's included (2).
	Depth int `yaml:"depth"`
}

// fill sets what the file does not say to its default.
func (t *TLS) fill() {
	if t.MinVersion == "" {
		t.MinVersion = "1.2"
	}
	if t.ClientAuth.Mode == "" {
		t.ClientAuth.Mode = "none"
	}
	if t.ClientAuth.Depth == 0 {
		t.ClientAuth.Depth = 2
	}
	if t.HandshakeTimeout == 0 {
		t.HandshakeTimeout = Duration(10 * time.Second)
	}
}

// check finds the values that cannot be right; its errors begin with the key.
func (t *TLS) check() error {
	if len(t.Certificates) == 0 {
		return errors.New("certificates: give at least one, as {cert: FILE, key: FILE}")
	}
	for i, c := range t.Certificates {
		if c.Cert == "" || c.Key == "" {
			return fmt.Errorf("certificates[%d]: give the files of both, as {cert: FILE, key: FILE}", i)
		}
	}
	if _, ok := versions(t.MinVersion); !ok {
		return fmt.Errorf("minVersion: %q is neither \"1.2\" nor \"1.3\"; older ones are broken", t.MinVersion)
	}
	if _, err := t.suites(); err != nil {
		return err
	}
	if len(t.TicketKeys) > maxTicketKeys {
		return fmt.Errorf("ticketKeys: %d files are more than %d", len(t.TicketKeys), maxTicketKeys)
	}
	if slices.Contains(t.TicketKeys, "") {
		return errors.New("ticketKeys: a file has no name")
	}
	a := t.ClientAuth
	mode, ok := modes(a.Mode)
	switch {
	case !ok:
		return fmt.Errorf("clientAuth.mode: %q is none of none, request and require", a.Mode)
	case mode != tls.NoClientCert && a.CA == "":
		return fmt.Errorf("clientAuth.ca: give the file of the authorities whose certificates clients may show, or write mode: none")
	case mode == tls.NoClientCert && a.CA != "":
		return errors.New("clientAuth.ca: nobody is asked for a certificate; write mode: request or mode: require as well")
	case a.Depth < 1 || a.Depth > 10:
		return fmt.Errorf("clientAuth.depth: %d is not between 1 and 10", a.Depth)
	}
	return nil
}

// Version is MinVersion as crypto/tls numbers it, after Check.
func (t *TLS) Version() uint16 {
	v, _ := versions(t.MinVersion)
	return v
}

// Suites are Ciphers as crypto/tls numbers them, after Check; nil when there are none.
func (t *TLS) Suites() []uint16 {
	out, _ := t.suites()
	return out
}

// ClientAuthType is the mode of ClientAuth in the words of crypto/tls, after Check.
func (t *TLS) ClientAuthType() tls.ClientAuthType {
	v, _ := modes(t.ClientAuth.Mode)
	return v
}

func versions(text string) (uint16, bool) {
	switch text {
	case "1.2":
		return tls.VersionTLS12, true
	case "1.3":
		return tls.VersionTLS13, true
	}
	return 0, false
}

func modes(text string) (tls.ClientAuthType, bool) {
	switch text {
	case "none":
		return tls.NoClientCert, true
	case "request":
		return tls.VerifyClientCertIfGiven, true
	case "require":
		return tls.RequireAndVerifyClientCert, true
	}
	return 0, false
}

func (t *TLS) suites() ([]uint16, error) {
	var out []uint16
	for i, name := range t.Ciphers {
		known := tls.CipherSuites()
		at := slices.IndexFunc(known, func(s *tls.CipherSuite) bool { return s.Name == name })
		switch {
		case at < 0:
			return nil, fmt.Errorf("ciphers[%d]: %q is no cipher suite that is safe; write its IANA name, such as TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", i, name)
		case !slices.Contains(known[at].SupportedVersions, tls.VersionTLS12):
			return nil, fmt.Errorf("ciphers[%d]: %s belongs to TLS 1.3, whose cipher suites are fixed; leave it out", i, name)
		}
		out = append(out, known[at].ID)
	}
	return out, nil
}
