package table

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/upstream"
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
		key := domainKey(d, in.Shared)
		built := old
		if old != nil && old.key == key {
			old.refs.Add(1)
		} else {
			var err error
			if built, err = buildDomain(d, in.Shared, key, old, env); err != nil {
				return nil, err
			}
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
