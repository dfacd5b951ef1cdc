package telemetry

import (
	"crypto/tls"
	"sync/atomic"
	"time"

	"github.com/lintel-gateway/lintel/runtime/upstream/identity"
)

// Handshake is how a TLS handshake ended.
type Handshake uint8

// The ends of a handshake.
const (
	HandshakeFull Handshake = iota
	HandshakeResumed
	HandshakeTimeout           // not done within its time
	HandshakeClosed            // the client left
	HandshakePlain             // the client speaks plain HTTP
	HandshakeClientCertificate // the client's certificate is absent or not good
	HandshakeFailed            // nothing in common, or not TLS
	handshakeEnds
)

// String is the value of the label outcome.
func (h Handshake) String() string {
	return [handshakeEnds]string{"full", "resumed", "timeout", "closed", "plain-http", "client-certificate", "failed"}[h]
}

// tlsVersions are the values of the label tls; 0 is a handshake that settled on none.
var tlsVersions = [...]struct {
	number uint16
	text   string
}{{0, "none"}, {tls.VersionTLS12, "1.2"}, {tls.VersionTLS13, "1.3"}}

// Handshakes counts TLS handshakes.
type Handshakes struct {
	n [handshakeEnds][len(tlsVersions)]atomic.Uint64
}

// Done counts a handshake. The version is as in crypto/tls; 0 when none was settled.
func (h *Handshakes) Done(end Handshake, version uint16) {
	h.n[end][slotOf(version)].Add(1)
}

// slotOf is the place of a version in tlsVersions.
func slotOf(version uint16) int {
	for i := range tlsVersions {
		if tlsVersions[i].number == version {
			return i
		}
	}
	return 0
}

// UpstreamHandshakes counts TLS handshakes with endpoints.
type UpstreamHandshakes struct {
	n [identity.Count][len(tlsVersions)]atomic.Uint64
}

// Done counts a handshake. The version is as in crypto/tls; 0 when none was settled.
func (h *UpstreamHandshakes) Done(o identity.Outcome, version uint16) {
	h.n[o][slotOf(version)].Add(1)
}

// Count is how many handshakes ended so, of all versions.
func (h *Handshakes) Count(end Handshake) (sum uint64) {
	for i := range h.n[end] {
		sum += h.n[end][i].Load()
	}
	return sum
}

// Certificate is what is shown of a certificate that listeners serve with.
type Certificate struct {
	// Name is the path of its file.
	Name string
	// Expires is the end of the certificate that is served.
	Expires time.Time
	// Loaded and Refused count the changes of its files that were taken and not taken.
	Loaded, Refused uint64
}
