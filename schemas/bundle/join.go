package bundle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// Head is what a bundle holds beside its packs.
type Head struct {
	Meta
	// Owners maps a domain to its owner.
	Owners map[string]string
	counts Counts
}

// Count adds a domain to the counts of the manifest. It is to be called for every
// domain of the packs.
func (h *Head) Count(routes, upstreams int) {
	h.counts.Domains++
	h.counts.Routes += routes
	h.counts.Upstreams += upstreams
}

// CountShared adds the shared part to the counts of the manifest.
func (h *Head) CountShared(s *route.Shared) { h.counts.Upstreams += len(s.Upstreams) }

// Shared encodes the shared part, which is a pack of its own; one that holds
// nothing has no shard.
func (w *Packer) Shared(def route.Shared) (*Pack, error) {
	if len(def.Upstreams)+len(def.Secrets) == 0 {
		return &Pack{}, nil
	}
	def.Upstreams = withEndpoints(def.Upstreams)
	raw, err := (&Shard{kind: kindShared, shared: &Shared{Def: &def}}).render()
	if err != nil {
		return nil, fmt.Errorf("encode the shared definitions: %w", err)
	}
	return &Pack{shards: []shardFile{w.shard(raw)}}, nil
}

// Join makes a bundle of packs. The manifest is read again under the default
// Limits; packs are taken as they are (Pack.Decode proves them).
func Join(packs []*Pack, h Head) (*Encoded, error) {
	m := &Manifest{
		Format: Format, Revision: h.Revision, Compiler: h.Compiler, Owners: h.Owners, Counts: h.counts,
		Shards: []ShardRef{},
	}
	files := map[string][]byte{}
	add := func(list *[]ShardRef, shards []shardFile) {
		for _, s := range shards {
			files[s.ref.Name()] = s.data
			*list = append(*list, s.ref)
		}
	}
	for _, p := range packs {
		add(&m.Shards, p.shards)
		add(&m.Sources, p.sources)
	}
	for _, list := range [][]ShardRef{m.Shards, m.Sources} {
		slices.SortFunc(list, func(a, b ShardRef) int { return strings.Compare(a.Digest, b.Digest) })
	}
	m.Content = contentOf(m.Shards)
	data, err := marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode the manifest: %w", err)
	}
	if m, err = DecodeManifest(data, Limits{}); err != nil {
		return nil, err
	}
	files[ManifestName] = data
	return &Encoded{manifest: m, digest: DigestOf(data), files: files}, nil
}

// Append writes the bundle without its signature behind dst, for a cache; ParseEncoded
// reads it.
func (b *Encoded) Append(dst []byte) []byte {
	p := &Pack{}
	for _, list := range []struct {
		refs []ShardRef
		into *[]shardFile
	}{{b.manifest.Shards, &p.shards}, {b.manifest.Sources, &p.sources}} {
		for _, ref := range list.refs {
			*list.into = append(*list.into, shardFile{ref, b.files[ref.Name()]})
		}
	}
	manifest := b.files[ManifestName]
	dst = binary.AppendUvarint(dst, uint64(len(manifest)))
	return p.Append(append(dst, manifest...))
}

// ParseEncoded reads what Encoded.Append wrote, as a bundle with another Meta. As with
// ParsePack, the shards are taken as they are.
func ParseEncoded(data []byte, meta Meta) (*Encoded, error) {
	n, width := binary.Uvarint(data)
	if width <= 0 || n > uint64(len(data)-width) {
		return nil, errors.New("the bundle is cut off or damaged")
	}
	m, err := DecodeManifest(data[width:width+int(n)], Limits{})
	if err != nil {
		return nil, err
	}
	p, err := ParsePack(data[width+int(n):])
	if err != nil {
		return nil, err
	}
	return Join([]*Pack{p}, Head{Meta: meta, Owners: m.Owners, counts: m.Counts})
}

// Decode decodes the pack as a gateway would, under the default Limits. The shared
// part is never nil.
func (p *Pack) Decode() ([]*Domain, *Shared, error) {
	l := Limits{}.withDefaults()
	z, err := newDecompressor(l)
	if err != nil {
		return nil, nil, err
	}
	defer z.Close()
	b := &Bundle{Encoded: Encoded{manifest: &Manifest{}, files: map[string][]byte{}}, shards: map[string]*Shard{}, limits: l}
	for _, s := range p.shards {
		b.manifest.Shards = append(b.manifest.Shards, s.ref)
		b.files[s.ref.Name()] = s.data
	}
	for _, s := range p.sources {
		b.manifest.Sources = append(b.manifest.Sources, s.ref)
		b.files[s.ref.Name()] = s.data
	}
	if err := b.decodeShards(z, nil); err != nil {
		return nil, nil, err
	}
	if err := b.join(nil); err != nil {
		return nil, nil, err
	}
	return b.domains, b.shared, nil
}

// Append writes the pack behind b, for a cache; ParsePack reads it.
func (p *Pack) Append(b []byte) []byte {
	for _, list := range [][]shardFile{p.shards, p.sources} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, s := range list {
			b = binary.AppendUvarint(b, uint64(s.ref.RawSize))
			b = binary.AppendUvarint(b, uint64(len(s.data)))
			b = append(b, s.data...)
		}
	}
	return b
}

// ParsePack reads what Append wrote. The shards themselves are not looked into:
// their bytes must come from where they cannot have been changed. The pack keeps
// parts of data.
func ParsePack(data []byte) (*Pack, error) {
	bad := errors.New("the pack is cut off or damaged")
	number := func() (uint64, bool) {
		n, width := binary.Uvarint(data)
		if width <= 0 {
			return 0, false
		}
		data = data[width:]
		return n, true
	}
	p := &Pack{}
	for _, list := range []*[]shardFile{&p.shards, &p.sources} {
		n, ok := number()
		for ; ok && n > 0; n-- {
			rawSize, ok1 := number()
			size, ok2 := number()
			if !ok1 || !ok2 || size > uint64(len(data)) || rawSize > 1<<62 {
				return nil, bad
			}
			*list = append(*list, shardOf(int64(rawSize), data[:size:size]))
			data = data[size:]
		}
		if !ok {
			return nil, bad
		}
	}
	if len(data) > 0 {
		return nil, bad
	}
	return p, nil
}
