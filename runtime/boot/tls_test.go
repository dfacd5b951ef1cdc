package boot

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseTLS(t *testing.T) {
	c, err := parse("f", []byte(`
listeners:
- {address: ":80"}
- {address: ":443", tls: {certificates: [{cert: a.crt, key: a.key}]}}
- address: ":444"
  tls:
    certificates: [{cert: a.crt, key: a.key}, {cert: b.crt, key: b.key}]
    minVersion: "1.3"
    ciphers: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
    clientAuth: {mode: require, ca: ca.pem, depth: 3}
    handshakeTimeout: 3s
`))
	if err != nil {
		t.Fatal(err)
	}
	c.Bundle.Dir = "/b"
	if err := c.Check(false); err != nil {
		t.Error(err)
	}
	a := Certificate{"a.crt", "a.key", ""}
	if d := cmp.Diff([]Listener{
		{Address: ":80"},
		{Address: ":443", TLS: &TLS{[]Certificate{a}, "1.2", nil, ClientAuth{"none", "", 2}, nil, Duration(10 * time.Second)}},
		{Address: ":444", TLS: &TLS{[]Certificate{a, {"b.crt", "b.key", ""}}, "1.3", []string{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}, ClientAuth{"require", "ca.pem", 3}, nil, Duration(3 * time.Second)}},
	}, c.Listeners); d != "" {
		t.Error(d)
	}
	plain, full := c.Listeners[1].TLS, c.Listeners[2].TLS
	got := []any{plain.Version(), plain.Suites(), plain.ClientAuthType(), full.Version(), full.Suites(), full.ClientAuthType()}
	want := []any{
		uint16(tls.VersionTLS12), []uint16(nil), tls.NoClientCert,
		uint16(tls.VersionTLS13),
		[]uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
		tls.RequireAndVerifyClientCert,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestCheckTLS(t *testing.T) {
	const pair = "certificates: [{cert: a, key: b}], "
	for text, want := range map[string]string{
		"":                          "certificates: give at least one",
		"certificates: [{cert: a}]": "certificates[0]: give the files of both",
		pair + `minVersion: "1.1"`:  `minVersion: "1.1" is neither`,
		pair + "minVersion: 1.30":   `minVersion: "1.30" is neither`,
		pair + "ciphers: [TLS_RSA_WITH_RC4_128_SHA]":           `ciphers[0]: "TLS_RSA_WITH_RC4_128_SHA" is no cipher suite`,
		pair + "ciphers: [TLS_AES_128_GCM_SHA256]":             "ciphers[0]: TLS_AES_128_GCM_SHA256 belongs to TLS 1.3",
		pair + `ticketKeys: [a, ""]`:                           "ticketKeys: a file has no name",
		pair + "ticketKeys: [a, a, a, a, a, a, a, a, a]":       "ticketKeys: 9 files are more than 8",
		pair + "clientAuth: {mode: maybe}":                     `clientAuth.mode: "maybe" is none of`,
		pair + "clientAuth: {mode: require}":                   "clientAuth.ca: give the file",
		pair + "clientAuth: {ca: c}":                           "clientAuth.ca: nobody is asked",
		pair + "clientAuth: {mode: request, ca: c, depth: 11}": "clientAuth.depth: 11 is not",
		pair + "clientAuth: {mode: request, ca: c, depth: -1}": "clientAuth.depth: -1 is not",
	} {
		c, err := parse("f", []byte("bundle: {dir: b}\nlisteners: [{address: \":1\", tls: {"+text+"}}]\n"))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Check(false); err == nil || !strings.HasPrefix(err.Error(), "listeners[0].tls."+want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := parse("f", []byte("listeners:\n- address: \":1\"\n  tls: {certificate: []}\n")); err == nil || !strings.HasPrefix(err.Error(), "f:3: the key certificate is unknown") {
		t.Errorf("an unknown key: %v", err)
	}
}
