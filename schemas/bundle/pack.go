package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// The sizes that decide what goes into one shard, in bytes of JSON unless said
// otherwise. Shards are large enough to compress well, and small enough that a
// change of one small domain makes few others decode again.
const (
	packMin = 64 << 10
	packMax = 256 << 10
	// splitRaw is the size of the parts of a divided domain to begin with.
	splitRaw = 4 << 20
	// splitStored is the compressed size over which a domain is divided.
	splitStored = 800 << 10
)

// boundary tells whether a pack may end after name. It depends on the name
// alone, so that a change in one place moves no boundary further on.
func boundary(name string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return h.Sum32()>>8&3 == 0
}

const (
	domainsOpen = `{"kind":"domains","domains":[`
	domainsEnd  = `]}`
)

// Pack is the shards of a few domains, or of one large one, with those that say
// where their routes were written: the unit in which a bundle is encoded. It
// depends on nothing but its domains and Sources, so that a compiler can keep it
// for as long as they do not change.
type Pack struct {
	shards, sources []shardFile
}

// shardFile is a shard as it is stored.
type shardFile struct {
	ref  ShardRef
	data []byte
}

// Layout divides domains, which are sorted by name, into packs: it returns the
// index behind the last domain of each. A change of one domain moves no boundary
// but its own.
func Layout(domains []Weighed) (ends []int) {
	from, sum := 0, 0
	end := func(i int) {
		if i > from {
			ends = append(ends, i)
			from, sum = i, 0
		}
	}
	for i, d := range domains {
		n := d.Weight
		if sum+n > packMax {
			end(i)
		}
		sum += n
		if n > packMax || sum >= packMin && boundary(d.Name) {
			end(i + 1)
		}
	}
	end(len(domains))
	return ends
}

// Weighed is a domain as Layout sees it.
type Weighed struct {
	Name   string
	Weight int // of Weigh
}

// Weigh estimates the length of a domain's JSON without writing it, which would
// cost most of a compile in which little has changed.
func Weigh(d *route.Domain) int {
	n := 100 + len(d.Name) + textsLen(d.Hosts) + 60*len(d.Secrets)
	for _, u := range d.Upstreams {
		n += 140 + 80*len(u.Endpoints)
		if u.TLS != nil {
			n += 200
		}
	}
	for i := range d.Routes {
		r := &d.Routes[i]
		n += 210 + len(r.ID) + textsLen(r.Hosts) + len(r.Path.Value()) + 8*len(r.Methods) + 40*len(r.Split)
		n += 40 * (len(r.Headers) + len(r.Query) + len(r.Cookies))
		for name, raw := range r.Filters {
			n += 4 + len(name) + len(raw)
		}
	}
	return n
}

func textsLen(list []string) (n int) {
	for _, s := range list {
		n += 3 + len(s)
	}
	return n
}

// Packer encodes packs and joins them to bundles. It is not safe for concurrent
// use.
type Packer struct {
	zip *zstd.Encoder
}

// NewPacker returns a Packer.
func NewPacker() (*Packer, error) {
	// One goroutine and a fixed level: the same bytes on every machine. README.md
	// says what other levels cost.
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBetterCompression))
	if err != nil {
		return nil, fmt.Errorf("start zstd: %w", err)
	}
	return &Packer{zip: z}, nil
}

// Pack encodes the domains of one pack of a Layout and the sources of their routes.
func (w *Packer) Pack(domains []*route.Domain, sources map[string]Source) (*Pack, error) {
	p := &Pack{}
	raw := []byte(domainsOpen)
	for i, d := range domains {
		c, err := cut(*d)
		if err != nil {
			return nil, fmt.Errorf("encode domain %s: %w", d.Name, err)
		}
		if len(domains) == 1 {
			if p.shards, err = w.single(c); err != nil {
				return nil, err
			}
			break
		}
		if i > 0 {
			raw = append(raw, ',')
		}
		raw = c.appendTo(raw, 0, len(c.routes))
	}
	if len(domains) > 1 {
		p.shards = append(p.shards, w.shard(append(raw, domainsEnd...)))
	}
	var err error
	p.sources, err = w.sources(sources)
	return p, err
}

// shard compresses the JSON of a shard.
func (w *Packer) shard(raw []byte) shardFile {
	return shardOf(int64(len(raw)), w.zip.EncodeAll(raw, nil))
}

func shardOf(rawSize int64, data []byte) shardFile {
	sum := sha256.Sum256(data)
	return shardFile{ShardRef{Digest: hex.EncodeToString(sum[:]), Size: int64(len(data)), RawSize: rawSize}, data}
}

// single writes a domain into a shard of its own, or into several.
func (w *Packer) single(p *pieces) ([]shardFile, error) {
	for target := splitRaw; ; target /= 2 {
		var out []shardFile
		largest := 0
		for _, raw := range p.split(target) {
			f := w.shard(raw)
			largest = max(largest, len(f.data))
			out = append(out, f)
		}
		if largest <= splitStored {
			return out, nil
		}
		if len(out) == len(p.routes) || target < 2 {
			return nil, fail(CodeTooLarge, "", fmt.Sprintf("one route of domain %s is over the limit of %d bytes compressed", p.name, splitStored))
		}
	}
}

// split cuts a domain into shards of about target bytes.
func (p *pieces) split(target int) [][]byte {
	var out [][]byte
	from, size := 0, 0
	emit := func(to int) {
		out = append(out, append(p.appendTo([]byte(domainsOpen), from, to), domainsEnd...))
		from, size = to, 0
	}
	for i, r := range p.routes {
		if size > 0 && size+len(r) > target {
			emit(i)
		}
		size += len(r)
		if size > target/2 && boundary(p.ids[i]) && i+1 < len(p.routes) {
			emit(i + 1)
		}
	}
	emit(len(p.routes))
	return out
}

// sources writes where routes were written into shards of their own.
func (w *Packer) sources(all map[string]Source) (out []shardFile, err error) {
	pack := &Shard{kind: kindSources, sources: map[string]Source{}}
	size := 0
	flush := func() error {
		if len(pack.sources) == 0 {
			return nil
		}
		raw, err := pack.render()
		if err != nil {
			return fmt.Errorf("encode sources: %w", err)
		}
		out = append(out, w.shard(raw))
		clear(pack.sources)
		size = 0
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		s := all[id]
		pack.sources[id] = s
		size += len(id) + len(s.File) + len(s.Module) + 50
		if size > packMax || size > packMin && boundary(id) {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	err = flush()
	return out, err
}
