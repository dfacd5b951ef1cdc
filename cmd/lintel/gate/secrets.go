package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/cases"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// maxSecret bounds one secret in bytes, as the gateway does.
const maxSecret = 64 << 10

// secrets are the values that the gateway and the cases have of one another's
// secrets.
type secrets struct {
	// dir is the folder that the gateway reads; "" for a live one, which has its own.
	dir string
	// values are by "domain/name", or by "name" for shared ones.
	values map[string]string
	// given is the folder of real values, "" when there is none.
	given string
	live  bool
}

// gather reads the values of all declared secrets from the folder given and makes up
// those that are not there; it writes all of them to dir. A live gateway's secrets
// cannot be made up.
func gather(b *bundle.Bundle, given, dir string, live bool) (*secrets, error) {
	s := &secrets{dir: dir, values: map[string]string{}, given: given, live: live}
	if live {
		s.dir = ""
	}
	add := func(name string, def route.Secret) error {
		value, err := s.read(def.File)
		if err != nil || value == "" {
			return err
		}
		s.values[name] = value
		if s.dir == "" {
			return nil
		}
		path := filepath.Join(dir, filepath.FromSlash(def.File))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("write secrets: %w", err)
		}
		if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
			return fmt.Errorf("write secrets: %w", err)
		}
		return nil
	}
	if shared := b.Shared(); shared != nil {
		for _, name := range slices.Sorted(maps.Keys(shared.Def.Secrets)) {
			if err := add(name, shared.Def.Secrets[name]); err != nil {
				return nil, err
			}
		}
	}
	for _, d := range b.Domains() {
		for _, name := range slices.Sorted(maps.Keys(d.Def.Secrets)) {
			if err := add(d.Def.Name+"/"+name, d.Def.Secrets[name]); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// read is the value in the folder given, or one made of the file's name; "" when a
// live gateway's is not known.
func (s *secrets) read(file string) (string, error) {
	if s.given != "" {
		path := filepath.Join(s.given, filepath.FromSlash(file))
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return "", fmt.Errorf("read secret: %w", err)
		case info.Size() > maxSecret:
			return "", fmt.Errorf("the secret in %s has %d bytes; at most %d are taken", path, info.Size(), maxSecret)
		default:
			value, err := os.ReadFile(path)
			if err != nil {
				return "", fmt.Errorf("read secret: %w", err)
			}
			return strings.TrimRight(string(value), "\r\n"), nil
		}
	}
	if s.live {
		return "", nil
	}
	sum := sha256.Sum256([]byte("made up for tests: " + file))
	return "made-up-" + hex.EncodeToString(sum[:12]), nil
}

// known tells whether a secret has a value, by its name as a domain's cases have it.
func (s *secrets) known(domain, name string) bool {
	_, own := s.values[domain+"/"+name]
	_, shared := s.values[name]
	return own || shared
}

// check makes sure that every case has the secrets that it needs.
func (s *secrets) check(set *cases.Set) error {
	for i := range set.Cases {
		c := &set.Cases[i]
		all := []map[string]cases.Values{c.Spec.Request.Headers}
		if u := c.Spec.Expect.Upstream; u != nil {
			all = append(all, u.Headers)
		}
		for _, by := range all {
			for _, header := range slices.Sorted(maps.Keys(by)) {
				if ref := by[header].Secret; ref != nil && !s.known(c.Domain(), ref.Secret) {
					return s.missing(c, ref.Secret)
				}
			}
		}
	}
	return nil
}

func (s *secrets) missing(c *cases.Case, name string) error {
	from := "name a folder that holds it with --secrets DIR"
	if s.given != "" {
		from = "its file is not in " + s.given
	}
	return fmt.Errorf("%s:%d:%d: the case %q needs the value of the secret %q: %s", c.File, c.Line, c.Column, c.Name, name, from)
}

// write puts the values where the replay reads them.
func (s *secrets) write(file string) error {
	text, err := json.Marshal(s.values)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return fmt.Errorf("write secrets: %w", err)
	}
	return nil
}
