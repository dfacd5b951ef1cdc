package names

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/kube"
)

// TestServe asks with Go's own resolver.
func TestServe(t *testing.T) {
	var down atomic.Bool
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case down.Load():
			panic(http.ErrAbortHandler)
		case r.URL.Path == "/api/v1/services":
			_, _ = w.Write([]byte(`{"items": [
				{"metadata": {"namespace": "shop", "name": "orders"}, "spec": {"clusterIP": "10.96.3.4"}},
				{"metadata": {"namespace": "shop", "name": "site"}, "spec": {"clusterIP": "10.96.3.5"}},
				{"metadata": {"namespace": "shop", "name": "headless"}, "spec": {"clusterIP": "None"}}]}`))
		default:
			w.WriteHeader(404)
		}
	}))
	defer api.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	probe, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := probe.LocalAddr().String()
	probe.Close()
	if err := Serve(ctx, address, kube.New(api.URL, "", nil)); err != nil {
		t.Fatal(err)
	}
	r := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "udp", address)
	}}
	for _, one := range []struct{ name, address string }{
		{"orders", "10.96.3.4"},
		{"orders", "10.96.3.4"}, // from memory from here on
		{"site", "10.96.3.5"},   // though nobody asked for it before
	} {
		got, err := r.LookupIP(ctx, "ip4", one.name+".shop.svc.cluster.local.")
		if err != nil || len(got) != 1 || got[0].String() != one.address {
			t.Errorf("got %v, %v", got, err)
		}
		down.Store(true)
	}
	down.Store(false)
	for _, name := range []string{"headless.shop.svc.cluster.local.", "nobody.shop.svc.cluster.local.", "orders.shop.svc.example.", "a.orders.shop.svc.cluster.local."} {
		if got, err := r.LookupIP(ctx, "ip4", name); err == nil {
			t.Errorf("%s is %v", name, got)
		}
	}
}
