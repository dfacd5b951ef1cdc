// Package replay plays test cases against a gateway: it sends each request byte for
// byte as it is written, reads the answer strictly, and says what of the case's
// expectations did not hold. It is no part of the gateway.
package replay

import (
	"context"
	"crypto/tls"
	"slices"
	"sync"
	"time"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

// DefaultTimeout bounds one exchange of a Player that names no timeout.
const DefaultTimeout = 15 * time.Second

// Player plays cases against one gateway. It is safe for concurrent use; its fields
// are not to be changed once it plays.
type Player struct {
	// Address is the host:port of the gateway.
	Address string
	// TLS is used for cases with the scheme https, which fail without it. The server
	// name is the case's host unless it is set.
	TLS *tls.Config
	// Timeout bounds one exchange; 0 is DefaultTimeout. A case that expects a
	// duration which may be longer has a second more than that.
	Timeout time.Duration
	// Bundle is the digest that every answer's x-lintel-bundle must have, where the
	// gateway says it; "" is not compared.
	Bundle string
	// Live is set for a gateway without --dev, which does not say which route took a
	// request: then neither the route nor the upstream is compared.
	Live bool
	// Secrets are the values that stand behind the references in cases, by
	// "domain/name", or "name" for shared ones. A Result never shows one.
	Secrets map[string]string
	// Reuse keeps connections open from one case to the next, as clients do; else
	// each case has its own.
	Reuse bool

	idle   idle
	masked sync.Once
	hides  mask
}

// Play sends the request of a case, as often as it asks for, and compares every
// answer. What goes wrong is in the Result: Play returns by the timeout of each
// exchange, or soon after ctx is done. Index becomes the Result's.
func (p *Player) Play(ctx context.Context, index int, c *cases.Case) cases.Result {
	start := time.Now()
	r := cases.Result{Index: index}
	f := p.fill(c)
	for _, name := range f.missing {
		r.Mismatches = append(r.Mismatches, exchangeFault("the case needs the value of secret "+name))
	}
	if len(f.missing) == 0 {
		p.run(ctx, &r, c.Route, &f)
	}
	r.Passed = len(r.Mismatches) == 0
	r.Millis = float64(time.Since(start).Microseconds()) / 1000
	return r
}

// run plays a case whose secrets are filled in.
func (p *Player) run(ctx context.Context, r *cases.Result, route string, f *filled) {
	q, err := encode(&f.spec.Request)
	if err != nil {
		r.Mismatches = []cases.Mismatch{exchangeFault(f.mask.text(err.Error()))}
		return
	}
	l := &line{player: p, spec: f.spec, keep: int64(f.mask.keep())}
	if wholeBody(&f.spec.Expect) {
		l.keep = maxBody
	}
	defer l.release()
	var s tally
	times := f.spec.Request.Times()
	for i := range times {
		a, fault := l.exchange(ctx, q)
		if a != nil {
			s.count(a, &f.spec.Expect)
			if !slices.Contains(r.Routes, a.Route) && (a.said || !p.Live) {
				r.Routes = append(r.Routes, a.Route)
			}
		}
		if fault != nil && f.spec.Expect.Aborted && a != nil && a.cut {
			fault = nil
		}
		if fault != nil {
			fault.Got = f.mask.text(fault.Got)
			s.note(i, []cases.Mismatch{*fault}, a)
			break
		}
		s.note(i, p.compare(route, f, a), a)
	}
	r.Mismatches = append(s.mismatches(times), p.counts(&f.spec.Expect, &s)...)
	if s.shown != nil {
		r.Got = s.shown.shown(f.mask)
	}
}

// timeout bounds one exchange of a case.
func (p *Player) timeout(e *cases.Expect) time.Duration {
	t := p.Timeout
	if t <= 0 {
		t = DefaultTimeout
	}
	if e.Duration != nil && e.Duration.Max.D() >= t {
		t = e.Duration.Max.D() + time.Second
	}
	return t
}

// exchangeFault is the mismatch of a case that got no answer.
func exchangeFault(got string) cases.Mismatch {
	return cases.Mismatch{Field: "exchange", Want: "an answer", Got: got}
}
