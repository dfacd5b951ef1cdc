package bundle

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
)

// maxSignature bounds manifest.sig in bytes.
const maxSignature = 256

// Sign signs the bytes of the manifest and adds the signature to the files. The
// digest does not change.
func (b *Encoded) Sign(key ed25519.PrivateKey) {
	sig := ed25519.Sign(key, b.files[ManifestName])
	b.files = maps.Clone(b.files)
	b.files[SignatureName] = append(base64.StdEncoding.AppendEncode(nil, sig), '\n')
}

// Verify checks the signature against the key. A bundle without one is refused.
func (b *Encoded) Verify(key ed25519.PublicKey) error {
	return VerifyManifest(b.files[ManifestName], b.files[SignatureName], key)
}

// VerifyManifest checks the bytes of manifest.sig, nil when there is none,
// against those of manifest.json. It needs nothing else, so it can run before
// anything in the bundle is decoded.
func VerifyManifest(manifest, signature []byte, key ed25519.PublicKey) error {
	if signature == nil {
		return fail(CodeSignatureMissing, SignatureName, "a key is given, but the bundle is not signed")
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(string(bytes.TrimSuffix(signature, []byte("\n"))))
	if err != nil || len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, manifest, sig) {
		return fail(CodeSignatureInvalid, SignatureName, "the signature was not made over this manifest with the key")
	}
	return nil
}

// ParsePrivateKey reads a PEM block "PRIVATE KEY" (PKCS #8, RFC 5958) with an
// Ed25519 key.
func ParsePrivateKey(data []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New(`there is no PEM block "PRIVATE KEY" in the file`)
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	if key, ok := k.(ed25519.PrivateKey); ok {
		return key, nil
	}
	return nil, errors.New("the private key is not an Ed25519 key")
}

// ParsePublicKey reads a PEM block "PUBLIC KEY" (PKIX, RFC 8410) with an Ed25519
// key.
func ParsePublicKey(data []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New(`there is no PEM block "PUBLIC KEY" in the file`)
	}
	k, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	if key, ok := k.(ed25519.PublicKey); ok {
		return key, nil
	}
	return nil, errors.New("the public key is not an Ed25519 key")
}

// MarshalKeys writes a key pair as the two PEM blocks that ParsePrivateKey and
// ParsePublicKey read.
func MarshalKeys(key ed25519.PrivateKey) (private, public []byte, err error) {
	priv, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("private key: %w", err)
	}
	pub, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, nil, fmt.Errorf("public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: priv}),
		pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pub}), nil
}
