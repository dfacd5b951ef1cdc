package table

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/upstream"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// Build makes the table of in. A domain that equals prev's of that name is shared,
// not built; prev may be nil. A bundle with one bad route is refused whole: then
// nothing is held and prev is untouched.
func Build(in Input, prev *Table, env Env) (*Table, error) {
	if env.Upstreams == nil {
		env.Upstreams = &upstream.Registry{}
	}
	t := &Table{hosts: map[string]host{}, wild: map[string]host{}}
	done := false
	defer func() {
		if !done {
			t.Close()
		}
	}()
	for _, d := range in.Domains {
		var old *Domain
		if prev != nil {
			old = prev.domain(d.Def.Name)
		}
		built, err := shareOrBuild(d, in.Shared, old, env)
		if err != nil {
			return nil, err
		}
		t.domains = append(t.domains, built)
	}
	slices.SortFunc(t.domains, func(a, b *Domain) int { return strings.Compare(a.Name, b.Name) })
	for i, d := range t.domains {
		if i > 0 && t.domains[i-1].Name == d.Name {
			return nil, fmt.Errorf("domain %s is there twice", d.Name)
		}
		for root, pattern := range d.hosts {
			if err := t.own(pattern, host{d, d.arena.roots[root]}); err != nil {
				return nil, err
			}
		}
	}
	done = true
	return t, nil
}

// shareOrBuild returns old with one more reference when it was built from the same,
// or a new domain.
func shareOrBuild(d *bundle.Domain, shared *bundle.Shared, old *Domain, env Env) (*Domain, error) {
	from := origin{domain: d.Digest}
	if shared != nil {
		from.shared = shared.Digest
	}
	if old != nil && old.from == from {
		old.refs.Add(1)
		return old, nil
	}
	// Only another shared part can still come to the same: the domain may use none of
	// what changed.
	key := domainKey(d, shared)
	if old != nil && old.key == key {
		old.refs.Add(1)
		return old, nil
	}
	return buildDomain(d, shared, from, key, old, env)
}

// own enters a host pattern; it belongs to one domain only.
func (t *Table) own(pattern string, h host) error {
	var other *Domain
	switch {
	case pattern == "*":
		if t.any != nil {
			other = t.any.domain
		}
		t.any = &h
	case strings.HasPrefix(pattern, "*"):
		other = t.wild[pattern[1:]].domain
		t.wild[pattern[1:]] = h
	default:
		other = t.hosts[pattern].domain
		t.hosts[pattern] = h
	}
	if other != nil {
		return fmt.Errorf("host %s is in two domains, %s and %s", pattern, other.Name, h.domain.Name)
	}
	return nil
}
