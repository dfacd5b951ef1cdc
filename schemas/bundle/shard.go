package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// shardSuffix ends the name of every shard file.
const shardSuffix = ".json.zst"

// The kinds of shards. A shard holds one kind.
const (
	kindDomains = "domains"
	kindShared  = "shared"
	kindSources = "sources"
)

// Shard is one decoded shard. It is never changed once decoded, so bundles share
// the shards that they have in common.
type Shard struct {
	kind    string
	rawSize int64
	parts   []part
	shared  *Shared
	sources map[string]Source
}

// part is a domain, or the share of its routes that one shard holds.
type part struct {
	Domain
	// header is the digest of all that comes before the routes: equal in every
	// part of one domain.
	header [32]byte
}

// Name is the name of the file.
func (s ShardRef) Name() string { return s.Digest + shardSuffix }

// DecodeShard checks that data is the file that ref names, and decodes it.
func DecodeShard(ref ShardRef, data []byte, l Limits) (*Shard, error) {
	z, err := newDecompressor(l.withDefaults())
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return decodeShard(z, ref, data, l.withDefaults())
}

func newDecompressor(l Limits) (*zstd.Decoder, error) {
	z, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderMaxMemory(uint64(l.ShardRawBytes)),
		zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, fmt.Errorf("start zstd: %w", err)
	}
	return z, nil
}

func decodeShard(z *zstd.Decoder, ref ShardRef, data []byte, l Limits) (*Shard, error) {
	name := ref.Name()
	if int64(len(data)) > l.ShardBytes || ref.RawSize > l.ShardRawBytes {
		return nil, fail(CodeTooLarge, name, fmt.Sprintf("the shard is over the limit of %d bytes stored, %d bytes inside", l.ShardBytes, l.ShardRawBytes))
	}
	if err := checkShard(ref, data); err != nil {
		return nil, err
	}
	if ref.RawSize < 0 {
		return nil, fail(CodeMalformed, name, "the size is negative")
	}
	// The capacity is the limit: a frame that holds more than the manifest says
	// ends there, whatever it unpacks to.
	raw, err := z.DecodeAll(data, make([]byte, 0, ref.RawSize))
	if err != nil {
		return nil, failWith(CodeMalformed, name, "the shard does not decompress to the size given in the manifest", err)
	}
	if int64(len(raw)) != ref.RawSize {
		return nil, fail(CodeMalformed, name, fmt.Sprintf("the shard holds %d bytes, but the manifest says %d", len(raw), ref.RawSize))
	}
	s, err := parseShard(raw, l)
	if err != nil {
		return nil, failWith(CodeNotCanonical, name, "the shard is not written in the canonical form", err)
	}
	s.rawSize = ref.RawSize
	return s, nil
}

// checkShard compares size and digest.
func checkShard(ref ShardRef, data []byte) error {
	if sum := sha256.Sum256(data); int64(len(data)) != ref.Size || hex.EncodeToString(sum[:]) != ref.Digest {
		return fail(CodeDigestMismatch, ref.Name(), "the bytes of the file are not those that its name and the manifest say")
	}
	return nil
}

func parseShard(raw []byte, l Limits) (*Shard, error) {
	r := newReader(raw, l.Depth)
	r.yield = l.Yield
	s := &Shard{}
	r.open("{")
	r.key("kind")
	s.kind = r.str()
	switch s.kind {
	case kindDomains:
		r.key(kindDomains)
		r.lit("[")
		for n := 0; r.more("]", n); n++ {
			start := r.at
			def, headerEnd := r.domain()
			if r.err != nil {
				break
			}
			p := part{Domain: Domain{Def: def, Digest: sha256.Sum256(raw[start:r.at])}}
			p.header = sha256.Sum256(raw[start:headerEnd])
			s.parts = append(s.parts, p)
		}
		if len(s.parts) == 0 {
			r.fail("no domains")
		}
	case kindShared:
		r.key(kindShared)
		start := r.at
		def := r.shared()
		if r.err == nil {
			s.shared = &Shared{Def: def, Digest: sha256.Sum256(raw[start:r.at])}
		}
	case kindSources:
		r.key(kindSources)
		s.sources = map[string]Source{}
		r.object(func(id string) { s.sources[id] = r.source(); r.rest() })
	default:
		r.fail("the kind %q is unknown", s.kind)
	}
	r.close("}")
	if err := r.end(); err != nil {
		return nil, err
	}
	return s, nil
}

func (r *reader) source() Source {
	var s Source
	r.open("{")
	r.key("module")
	s.Module = r.str()
	r.key("file")
	s.File = r.str()
	r.key("line")
	s.Line = r.integer()
	r.key("column")
	s.Column = r.integer()
	r.close("}")
	return s
}

// render writes the canonical JSON of a decoded shard.
func (s *Shard) render() ([]byte, error) {
	switch s.kind {
	case kindDomains:
		domains := make([]*route.Domain, len(s.parts))
		for i := range s.parts {
			domains[i] = s.parts[i].Def
		}
		return marshal(struct {
			Kind    string          `json:"kind"`
			Domains []*route.Domain `json:"domains"`
		}{s.kind, domains})
	case kindShared:
		return marshal(struct {
			Kind   string        `json:"kind"`
			Shared *route.Shared `json:"shared"`
		}{s.kind, s.shared.Def})
	}
	return marshal(struct {
		Kind    string            `json:"kind"`
		Sources map[string]Source `json:"sources"`
	}{s.kind, s.sources})
}
