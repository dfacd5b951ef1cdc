package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	"golang.org/x/crypto/ocsp"
)

// staple is the word of an authority that a certificate is not revoked (RFC 6960), read
// from a file and sent to clients that ask for it (RFC 6066 section 8).
type staple struct {
	file    string
	problem string
	data    []byte // that was looked at last
	of      *x509.Certificate
	until   time.Time // zero: the response has no end
	good    bool
}

// refresh reads the file for the certificate cert and returns what to send with it: nil
// for nothing. A file that cannot be read leaves what was there.
func (s *staple) refresh(cert *tls.Certificate, now time.Time) ([]byte, error) {
	if s.file == "" {
		return nil, nil
	}
	data, err := read(s.file)
	if s.of != cert.Leaf {
		s.good = false // it was said of another
	}
	if err == nil && (s.of != cert.Leaf || !bytes.Equal(data, s.data)) {
		s.good, s.data, s.of = false, data, cert.Leaf
		s.until, err = verify(data, cert)
		s.good = err == nil
	}
	if s.good && s.of == cert.Leaf && !s.until.IsZero() && !now.Before(s.until) {
		s.good = false
		err = fmt.Errorf("the response ended at %s; fetch a new one", s.until.Format(time.RFC3339))
	}
	return s.sent(), err
}

func (s *staple) sent() []byte {
	if !s.good {
		return nil
	}
	return s.data
}

// verify checks that a response is about cert, says that it is good and comes from its
// authority, as far as the chain names that. It returns when the response ends.
func verify(data []byte, cert *tls.Certificate) (time.Time, error) {
	var issuer *x509.Certificate
	if len(cert.Certificate) > 1 {
		var err error
		if issuer, err = x509.ParseCertificate(cert.Certificate[1]); err != nil {
			return time.Time{}, fmt.Errorf("the certificate's authority: %w", err)
		}
	}
	r, err := ocsp.ParseResponseForCert(data, cert.Leaf, issuer)
	if err != nil {
		return time.Time{}, fmt.Errorf("no OCSP response for the certificate (DER): %w", err)
	}
	switch r.Status {
	case ocsp.Good:
		return r.NextUpdate, nil
	case ocsp.Revoked:
		return time.Time{}, fmt.Errorf("the certificate was revoked at %s", r.RevokedAt.Format(time.RFC3339))
	}
	return time.Time{}, fmt.Errorf("the authority does not know the certificate")
}
