package bundle

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

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
	w, err := NewPacker()
	if err != nil {
		return nil, err
	}
	h := Head{Meta: meta, Owners: c.Owners}
	h.CountShared(&c.Shared)
	domains := make([]*route.Domain, len(c.Domains))
	for i := range c.Domains {
		domains[i] = &c.Domains[i]
		h.Count(len(domains[i].Routes), len(domains[i].Upstreams))
	}
	slices.SortFunc(domains, func(a, b *route.Domain) int { return cmp.Compare(a.Name, b.Name) })
	weighed := make([]Weighed, len(domains))
	for i, d := range domains {
		weighed[i] = Weighed{d.Name, Weigh(d)}
	}
	shared, err := w.Shared(c.Shared)
	if err != nil {
		return nil, err
	}
	packs := []*Pack{shared}
	from := 0
	for _, to := range Layout(weighed) {
		sources := map[string]Source{}
		for _, d := range domains[from:to] {
			for i := range d.Routes {
				if s, ok := c.Sources[d.Routes[i].ID]; ok {
					sources[d.Routes[i].ID] = s
				}
			}
		}
		p, err := w.Pack(domains[from:to], sources)
		if err != nil {
			return nil, err
		}
		packs = append(packs, p)
		from = to
	}
	e, err := Join(packs, h)
	if err != nil {
		return nil, err
	}
	return Decode(e.files, Limits{})
}

// pieces is the canonical JSON of a domain, cut between its routes.
type pieces struct {
	name string
	// header runs from the opening brace to the key of the routes.
	header []byte
	ids    []string
	routes [][]byte
}

func cut(d route.Domain) (*pieces, error) {
	routes := slices.SortedFunc(slices.Values(d.Routes), func(a, b route.Route) int { return cmp.Compare(a.ID, b.ID) })
	d.Upstreams = withEndpoints(d.Upstreams)
	d.Hosts = orEmpty(d.Hosts)
	d.Routes = []route.Route{}
	header, err := marshal(d)
	if err != nil {
		return nil, err
	}
	p := &pieces{name: d.Name, header: bytes.TrimSuffix(header, []byte("[]}"))}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	ends := make([]int, len(routes))
	for i := range routes {
		r := &routes[i]
		r.Hosts, r.Retry.On = orEmpty(r.Hosts), orEmpty(r.Retry.On)
		if err := enc.Encode(r); err != nil {
			return nil, fmt.Errorf("route %s: %w", r.ID, err)
		}
		ends[i] = buf.Len()
	}
	start := 0
	for i, end := range ends {
		p.ids = append(p.ids, routes[i].ID)
		p.routes = append(p.routes, buf.Bytes()[start:end-1])
		start = end
	}
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
