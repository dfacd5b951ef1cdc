package certs

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// maxFile bounds one file in bytes.
const maxFile = 1 << 20

// refusals remembers what was refused last, so that it is told once.
type refusals struct {
	loaded, refused uint64
	sum             [sha256.Size]byte // of the files that are served
	problem         string
}

// news tells whether a refusal was not told yet, and counts it.
func (r *refusals) news(err error) bool {
	if err.Error() == r.problem {
		return false
	}
	r.problem = err.Error()
	r.refused++
	return true
}

// same tells whether the files are those that are served.
func (r *refusals) same(sum [sha256.Size]byte) bool {
	if r.sum != sum {
		return false
	}
	r.problem = ""
	return true
}

// take notes that the files are served from now on.
func (r *refusals) take(sum [sha256.Size]byte) {
	r.sum, r.problem = sum, ""
	r.loaded++
}

// pair is a certificate with its key.
type pair struct {
	refusals
	files  Files
	cert   *tls.Certificate
	staple staple
	warned time.Time
}

// refresh reads the files and tells whether there is a new certificate. With an error
// the one before stays.
func (p *pair) refresh() (bool, error) {
	chain, err := read(p.files.Cert)
	if err != nil {
		return false, fmt.Errorf("certificate: %w", err)
	}
	key, err := read(p.files.Key)
	if err != nil {
		return false, fmt.Errorf("key: %w", err)
	}
	sum := sha256.Sum256(append(append(chain[:len(chain):len(chain)], 0), key...))
	if p.same(sum) {
		return false, nil
	}
	cert, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return false, fmt.Errorf("certificate %s and key %s are no pair: %w", p.files.Cert, p.files.Key, err)
	}
	p.take(sum)
	p.cert, p.warned = &cert, time.Time{}
	return true, nil
}

// names are the host names that the certificate was issued for.
func (p *pair) names() []string { return p.cert.Leaf.DNSNames }

// pool is a file with the certificates of authorities.
type pool struct {
	refusals
	file  string
	certs *x509.CertPool
}

// refresh reads the file and tells whether there are new authorities. With an error
// those before stay.
func (p *pool) refresh() (bool, error) {
	data, err := read(p.file)
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(data)
	if p.same(sum) {
		return false, nil
	}
	certs, n := x509.NewCertPool(), 0
	for rest := data; ; n++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return false, fmt.Errorf("%s holds a PEM block %q; only certificates belong there", p.file, block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return false, fmt.Errorf("%s: certificate %d: %w", p.file, n+1, err)
		}
		certs.AddCert(cert)
	}
	if n == 0 {
		return false, fmt.Errorf("%s holds no certificate in PEM", p.file)
	}
	p.take(sum)
	p.certs = certs
	return true, nil
}

func read(path string) ([]byte, error) {
	if path == "" {
		return nil, errors.New("no file is named")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s is over the limit of %d bytes", path, maxFile)
	}
	return data, nil
}
