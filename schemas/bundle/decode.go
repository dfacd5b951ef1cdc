package bundle

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// Bundle is a decoded bundle with the bytes it was decoded from. It is never
// changed once made, Sign apart.
type Bundle struct {
	Encoded
	shards  map[string]*Shard // by digest; sources are checked, not kept
	domains []*Domain
	shared  *Shared
	limits  Limits
}

// Domains are the domains by name.
func (b *Bundle) Domains() []*Domain { return b.domains }

// Shared is what every domain may use; it is never nil.
func (b *Bundle) Shared() *Shared { return b.shared }

// Decode reads a bundle: it checks every digest, every limit and the form of
// every file, and refuses files that the manifest does not name. Names that begin
// with ".." are the kubelet's and ignored.
func Decode(files map[string][]byte, l Limits) (*Bundle, error) {
	return DecodeAfter(nil, files, l)
}

// DecodeAfter is Decode for the successor of prev, which may be nil. Every file
// is read and its digest checked; shards that prev holds too are not decoded
// again, and their domains are the same pointers.
func DecodeAfter(prev *Bundle, files map[string][]byte, l Limits) (*Bundle, error) {
	l = l.withDefaults()
	m, err := manifestIn(files, l)
	if err != nil {
		return nil, err
	}
	b := &Bundle{
		Encoded: Encoded{
			manifest: m, digest: DigestOf(files[ManifestName]),
			files: map[string][]byte{ManifestName: files[ManifestName]},
		},
		shards: map[string]*Shard{}, limits: l,
	}
	if sig, signed := files[SignatureName]; signed {
		if len(sig) > maxSignature {
			return nil, fail(CodeTooLarge, SignatureName, "the signature is too long")
		}
		b.files[SignatureName] = sig
	}
	for _, ref := range slices.Concat(m.Shards, m.Sources) {
		data, there := files[ref.Name()]
		if !there {
			return nil, fail(CodeIncomplete, ref.Name(), "the manifest names this shard, but it is not there yet")
		}
		b.files[ref.Name()] = data
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if _, known := b.files[name]; !known && !strings.HasPrefix(name, "..") {
			return nil, fail(CodeMalformed, name, "the manifest does not name this file: remove it")
		}
	}
	z, err := newDecompressor(l)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	if err := b.decodeShards(z, prev); err != nil {
		return nil, err
	}
	if err := b.join(prev); err != nil {
		return nil, err
	}
	if count(b.shared.Def, b.domains) != m.Counts {
		return nil, fail(CodeMalformed, ManifestName, "the counts are not those of the shards")
	}
	return b, nil
}

func manifestIn(files map[string][]byte, l Limits) (*Manifest, error) {
	data, there := files[ManifestName]
	if !there {
		for name := range files {
			if isShardName(name) {
				return nil, fail(CodeIncomplete, ManifestName, "there are shards, but the manifest is not there yet")
			}
		}
		return nil, fail(CodeEmpty, ManifestName, "there is no manifest")
	}
	return DecodeManifest(data, l)
}

func (b *Bundle) decodeShards(z *zstd.Decoder, prev *Bundle) error {
	for i, ref := range slices.Concat(b.manifest.Shards, b.manifest.Sources) {
		data, sources := b.files[ref.Name()], i >= len(b.manifest.Shards)
		if prev != nil {
			if s, known := prev.shards[ref.Digest]; known && s.rawSize == ref.RawSize && (s.kind == kindSources) == sources {
				if err := checkShard(ref, data); err != nil {
					return err
				}
				b.shards[ref.Digest] = s
				continue
			}
		}
		s, err := decodeShard(z, ref, data, b.limits)
		if err != nil {
			return err
		}
		if (s.kind == kindSources) != sources {
			return fail(CodeMalformed, ref.Name(), "the shard stands in the wrong list of the manifest")
		}
		if sources {
			s = &Shard{kind: kindSources, rawSize: ref.RawSize}
		}
		b.shards[ref.Digest] = s
	}
	return nil
}

// join gathers domains out of their parts.
func (b *Bundle) join(prev *Bundle) error {
	parts := map[string][]*part{}
	for _, ref := range b.manifest.Shards {
		s := b.shards[ref.Digest]
		if s.shared != nil {
			if b.shared != nil {
				return fail(CodeMalformed, ref.Name(), "there are two shards of shared definitions")
			}
			b.shared = s.shared
		}
		for i := range s.parts {
			p := &s.parts[i]
			parts[p.Def.Name] = append(parts[p.Def.Name], p)
		}
	}
	if b.shared == nil {
		b.shared = &Shared{Def: &route.Shared{}}
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		d, err := joinParts(name, parts[name], prev)
		if err != nil {
			return err
		}
		b.domains = append(b.domains, d)
	}
	return nil
}

func joinParts(name string, parts []*part, prev *Bundle) (*Domain, error) {
	if len(parts) == 1 {
		return &parts[0].Domain, checkRoutes(name, parts[0].Def.Routes)
	}
	total := 0
	for _, p := range parts {
		if p.header != parts[0].header || len(p.Def.Routes) == 0 {
			return nil, fail(CodeMalformed, "", fmt.Sprintf("domain %s is in several shards that do not belong together", name))
		}
		total += len(p.Def.Routes)
	}
	slices.SortFunc(parts, func(x, y *part) int { return strings.Compare(x.Def.Routes[0].ID, y.Def.Routes[0].ID) })
	h := sha256.New()
	for _, p := range parts {
		h.Write(p.Digest[:])
	}
	digest := [32]byte(h.Sum(nil))
	if prev != nil {
		if i, ok := slices.BinarySearchFunc(prev.domains, name, func(d *Domain, n string) int { return strings.Compare(d.Def.Name, n) }); ok && prev.domains[i].Digest == digest {
			return prev.domains[i], nil
		}
	}
	def := *parts[0].Def
	def.Routes = make([]route.Route, 0, total)
	for _, p := range parts {
		def.Routes = append(def.Routes, p.Def.Routes...)
	}
	return &Domain{Def: &def, Digest: digest}, checkRoutes(name, def.Routes)
}

// checkRoutes holds the ids to their domain and their order.
func checkRoutes(name string, routes []route.Route) error {
	for i := range routes {
		if own, rest, _ := strings.Cut(routes[i].ID, "/"); own != name || rest == "" {
			return fail(CodeMalformed, "", fmt.Sprintf("route %q does not carry the name of its domain %s", routes[i].ID, name))
		}
		if i > 0 && routes[i-1].ID >= routes[i].ID {
			return fail(CodeMalformed, "", fmt.Sprintf("route %q is there twice or out of order", routes[i].ID))
		}
	}
	return nil
}

// count counts what a bundle holds.
func count(shared *route.Shared, domains []*Domain) Counts {
	c := Counts{Domains: len(domains), Upstreams: len(shared.Upstreams)}
	for _, d := range domains {
		c.Routes += len(d.Def.Routes)
		c.Upstreams += len(d.Def.Upstreams)
	}
	return c
}

// Sources says where each route was written, by id. It decodes the shards of
// sources anew on each call.
func (b *Bundle) Sources() (map[string]Source, error) {
	z, err := newDecompressor(b.limits)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	out := map[string]Source{}
	for _, ref := range b.manifest.Sources {
		s, err := decodeShard(z, ref, b.files[ref.Name()], b.limits)
		if err != nil {
			return nil, err
		}
		maps.Copy(out, s.sources)
	}
	return out, nil
}

// Equal tells whether two bundles have the same files, signatures included.
func (b *Bundle) Equal(other *Bundle) bool {
	return maps.EqualFunc(b.files, other.files, bytes.Equal)
}
