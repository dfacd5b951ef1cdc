package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lintel-gateway/lintel/ci/testbed"
	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// run soaks a gateway in a directory of its own.
func run(ctx context.Context, o options, out io.Writer) error {
	dir, err := os.MkdirTemp("", "lintel-soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	stable, err := testbed.StartOrigin("127.0.0.1:0", nil)
	if err != nil {
		return err
	}
	defer stable.Kill()
	frail, err := testbed.StartOrigin("127.0.0.1:0", nil)
	if err != nil {
		return err
	}
	at := frail.Address
	routes := func(n int) route.Domain { return domain(stable.Address, at, n) }
	g, err := testbed.Start(o.gateway, dir, nil, "drain: {timeout: 10s}\n", routes(0))
	if err != nil {
		frail.Kill()
		return err
	}
	work, stop := context.WithTimeout(ctx, o.span)
	defer stop()
	t := &tally{}
	var all sync.WaitGroup
	for _, c := range clients(g, o.pause) {
		all.Go(func() { c.work(work, t) })
	}
	all.Go(func() { swap(work, o, g, routes, t) })
	all.Go(func() { rotate(work, o, g, t) })
	all.Go(func() { kill(work, frail, at, t) })
	samples := watch(work, o, g, t, out)
	all.Wait()
	failed := g.Stop()
	t.print(out)
	if failed != nil {
		return fmt.Errorf("the gateway did not end well: %w\n%s", failed, g.Log())
	}
	if err := t.verdict(); err != nil {
		return err
	}
	return samples.verdict()
}

// Names of the hosts besides the testbed's: one whose upstream speaks HTTP/2, and one whose
// upstream dies now and then.
const (
	hostTwo   = "two.test"
	hostFrail = "frail.test"
)

// domain has a route for each host, and ten more that change with n.
func domain(stable, frail string, n int) route.Domain {
	var list []route.Route
	for host, upstream := range map[string]string{testbed.Host: "one", hostTwo: "two", hostFrail: "frail"} {
		list = append(list, route.Route{ID: upstream, Match: route.Match{Hosts: []string{host}, Path: route.Path{Prefix: "/"}}, Upstream: upstream})
	}
	for i := range 10 {
		path := route.Path{Prefix: fmt.Sprintf("/n%d-%d", i, n%7)}
		list = append(list, route.Route{ID: fmt.Sprintf("n%d", i), Match: route.Match{Hosts: []string{hostTwo}, Path: path}, Upstream: "two"})
	}
	slices.SortFunc(list, func(a, b route.Route) int { return strings.Compare(a.ID, b.ID) })
	d := runtimetest.Domain("soak.test", list...)
	d.Hosts = []string{hostFrail, testbed.Host, hostTwo}
	two := runtimetest.Upstream(stable)
	two.HTTP = "2"
	d.Upstreams = map[string]route.Upstream{"one": runtimetest.Upstream(stable), "two": two, "frail": runtimetest.Upstream(frail)}
	return d
}

// swap mounts another bundle again and again.
func swap(ctx context.Context, o options, g *testbed.Gateway, routes func(int) route.Domain, t *tally) {
	tick := time.NewTicker(max(o.span/time.Duration(max(o.swaps, 1)), time.Millisecond))
	defer tick.Stop()
	for n := 1; n <= o.swaps; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := g.Publish(fmt.Sprintf("r%d", n), routes(n)); err != nil {
			t.wrong("swap", err)
			return
		}
		t.good("bundles mounted")
	}
}

// rotate mounts another certificate thirty times.
func rotate(ctx context.Context, o options, g *testbed.Gateway, t *tally) {
	for tick := time.Tick(o.span / 31); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		if err := g.Rotate(); err != nil {
			t.wrong("rotation", err)
			return
		}
		t.good("certificates rotated")
	}
}

// kill ends the frail origin with all its connections, and brings it back.
func kill(ctx context.Context, o *testbed.Origin, at string, t *tally) {
	defer func() { o.Kill() }()
	for tick := time.Tick(2 * time.Second); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		o.Kill()
		time.Sleep(200 * time.Millisecond)
		for {
			fresh, err := testbed.StartOrigin(at, nil)
			if err == nil {
				o = fresh
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.good("upstream failures")
	}
}
