package dev

import (
	"context"
	"fmt"
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

// echoes are the stand-ins for upstreams that are not reachable.
type echoes struct {
	// dial maps an endpoint's address to the address that stands in for it; "*"
	// leads to a nameless echo, for upstreams that are written later.
	dial map[string]string
	// names are the upstreams that are stood in for, of how many in all.
	names []string
	total int

	servers []*http.Server
}

// startEchoes looks at every endpoint of the bundle, which may be nil.
func startEchoes(ctx context.Context, b *bundle.Bundle) (*echoes, error) {
	e := &echoes{dial: map[string]string{}}
	ups := upstreamsOf(b)
	e.total = len(ups)
	reachable := probe(ctx, ups)
	any, err := e.serve("")
	if err != nil {
		return nil, err
	}
	e.dial["*"] = any
	for _, name := range sortedKeys(ups) {
		addr := ""
		for _, ep := range ups[name].Endpoints {
			if reachable[ep.Address] {
				e.dial[ep.Address] = ep.Address
				continue
			}
			if e.dial[ep.Address] != "" {
				continue
			}
			if addr == "" {
				if addr, err = e.serve(name); err != nil {
					e.close()
					return nil, err
				}
				e.names = append(e.names, name)
			}
			e.dial[ep.Address] = addr
		}
	}
	return e, nil
}

func (e *echoes) serve(name string) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("start echo: %w", err)
	}
	s := echo.Server(name)
	e.servers = append(e.servers, s)
	go func() { _ = s.Serve(l) }()
	return l.Addr().String(), nil
}

func (e *echoes) close() {
	for _, s := range e.servers {
		_ = s.Close()
	}
}

// upstreamsOf lists the upstreams of a bundle as "domain/name", or "name" for shared
// ones.
func upstreamsOf(b *bundle.Bundle) map[string]route.Upstream {
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

// probe connects to every distinct address and tells which answer.
func probe(ctx context.Context, ups map[string]route.Upstream) map[string]bool {
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

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.SortFunc(out, strings.Compare)
	return out
}
