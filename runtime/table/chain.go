package table

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/upstream/identity"
)

// chains holds what a build has made of filters so far. Routes of a domain differ
// little in their filters: a filter is built once for equal configurations, a chain
// once for equal filters.
type chains struct {
	steps  map[string]*numbered // by filter, configuration and parameters
	chains map[string]*filter.Chain

	names []string // of the filters of the present route
	key   []byte
	id    []byte
	row   []*filter.Step
}

// numbered is a built filter and its number in the domain.
type numbered struct {
	step *filter.Step
	n    uint32
}

func newChains() chains {
	return chains{steps: map[string]*numbered{}, chains: map[string]*filter.Chain{}}
}

// chain returns the filters of a route.
func (b *domainBuild) chain(r *Route) (*filter.Chain, error) {
	c := &b.chains
	c.names, c.id, c.row = c.names[:0], c.id[:0], c.row[:0]
	for name := range r.Def.Filters {
		c.names = append(c.names, name)
	}
	slices.Sort(c.names)
	for _, name := range c.names {
		s, err := b.step(r, name)
		if err != nil {
			return nil, err
		}
		c.row = append(c.row, s.step)
		c.id = binary.BigEndian.AppendUint32(c.id, s.n)
	}
	if have := c.chains[string(c.id)]; have != nil {
		return have, nil
	}
	made := filter.Join(c.row)
	c.chains[string(c.id)] = made
	return made, nil
}

// step returns one filter of a route. Only a configuration with a brace in one of
// its texts can depend on the parameters of the path.
func (b *domainBuild) step(r *Route, name string) (*numbered, error) {
	c, config := &b.chains, r.Def.Filters[name]
	var params []string
	if len(r.params) > 0 && braced(config) {
		params = r.params
	}
	c.key = append(append(append(c.key[:0], name...), 0), config...)
	for _, p := range params {
		c.key = append(append(c.key, 0), p...)
	}
	if have := c.steps[string(c.key)]; have != nil {
		return have, nil
	}
	s, err := b.d.env.Filters.Step(filter.Env{Secret: b.secret, Params: params}, name, config)
	if err != nil {
		return nil, err
	}
	b.d.steps = append(b.d.steps, s)
	made := &numbered{s, uint32(len(b.d.steps))}
	c.steps[string(c.key)] = made
	return made, nil
}

// braced tells whether a string of the JSON text holds "{".
func braced(config []byte) bool {
	quoted := false
	for i := 0; i < len(config); i++ {
		switch config[i] {
		case '"':
			quoted = !quoted
		case '\\':
			i++
		case '{':
			if quoted {
				return true
			}
		}
	}
	return false
}

func (b *domainBuild) secret(name string) (*filter.Secret, error) {
	s, err := b.secretOf(name, true)
	return s.Value, err
}

// secretOf finds a secret of the domain, when own is set, or of the shared part.
func (b *domainBuild) secretOf(name string, own bool) (identity.Secret, error) {
	s, ok := b.d.def.Secrets[name]
	if ok = ok && own; !ok && b.shared != nil {
		s, ok = b.shared.Def.Secrets[name]
	}
	if !ok {
		return identity.Secret{}, fmt.Errorf("secret %q is not declared", name)
	}
	if b.d.env.Secret == nil {
		return identity.Secret{File: s.File, Value: &filter.Secret{}}, nil
	}
	return identity.Secret{File: s.File, Value: b.d.env.Secret(s)}, nil
}
