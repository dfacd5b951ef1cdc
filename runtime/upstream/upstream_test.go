package upstream

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/schemas/route"
)

func define(e route.Ejection, endpoints ...route.Endpoint) *route.Upstream {
	return &route.Upstream{Endpoints: endpoints, Ejection: e, Pool: route.Pool{MaxIdle: 2, IdleTimeout: route.Duration(time.Minute)}}
}

// acquire is Acquire for definitions without secrets.
func acquire(t *testing.T, r *Registry, domain, name string, def *route.Upstream) *Upstream {
	t.Helper()
	u, err := r.Acquire(domain, name, def, nil)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestPickByWeight(t *testing.T) {
	var r Registry
	u := acquire(t, &r, "d", "u", define(route.Ejection{}, route.Endpoint{Address: "a:1", Weight: 3}, route.Endpoint{Address: "b:1", Weight: 1}, route.Endpoint{Address: "c:1"}))
	count, run, last := map[string]int{}, 0, ""
	for range 40 {
		a := u.Pick(nil).Address()
		count[a]++
		if a == last {
			run++
		} else {
			run = 1
		}
		if last = a; a == "b:1" && run > 1 {
			t.Error("the lighter endpoint was picked twice in a row")
		}
	}
	if count["a:1"] != 30 || count["b:1"] != 10 || count["c:1"] != 0 {
		t.Errorf("picked %v", count)
	}
	var tried Tried
	tried.Add(&u.endpoints[0])
	if got := u.Pick(&tried).Address(); got != "b:1" {
		t.Errorf("after a try of a, picked %s", got)
	}
}

func TestStateIsShared(t *testing.T) {
	r := New(Config{})
	a := acquire(t, r, "d", "u", define(route.Ejection{}, route.Endpoint{Address: "a:1", Weight: 1}))
	if acquire(t, r, "d", "u", define(route.Ejection{}, route.Endpoint{Address: "a:1", Weight: 1})) != a {
		t.Error("an equal definition is another upstream")
	}
	b := acquire(t, r, "d", "u", define(route.Ejection{}, route.Endpoint{Address: "a:1", Weight: 2}))
	if b == a || b.endpoints[0].node != a.endpoints[0].node {
		t.Error("a changed definition does not share its endpoint's state")
	}
	r.Release(a)
	r.Release(a)
	r.Release(b)
	if len(r.upstreams)+len(r.nodes) != 0 {
		t.Errorf("left behind: %v %v", r.upstreams, r.nodes)
	}
}

func TestEjection(t *testing.T) {
	now := time.Unix(1000, 0)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := ln.Addr().String()
	_ = ln.Close()
	r := New(Config{Dial: map[string]string{"a:1": dead}, Now: func() time.Time { return now }})
	rule := route.Ejection{Failures: 2, Duration: route.Duration(time.Second), MaxPercent: 50}
	u := acquire(t, r, "d", "u", define(rule, route.Endpoint{Address: "a:1", Weight: 1}, route.Endpoint{Address: "b:1", Weight: 1}))
	a := &u.endpoints[0]
	fail := func() {
		for range 2 {
			if _, err := a.Dial(context.Background(), time.Second, Client{}); err == nil {
				t.Fatal("a dead address answered")
			}
		}
	}
	fail()
	if got := u.State()[0].State; got != "ejected" {
		t.Fatalf("after two failures the endpoint is %s", got)
	}
	for range 4 {
		if got := u.Pick(nil).Address(); got != "b:1" {
			t.Errorf("picked %s", got)
		}
	}
	now = now.Add(time.Second)
	if got := u.State()[0].State; got != "healthy" {
		t.Errorf("after its time the endpoint is %s", got)
	}
	fail()
	now = now.Add(time.Second)
	if got := u.State()[0].State; got != "ejected" {
		t.Errorf("the second ejection did not last longer: %s", got)
	}
	// The other one may not go too.
	u.endpoints[1].failed()
	u.endpoints[1].failed()
	if got := u.State()[1].State; got != "healthy" {
		t.Errorf("more than half of the endpoints are out: %s", got)
	}
}

func TestPool(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	r := New(Config{})
	u := acquire(t, r, "d", "u", define(route.Ejection{}, route.Endpoint{Address: ln.Addr().String(), Weight: 1}))
	e := u.Pick(nil)
	var open []*Conn
	var peers []net.Conn
	for range 3 {
		c, err := e.Dial(context.Background(), time.Second, Client{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		open, peers = append(open, c), append(peers, p)
	}
	if got := u.State()[0].Inflight; got != 3 {
		t.Errorf("inflight is %d", got)
	}
	for _, c := range open {
		c.Release(0)
	}
	if got := e.node.pool.size(); got != 2 {
		t.Errorf("%d connections are kept, want 2", got)
	}
	if c := e.Idle(0, false); c != open[1] || !c.Reused {
		t.Error("the connection used last is not taken first")
	} else {
		c.Release(0)
	}
	_ = peers[0].Close()
	time.Sleep(20 * time.Millisecond)
	if left := r.sweepOnce(); left != 1 {
		t.Errorf("%d connections are left after one peer closed", left)
	}
	r.Release(u)
	if got := e.node.pool.size(); got != 0 {
		t.Errorf("%d connections are left after the last release", got)
	}
}
