package local

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/echo"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// probeTime bounds the look whether an endpoint is reachable.
const probeTime = 400 * time.Millisecond

// maxProbes bounds how many endpoints are looked at together.
const maxProbes = 32

// Echoes are the stand-ins for upstreams.
type Echoes struct {
	// Dial maps an endpoint's address to the address that stands in for it; "*"
	// leads to a nameless echo, for upstreams that are written later.
	Dial map[string]string
	// Names are the upstreams that are stood in for, of Total in all.
	Names []string
	Total int

	servers []*http.Server
	tls     *tls.Config
}

// StartEchoes starts an echo for every upstream of the bundle, which may be nil. An
// echo's name is the upstream's own, without the domain; where upstreams share an
// address the first one's. With probe set, endpoints that can be reached keep their
// place. Echoes speak TLS with the certificates of standIn.
func StartEchoes(ctx context.Context, b *bundle.Bundle, probe bool, standIn *StandIn) (*Echoes, error) {
	standIn.Know(b)
	e := &Echoes{Dial: map[string]string{}, tls: standIn.Config()}
	ups := Upstreams(b)
	e.Total = len(ups)
	var reachable map[string]bool
	if probe {
		reachable = reach(ctx, ups)
	}
	any, err := e.serve("")
	if err != nil {
		return nil, err
	}
	e.Dial["*"] = any
	for _, name := range slices.Sorted(maps.Keys(ups)) {
		addr := ""
		for _, ep := range ups[name].Endpoints {
			if reachable[ep.Address] {
				e.Dial[ep.Address] = ep.Address
				continue
			}
			if e.Dial[ep.Address] != "" {
				continue
			}
			if addr == "" {
				if addr, err = e.serve(name[strings.LastIndexByte(name, '/')+1:]); err != nil {
					e.Close()
					return nil, err
				}
				e.Names = append(e.Names, name)
			}
			e.Dial[ep.Address] = addr
		}
	}
	return e, nil
}

func (e *Echoes) serve(name string) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("start echo: %w", err)
	}
	s := echo.Server(name)
	e.servers = append(e.servers, s)
	go func() { _ = s.Serve(echo.Listen(l, e.tls)) }()
	return l.Addr().String(), nil
}

// Close ends the echoes and their connections.
func (e *Echoes) Close() {
	for _, s := range e.servers {
		_ = s.Close()
	}
}

// Upstreams are the upstreams of a bundle as "domain/name", or "name" for shared
// ones. The bundle may be nil.
func Upstreams(b *bundle.Bundle) map[string]route.Upstream {
	out := map[string]route.Upstream{}
	if b == nil {
		return out
	}
	if s := b.Shared(); s != nil {
		for name, u := range s.Def.Upstreams {
			out[name] = u
		}
	}
	for _, d := range b.Domains() {
		for name, u := range d.Def.Upstreams {
			out[d.Def.Name+"/"+name] = u
		}
	}
	return out
}

// reach connects to every distinct address and tells which answer.
func reach(ctx context.Context, ups map[string]route.Upstream) map[string]bool {
	ctx, cancel := context.WithTimeout(ctx, 10*probeTime)
	defer cancel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	seen, reachable := map[string]bool{}, map[string]bool{}
	slots := make(chan struct{}, maxProbes)
	for _, u := range ups {
		for _, ep := range u.Endpoints {
			if seen[ep.Address] {
				continue
			}
			seen[ep.Address] = true
			wg.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				one, cancel := context.WithTimeout(ctx, probeTime)
				defer cancel()
				c, err := (&net.Dialer{}).DialContext(one, "tcp", ep.Address)
				if err != nil {
					return
				}
				_ = c.Close()
				mu.Lock()
				reachable[ep.Address] = true
				mu.Unlock()
			})
		}
	}
	wg.Wait()
	return reachable
}
