package h3

import (
	"crypto/tls"
	"errors"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/lintel-gateway/lintel/runtime/telemetry"
)

// derived is a config of TLS for QUIC, and the one that it was made from.
type derived struct{ from, config *tls.Config }

// configFor is what a new connection is served with: the listener's config of the moment,
// for HTTP/3 alone. It stays the same while that does. Session tickets are those of the
// listener, whose keys may change.
func (s *server) configFor(*tls.ClientHelloInfo) (*tls.Config, error) {
	from := s.tls()
	if d := s.derived.Load(); d != nil && d.from == from {
		return d.config, nil
	}
	// A config makes the keys of its tickets when it first needs them; made before the
	// copy, they are the same for both.
	_, _ = from.DecryptTicket(nil, tls.ConnectionState{})
	config := from.Clone()
	config.NextProtos = []string{http3.NextProtoH3}
	config.MinVersion = tls.VersionTLS13 // RFC 9001 section 4.2
	config.WrapSession, config.UnwrapSession = from.EncryptTicket, from.DecryptTicket
	s.derived.Store(&derived{from, config})
	return config, nil
}

// cryptoError is the first code of those that stand for an alert of TLS (RFC 9001 section
// 4.8), and the alerts that are about a client's certificate.
const (
	cryptoError         = 0x100
	badCertificate      = 42
	unknownCertificate  = 46
	unknownAuthority    = 48
	certificateRequired = 116
)

// failure says how a handshake failed.
func failure(cause error) telemetry.Handshake {
	var idle *quic.IdleTimeoutError
	var late *quic.HandshakeTimeoutError
	var transport *quic.TransportError
	var application *quic.ApplicationError
	switch {
	case errors.As(cause, &idle), errors.As(cause, &late):
		return telemetry.HandshakeTimeout
	case errors.As(cause, &application):
		return telemetry.HandshakeClosed
	case errors.As(cause, &transport) && !transport.Remote && transport.ErrorCode.IsCryptoError():
		switch alert := transport.ErrorCode - cryptoError; {
		case alert >= badCertificate && alert <= unknownCertificate, alert == unknownAuthority, alert == certificateRequired:
			return telemetry.HandshakeClientCertificate
		}
	case errors.As(cause, &transport) && transport.Remote:
		return telemetry.HandshakeClosed
	}
	return telemetry.HandshakeFailed
}
