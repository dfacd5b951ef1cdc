package gate

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/lintel-gateway/lintel/cmd/lintel/local"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// secrets are the values that the gateway and the cases have of one another's
// secrets.
type secrets struct {
	// dir is the folder that the gateway reads; "" for a live one, which has its own.
	dir string
	// values are by "domain/name", or by "name" for shared ones.
	values map[string]string
	// given is the folder of real values, "" when there is none.
	given string
}

// gather reads the values of all declared secrets from the folder given and makes up
// those that are not there; it writes all of them to dir. A live gateway's secrets
// cannot be made up.
func gather(b *bundle.Bundle, given, dir string, live bool, standIn *local.StandIn) (*secrets, error) {
	if live {
		dir = ""
	}
	values, err := local.Secrets(b, given, dir, standIn)
	return &secrets{dir: dir, values: values, given: given}, err
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
