package check

import (
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// upstreams calls f for every upstream; d is nil for those of the shared files. The
// path leads to the upstream, and may be added to.
func (p *pass) upstreams(f func(d *ir.Domain, path []string, u *route.Upstream)) {
	each := func(d *ir.Domain, all map[string]route.Upstream) {
		for _, name := range sortedKeys(all) {
			u := all[name]
			f(d, []string{"upstreams", name}, &u)
		}
	}
	for _, d := range p.domains() {
		each(d, d.Def.Upstreams)
	}
	each(nil, p.prog.Shared.Def.Upstreams)
}

// upstreamSecrets calls f for every secret that an upstream names.
func (p *pass) upstreamSecrets(f func(d *ir.Domain, path []string, name string)) {
	p.upstreams(func(d *ir.Domain, path []string, u *route.Upstream) {
		if u.TLS == nil {
			return
		}
		for _, s := range []struct {
			field string
			ref   *route.SecretRef
		}{{"ca", u.TLS.CA}, {"certificate", u.TLS.Certificate}, {"key", u.TLS.Key}} {
			if s.ref != nil {
				f(d, append(path[:len(path):len(path)], "tls", s.field, "secret"), s.ref.Secret)
			}
		}
	})
}
