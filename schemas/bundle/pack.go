package bundle

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
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

// pack puts domains into shards: a large one alone, small ones together.
func (w *packer) pack(domains []pieces) error {
	buf := []byte(domainsOpen)
	flush := func() {
		if len(buf) > len(domainsOpen) {
			raw := append(buf, domainsEnd...)
			w.add(raw, w.zip.EncodeAll(raw, nil))
			buf = []byte(domainsOpen)
		}
	}
	for i := range domains {
		p := &domains[i]
		if p.size > packMax {
			if err := w.single(p); err != nil {
				return err
			}
			continue
		}
		if len(buf)+p.size > packMax {
			flush()
		}
		if len(buf) > len(domainsOpen) {
			buf = append(buf, ',')
		}
		buf = p.appendTo(buf, 0, len(p.routes))
		if len(buf) >= packMin && boundary(p.name) {
			flush()
		}
	}
	flush()
	return nil
}

// single writes a domain into a shard of its own, or into several.
func (w *packer) single(p *pieces) error {
	for target := splitRaw; ; target /= 2 {
		raws := p.split(target)
		stored := make([][]byte, 0, len(raws))
		largest := 0
		for _, raw := range raws {
			z := w.zip.EncodeAll(raw, nil)
			largest = max(largest, len(z))
			stored = append(stored, z)
		}
		if largest <= splitStored {
			for i := range raws {
				w.add(raws[i], stored[i])
			}
			return nil
		}
		if len(raws) == len(p.routes) || target < 2 {
			return fail(CodeTooLarge, "", fmt.Sprintf("one route of domain %s is over the limit of %d bytes compressed", p.name, splitStored))
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
func (w *packer) sources(all map[string]Source) ([]ShardRef, error) {
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
		w.add(raw, w.zip.EncodeAll(raw, nil))
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
	if err := flush(); err != nil {
		return nil, err
	}
	return w.take(), nil
}
