// Package authority issues certificates for tests.
package authority

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"

	"golang.org/x/crypto/ocsp"
)

// Authority issues certificates. It is used by one goroutine at a time.
type Authority struct {
	// PEM is its own certificate, and Pool a pool with that.
	PEM  []byte
	Pool *x509.CertPool

	cert *x509.Certificate
	key  crypto.Signer
	// above are the certificates between those that are issued and the root.
	above []byte
}

// Request says what to issue.
type Request struct {
	// Names are the host names; the first is also the subject's common name.
	Names []string
	// IPs are the addresses of a server beside its names.
	IPs []net.IP
	// Subject, when set, is the subject of a client's certificate without host names.
	Subject pkix.Name
	// RSA asks for an RSA key instead of an ECDSA one.
	RSA bool
	// Until is when it expires; the zero time means in a year.
	Until time.Time
}

// Pair is a certificate with what stands between it and the root, and its key, in PEM.
type Pair struct{ Cert, Key []byte }

// TLS is the pair as crypto/tls takes it.
func (p *Pair) TLS() (tls.Certificate, error) { return tls.X509KeyPair(p.Cert, p.Key) }

// ServerAndClient makes the TLS of a server that has a certificate for name, and of its clients.
func ServerAndClient(name string) (server, client *tls.Config, err error) {
	a, err := New("root")
	if err != nil {
		return nil, nil, err
	}
	p, err := a.Issue(Request{Names: []string{name}})
	if err != nil {
		return nil, nil, err
	}
	cert, err := p.TLS()
	if err != nil {
		return nil, nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}}, &tls.Config{RootCAs: a.Pool, ServerName: name}, nil
}

// New makes a root.
func New(name string) (*Authority, error) {
	a := &Authority{}
	return a, a.sign(name, nil)
}

// Below makes an authority that a issued.
func (a *Authority) Below(name string) (*Authority, error) {
	b := &Authority{}
	if err := b.sign(name, a); err != nil {
		return nil, err
	}
	b.above = append(append(b.above, b.PEM...), a.above...)
	return b, nil
}

// sign makes a's own certificate, issued by parent or by itself.
func (a *Authority) sign(name string, parent *Authority) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	issuer, signer := template, crypto.Signer(key)
	if parent != nil {
		issuer, signer = parent.cert, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	if err != nil {
		return fmt.Errorf("make an authority: %w", err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return fmt.Errorf("make an authority: %w", err)
	}
	a.key, a.PEM, a.Pool = key, encode("CERTIFICATE", der), x509.NewCertPool()
	a.Pool.AddCert(a.cert)
	return nil
}

// Issue issues a certificate for servers and clients.
func (a *Authority) Issue(r Request) (*Pair, error) {
	var key crypto.Signer
	var err error
	if r.RSA {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	if r.Until.IsZero() {
		r.Until = time.Now().AddDate(1, 0, 0)
	}
	if len(r.Names) > 0 {
		r.Subject.CommonName = r.Names[0]
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: r.Subject, DNSNames: r.Names, IPAddresses: r.IPs,
		NotBefore: time.Now().Add(-30 * 24 * time.Hour), NotAfter: r.Until, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("issue a certificate: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode a key: %w", err)
	}
	return &Pair{append(encode("CERTIFICATE", der), a.above...), encode("PRIVATE KEY", secret)}, nil
}

// Vouch is a response of OCSP about a certificate that a issued, in DER: its status is
// ocsp.Good, ocsp.Revoked or ocsp.Unknown, until some time.
func (a *Authority) Vouch(p *Pair, status int, until time.Time) ([]byte, error) {
	block, _ := pem.Decode(p.Cert)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("parse the certificate: %w", err)
	}
	return ocsp.CreateResponse(a.cert, a.cert, ocsp.Response{
		Status: status, SerialNumber: cert.SerialNumber, ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: until,
		RevokedAt: time.Now().Add(-time.Hour),
	}, a.key)
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
