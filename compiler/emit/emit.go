// Package emit writes a compiled program as a bundle: same program, same bytes.
// Packs of domains that have not changed since an earlier compile are taken from a
// store instead of being encoded and decoded again.
package emit

import (
	"fmt"

	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// Meta is what the caller says of the bundle.
type Meta = bundle.Meta

// Store keeps packs between compiles by key. What Get returns must be what was put:
// a store keeps its entries from being changed.
type Store interface {
	// Key makes a key of the parts, which is "" when nothing is kept.
	Key(parts ...string) string
	Get(key string) ([]byte, bool)
	Put(key string, value []byte)
}

// Emitted is a bundle, and what decodes from its bytes as far as that is new.
type Emitted struct {
	Bundle *bundle.Encoded
	// Shared is the shared part as a gateway decodes it.
	Shared *bundle.Shared
	// Fresh are the domains as a gateway decodes them, but for those that are
	// proven and were found in the store with all that share their shard.
	Fresh []*bundle.Domain
}

// Bundle encodes a program that has passed the checks and decodes what it wrote.
// Positions go into shards of their own, tests and descriptions nowhere. Domains that
// are closed are opened with open where their shards have to be written.
func Bundle(p *ir.Program, meta Meta, store Store, open func(*ir.Domain) error) (*Emitted, error) {
	w, err := bundle.NewPacker()
	if err != nil {
		return nil, fmt.Errorf("encode the bundle: %w", err)
	}
	e := emission{packer: w, store: store, open: open, out: &Emitted{}}
	if err := e.shared(p.Shared.Def); err != nil {
		return nil, fmt.Errorf("encode the shared part: %w", err)
	}
	h := bundle.Head{Meta: meta, Owners: map[string]string{}}
	h.CountShared(&p.Shared.Def)
	weighed := make([]bundle.Weighed, len(p.Domains))
	for i, d := range p.Domains {
		weighed[i].Name = d.Def.Name
		if o := d.Outline; o != nil {
			h.Count(o.Routes, o.OwnUpstreams)
			weighed[i].Weight = o.Weight
		} else {
			h.Count(len(d.Def.Routes), len(d.Def.Upstreams))
			weighed[i].Weight = bundle.Weigh(&d.Def)
		}
		if d.Owner != "" {
			h.Owners[d.Def.Name] = d.Owner
		}
	}
	from := 0
	for _, to := range bundle.Layout(weighed) {
		if err := e.pack(p.Domains[from:to]); err != nil {
			return nil, fmt.Errorf("encode the domains %s to %s: %w", weighed[from].Name, weighed[to-1].Name, err)
		}
		from = to
	}
	if e.out.Bundle, err = bundle.Join(e.packs, h); err != nil {
		return nil, fmt.Errorf("encode the manifest: %w", err)
	}
	return e.out, nil
}

// emission is one bundle in the making.
type emission struct {
	packer *bundle.Packer
	store  Store
	open   func(*ir.Domain) error
	packs  []*bundle.Pack
	out    *Emitted
}

func (e *emission) shared(def route.Shared) error {
	p, err := e.packer.Shared(def)
	if err != nil {
		return err
	}
	e.packs = append(e.packs, p)
	_, e.out.Shared, err = p.Decode()
	return err
}

// pack adds one pack of the layout, out of the store when all of its domains are
// proven.
func (e *emission) pack(domains []*ir.Domain) error {
	key, proven := e.key(domains)
	if key != "" && proven {
		if data, ok := e.store.Get(key); ok {
			if p, err := bundle.ParsePack(data); err == nil {
				e.packs = append(e.packs, p)
				return nil
			}
		}
	}
	sources := map[string]bundle.Source{}
	defs := make([]*route.Domain, len(domains))
	for i, d := range domains {
		if d.Outline != nil {
			if err := e.open(d); err != nil {
				return err
			}
		}
		defs[i] = &d.Def
		for _, r := range d.Routes {
			sources[r.Def.ID] = bundle.Source{Module: r.Module, File: r.Pos.File, Line: r.Pos.Line, Column: r.Pos.Column}
		}
	}
	p, err := e.packer.Pack(defs, sources)
	if err != nil {
		return err
	}
	fresh, _, err := p.Decode()
	if err != nil {
		return err
	}
	e.packs, e.out.Fresh = append(e.packs, p), append(e.out.Fresh, fresh...)
	if key != "" {
		e.store.Put(key, p.Append(nil))
	}
	return nil
}

// key names what a pack is made of; "" when that is not known of all its domains.
func (e *emission) key(domains []*ir.Domain) (key string, proven bool) {
	parts, proven := []string{"pack"}, true
	for _, d := range domains {
		if d.Key == "" {
			return "", false
		}
		parts = append(parts, d.Key)
		proven = proven && d.Proven
	}
	return e.store.Key(parts...), proven
}
