package local

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// maxSecret bounds one secret in bytes, as the gateway does.
const maxSecret = 64 << 10

// Secrets gives every declared secret of a bundle a value and writes all of them below
// dir, where a gateway reads them. Values come from the folder given, which may be "";
// those that are not there are made up, the same ones each time: those of TLS by standIn,
// which may be nil without a dir. Without a dir nothing is made up or written. The values are by "domain/name", or "name" for shared ones.
func Secrets(b *bundle.Bundle, given, dir string, standIn *StandIn) (map[string]string, error) {
	values, roles := map[string]string{}, rolesOf(b)
	add := func(prefix string, declared map[string]route.Secret) error {
		for _, name := range slices.Sorted(maps.Keys(declared)) {
			file := declared[name].File
			value, found, err := readSecret(given, file)
			if err != nil {
				return err
			}
			if !found && dir == "" {
				continue
			}
			if !found {
				value = madeUp(file, roles[file], standIn)
			}
			values[prefix+name] = value
			if err := writeSecret(dir, file, value); err != nil {
				return fmt.Errorf("write secrets: %w", err)
			}
		}
		return nil
	}
	if shared := b.Shared(); shared != nil {
		if err := add("", shared.Def.Secrets); err != nil {
			return nil, err
		}
	}
	for _, d := range b.Domains() {
		if err := add(d.Def.Name+"/", d.Def.Secrets); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// readSecret reads a secret from the folder given.
func readSecret(given, file string) (value string, found bool, err error) {
	if given == "" {
		return "", false, nil
	}
	path := filepath.Join(given, filepath.FromSlash(file))
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("read secret: %w", err)
	case info.Size() > maxSecret:
		return "", false, fmt.Errorf("the secret in %s has %d bytes; at most %d are taken", path, info.Size(), maxSecret)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", false, fmt.Errorf("read secret: %w", err)
	}
	return strings.TrimRight(string(text), "\r\n"), true, nil
}

// role is what a secret is for; the zero role is none in particular.
type role uint8

const (
	plain role = iota
	authorities
	clientCertificate
	clientKey
)

// rolesOf tells what the secrets of a bundle are for, by their files.
func rolesOf(b *bundle.Bundle) map[string]role {
	out := map[string]role{}
	note := func(ups map[string]route.Upstream, secrets ...map[string]route.Secret) {
		for _, u := range ups {
			if u.TLS == nil {
				continue
			}
			for _, s := range []struct {
				ref *route.SecretRef
				role
			}{{u.TLS.CA, authorities}, {u.TLS.Certificate, clientCertificate}, {u.TLS.Key, clientKey}} {
				for _, declared := range secrets {
					if s.ref == nil {
						break
					}
					if found, ok := declared[s.ref.Secret]; ok {
						out[found.File] = s.role
						break
					}
				}
			}
		}
	}
	shared := b.Shared().Def
	note(shared.Upstreams, shared.Secrets)
	for _, d := range b.Domains() {
		note(d.Def.Upstreams, d.Def.Secrets, shared.Secrets)
	}
	return out
}

// madeUp is a value that depends on the file's name alone, or on what it is for.
func madeUp(file string, r role, standIn *StandIn) string {
	switch r {
	case authorities:
		return strings.TrimSpace(string(standIn.PEM()))
	case clientCertificate:
		return strings.TrimSpace(string(standIn.Client.Cert))
	case clientKey:
		return strings.TrimSpace(string(standIn.Client.Key))
	}
	sum := sha256.Sum256([]byte("made up for tests: " + file))
	return "made-up-" + hex.EncodeToString(sum[:12])
}

func writeSecret(dir, file, value string) error {
	if dir == "" {
		return nil
	}
	path := filepath.Join(dir, filepath.FromSlash(file))
	if have, err := os.ReadFile(path); err == nil && string(have) == value {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(value), 0o600)
}
