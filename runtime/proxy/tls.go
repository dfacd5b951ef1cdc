package proxy

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"syscall"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// TLS says how a listener takes TLS connections.
type TLS struct {
	// Config is asked for at each connection, so that it may change.
	Config func() *tls.Config
	// HandshakeTimeout bounds the time from the accept to the end of the handshake
	// (10s).
	HandshakeTimeout time.Duration
}

// handshake begins a TLS connection within its time, and counts how that ended. The
// session is idle meanwhile: a drain closes it.
func (c *session) handshake(t *TLS) bool {
	at := c.srv.now() + int64(t.HandshakeTimeout)
	c.arm(&c.clientRead, at)
	c.arm(&c.clientWrite, at)
	state, err := c.conn.Handshake()
	c.clientRead.at.Store(0)
	c.clientWrite.at.Store(0)
	end := telemetry.HandshakeFull
	switch {
	case err != nil:
		end = c.handshakeEnd(err, c.srv.now() >= at)
	case state.DidResume:
		end = telemetry.HandshakeResumed
	}
	c.srv.cfg.Handshakes.Done(end, state.Version)
	if err != nil {
		return false
	}
	c.ended = c.srv.now()
	c.preface = state.NegotiatedProtocol == "h2"
	if len(state.PeerCertificates) > 0 {
		c.identity = certificateOf(state.PeerCertificates[0])
	}
	return true
}

// plainAnswer is for who speaks plain HTTP to a listener of TLS.
const plainAnswer = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain\r\n\r\nthis address takes HTTPS only\n"

// handshakeEnd says how a handshake failed.
func (c *session) handshakeEnd(err error, late bool) telemetry.Handshake {
	var header tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	switch {
	case err == wire.ErrInterrupted && late:
		return telemetry.HandshakeTimeout
	case err == wire.ErrInterrupted, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return telemetry.HandshakeClosed
	case errors.As(err, &header) && header.Conn != nil && looksLikeHTTP(header.RecordHeader):
		// A few bytes into an empty socket: this does not wait.
		_, _ = io.WriteString(c.conn.NetConn(), plainAnswer)
		return telemetry.HandshakePlain
	case errors.As(err, &verify), strings.Contains(err.Error(), "client didn't provide a certificate"):
		return telemetry.HandshakeClientCertificate
	}
	return telemetry.HandshakeFailed
}

func looksLikeHTTP(b [5]byte) bool {
	switch string(b[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "PATCH", "DELET", "OPTIO":
		return true
	}
	return false
}

// Fields that tell the upstream who a client with a certificate is. Whatever clients
// send under the prefix is dropped, on every listener and from every peer.
const (
	identityPrefix = "x-client-cert-"
	subjectField   = identityPrefix + "subject"
	sha256Field    = identityPrefix + "sha256"
)

// certificateOf is what is said of a client's certificate.
func certificateOf(cert *x509.Certificate) *filter.Certificate {
	sum := sha256.Sum256(cert.Raw)
	c := &filter.Certificate{
		Subject: printable(cert.Subject.String()), SHA256: hex.EncodeToString(sum[:]),
		DNSNames: cert.DNSNames, Emails: cert.EmailAddresses,
	}
	for _, u := range cert.URIs {
		c.URIs = append(c.URIs, u.String())
	}
	return c
}

// printable escapes what a field value cannot hold as RFC 4514 section 2.4 allows it:
// each byte as \XX.
func printable(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= ' ' && c <= '~' {
			b.WriteByte(c)
		} else {
			b.WriteByte('\\')
			b.WriteString(strings.ToUpper(hex.EncodeToString([]byte{c})))
		}
	}
	return b.String()
}

// identify tells the upstream of the client's certificate, and of no other.
func (c *session) identify() {
	h := &c.w.x.Header
	dropIdentity(h)
	c.w.x.Certificate = c.identity
	if c.identity != nil {
		h.Add(subjectField, c.identity.Subject)
		h.Add(sha256Field, c.identity.SHA256)
	}
}

// dropIdentity drops what looks like the gateway's word on a client.
func dropIdentity(h *filter.Header) {
	for i := 0; i < len(h.Fields()); {
		if name := h.Fields()[i].Name; isIdentity(name) {
			h.Del(name)
			continue
		}
		i++
	}
}

// isIdentity takes "_" for "-": programs that get header fields as variables (RFC 3875,
// section 4.1.18) cannot tell one from the other.
func isIdentity(name string) bool {
	if len(name) < len(identityPrefix) {
		return false
	}
	for i := range len(identityPrefix) {
		c := name[i]
		switch {
		case c == '_':
			c = '-'
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		if c != identityPrefix[i] {
			return false
		}
	}
	return true
}
