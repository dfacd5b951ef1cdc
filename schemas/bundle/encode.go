package bundle

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// Content is all that a bundle holds.
type Content struct {
	Shared route.Shared
	// Domains may come in any order, their routes too. The configurations of
	// their filters are canonical JSON (Canonical).
	Domains []route.Domain
	// Sources says where a route was written, by the route's id.
	Sources map[string]Source
	// Owners maps a domain to its owner.
	Owners map[string]string
}

// Meta is what the caller says of a bundle beside its content. It must not come
// from a clock: same input, same bytes.
type Meta struct {
	// Revision names the input, such as a Git commit; may be empty.
	Revision string
	// Compiler names the tool and version that writes the bundle.
	Compiler string
}

// Encode writes content as a bundle, and decodes what it wrote: what Encode
// returns loads under the default Limits. Same content and meta, same bytes,
// whatever the machine.
func Encode(c Content, meta Meta) (*Bundle, error) {
	w, err := newPacker()
	if err != nil {
		return nil, err
	}
	m := &Manifest{Format: Format, Revision: meta.Revision, Compiler: meta.Compiler, Owners: c.Owners}
	if m.Shards, err = w.content(c); err != nil {
		return nil, err
	}
	if m.Sources, err = w.sources(c.Sources); err != nil {
		return nil, err
	}
	m.Content = contentOf(m.Shards)
	m.Counts = Counts{Domains: len(c.Domains), Upstreams: len(c.Shared.Upstreams)}
	for i := range c.Domains {
		m.Counts.Routes += len(c.Domains[i].Routes)
		m.Counts.Upstreams += len(c.Domains[i].Upstreams)
	}
	if w.files[ManifestName], err = marshal(m); err != nil {
		return nil, fmt.Errorf("encode the manifest: %w", err)
	}
	return Decode(w.files, Limits{})
}

// packer turns pieces of JSON into shards.
type packer struct {
	zip   *zstd.Encoder
	files map[string][]byte
	refs  []ShardRef
}

func newPacker() (*packer, error) {
	// One goroutine and a fixed level: the same bytes on every machine. README.md
	// says what other levels cost.
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBetterCompression))
	if err != nil {
		return nil, fmt.Errorf("start zstd: %w", err)
	}
	return &packer{zip: z, files: map[string][]byte{}}, nil
}

// add writes one shard.
func (w *packer) add(raw, stored []byte) {
	sum := sha256.Sum256(stored)
	ref := ShardRef{Digest: hex.EncodeToString(sum[:]), Size: int64(len(stored)), RawSize: int64(len(raw))}
	w.files[ref.Name()] = stored
	w.refs = append(w.refs, ref)
}

// take returns the shards added since the last take, sorted by digest.
func (w *packer) take() []ShardRef {
	out := w.refs
	slices.SortFunc(out, func(a, b ShardRef) int { return strings.Compare(a.Digest, b.Digest) })
	w.refs = nil
	return out
}

func (w *packer) content(c Content) ([]ShardRef, error) {
	if len(c.Shared.Upstreams)+len(c.Shared.Secrets) > 0 {
		def := c.Shared
		def.Upstreams = withEndpoints(def.Upstreams)
		raw, err := (&Shard{kind: kindShared, shared: &Shared{Def: &def}}).render()
		if err != nil {
			return nil, fmt.Errorf("encode the shared definitions: %w", err)
		}
		w.add(raw, w.zip.EncodeAll(raw, nil))
	}
	domains := slices.SortedFunc(slices.Values(c.Domains), func(a, b route.Domain) int { return cmp.Compare(a.Name, b.Name) })
	pieces := make([]pieces, len(domains))
	for i := range domains {
		var err error
		if pieces[i], err = cut(domains[i]); err != nil {
			return nil, fmt.Errorf("encode domain %s: %w", domains[i].Name, err)
		}
	}
	if err := w.pack(pieces); err != nil {
		return nil, err
	}
	return w.take(), nil
}

// pieces is the canonical JSON of a domain, cut between its routes.
type pieces struct {
	name string
	// header runs from the opening brace to the key of the routes.
	header []byte
	ids    []string
	routes [][]byte
	size   int
}

func cut(d route.Domain) (pieces, error) {
	routes := slices.SortedFunc(slices.Values(d.Routes), func(a, b route.Route) int { return cmp.Compare(a.ID, b.ID) })
	d.Upstreams = withEndpoints(d.Upstreams)
	d.Hosts = orEmpty(d.Hosts)
	d.Routes = []route.Route{}
	header, err := marshal(d)
	if err != nil {
		return pieces{}, err
	}
	p := pieces{name: d.Name, header: bytes.TrimSuffix(header, []byte("[]}")), size: len(header)}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	ends := make([]int, len(routes))
	for i := range routes {
		r := &routes[i]
		r.Hosts, r.Retry.On = orEmpty(r.Hosts), orEmpty(r.Retry.On)
		if err := enc.Encode(r); err != nil {
			return pieces{}, fmt.Errorf("route %s: %w", r.ID, err)
		}
		ends[i] = buf.Len()
	}
	start := 0
	for i, end := range ends {
		p.ids = append(p.ids, routes[i].ID)
		p.routes = append(p.routes, buf.Bytes()[start:end-1])
		start = end
	}
	p.size += buf.Len()
	return p, nil
}

// appendTo writes the domain with the routes from..to.
func (p *pieces) appendTo(b []byte, from, to int) []byte {
	b = append(append(b, p.header...), '[')
	for i := from; i < to; i++ {
		if i > from {
			b = append(b, ',')
		}
		b = append(b, p.routes[i]...)
	}
	return append(b, "]}"...)
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// withEndpoints copies a map of upstreams so that no list of endpoints is null.
func withEndpoints(in map[string]route.Upstream) map[string]route.Upstream {
	if in == nil {
		return nil
	}
	out := make(map[string]route.Upstream, len(in))
	for name, u := range in {
		if u.Endpoints == nil {
			u.Endpoints = []route.Endpoint{}
		}
		out[name] = u
	}
	return out
}
