package identity

import (
	"crypto/tls"
	"crypto/x509"
)

// Config is what crypto/tls is told for connections to one endpoint: host is the host of
// its address. Roots, when set, vouch for the endpoint in place of all others. Each
// configuration has sessions of its own to resume: what was verified by other material
// is not taken over.
func (i *Identity) Config(m *Material, host string, roots *x509.CertPool) *tls.Config {
	c := &tls.Config{
		MinVersion: i.min, NextProtos: i.alpn, ServerName: host, RootCAs: m.roots,
		ClientSessionCache: tls.NewLRUClientSessionCache(1), // its key is the server's name
	}
	if i.def.ServerName != "" {
		c.ServerName = i.def.ServerName
	}
	if roots != nil {
		c.RootCAs = roots
	}
	if len(m.certs) > 0 {
		// Without a look at which authorities the server names: there is no other
		// certificate to offer, and the server says best what it does not like.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &m.certs[0], nil }
	}
	switch {
	case !i.def.Verify:
		c.InsecureSkipVerify = true
	case len(i.def.Names) > 0:
		// crypto/tls verifies the name that it asks for, and no other.
		c.InsecureSkipVerify = true
		names, roots := i.def.Names, c.RootCAs
		c.VerifyConnection = func(s tls.ConnectionState) error { return verify(s.PeerCertificates, roots, names) }
	}
	return c
}

// verify verifies a chain and that its certificate is made out for one of the names.
func verify(chain []*x509.Certificate, roots *x509.CertPool, names []string) error {
	if len(chain) == 0 {
		return &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign, Detail: "there is no certificate"}}
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	// Key usages: the zero value asks for that of a server.
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
	if err == nil {
		for _, name := range names {
			if err = chain[0].VerifyHostname(name); err == nil {
				return nil
			}
		}
	}
	return &tls.CertificateVerificationError{UnverifiedCertificates: chain, Err: err}
}
