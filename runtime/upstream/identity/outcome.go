package identity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
)

// Outcome is how a TLS handshake with an endpoint ended.
type Outcome uint8

// The outcomes.
const (
	Full Outcome = iota
	Resumed
	Timeout           // not done within the connect timeout
	Closed            // the endpoint closed the connection
	BadName           // its certificate is made out for other names
	BadAuthority      // nobody that is trusted vouches for its certificate
	BadTime           // its certificate is expired, or not valid yet
	BadCertificate    // its certificate is wrong in another way
	ClientCertificate // the endpoint does not accept the gateway's certificate, or wants one
	NoSecret          // a secret has no usable value: there was no connection
	Failed            // nothing in common, not TLS, or in TLS 1.2 no certificate where one is wanted

	// Count is how many outcomes there are.
	Count
)

// String is the value of the label outcome.
func (o Outcome) String() string {
	return [Count]string{
		"full", "resumed", "timeout", "closed", "certificate-name", "certificate-authority", "certificate-time",
		"certificate", "client-certificate", "no-secret", "failed",
	}[o]
}

// OutcomeOf says how a handshake failed with err.
func OutcomeOf(err error) Outcome {
	var (
		name      x509.HostnameError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		op        *net.OpError
	)
	switch {
	case errors.Is(err, ErrSecret):
		return NoSecret
	case errors.As(err, &name):
		return BadName
	case errors.As(err, &authority):
		return BadAuthority
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return BadTime
	case errors.As(err, &verify):
		return BadCertificate
	case errors.As(err, &op) && op.Op == "remote error":
		// The type of an alert is crypto/tls's own; its text is that of RFC 8446 section 6.
		if text := err.Error(); strings.Contains(text, "certificate") {
			return ClientCertificate
		}
		return Failed
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return Closed
	}
	return Failed
}
