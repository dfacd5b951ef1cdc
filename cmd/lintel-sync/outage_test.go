package main

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
)

// door is a way to the API server that can be shut: whoever goes through it sees the
// server go away, and nobody else does.
type door struct {
	t        *testing.T
	addr, to string

	mu       sync.Mutex
	listener net.Listener // nil while it is shut
	conns    map[net.Conn]bool
}

func newDoor(t *testing.T, to string) *door {
	t.Helper()
	d := &door{t: t, addr: "127.0.0.1:" + freePort(), to: to, conns: map[net.Conn]bool{}}
	d.open()
	t.Cleanup(d.shut)
	return d
}

func (d *door) open() {
	d.t.Helper()
	l, err := net.Listen("tcp", d.addr)
	if err != nil {
		d.t.Fatal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.listener = l
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go d.pass(l, in)
		}
	}()
}

func (d *door) pass(by net.Listener, in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", d.to)
	if err != nil {
		return
	}
	defer out.Close()
	d.mu.Lock()
	if d.listener != by {
		d.mu.Unlock()
		return
	}
	d.conns[in], d.conns[out] = true, true
	d.mu.Unlock()
	go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
	_, _ = io.Copy(in, out)
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.conns, in)
	delete(d.conns, out)
}

// shut ends what goes through the door, too.
func (d *door) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listener != nil {
		_ = d.listener.Close()
	}
	d.listener = nil
	for c := range d.conns {
		_ = c.Close()
	}
}

// through runs a verb by the door until the test ends, or before.
func (r *clusterRig) through(d *door, args ...string) *job {
	r.t.Helper()
	config := filepath.Join(r.t.TempDir(), "kubeconfig")
	if err := os.WriteFile(config, []byte(strings.Replace(r.server.configFor("admin-token"), r.server.addr, d.addr, 1)), 0o600); err != nil {
		r.t.Fatal(err)
	}
	other := *r
	other.kubeconfig = config
	return other.background(args...)
}

func (r *clusterRig) leader() string {
	r.t.Helper()
	l, err := r.client.CoordinationV1().Leases(r.namespace).Get(r.t.Context(), layout.Lease("lintel-bundle"), metav1.GetOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	if l.Spec.HolderIdentity == nil {
		return ""
	}
	return *l.Spec.HolderIdentity
}

// TestServerGoesAway takes the API server from an agent for longer than its lease lasts.
// It takes as long as that: the two run side by side.
func TestServerGoesAway(t *testing.T) {
	one, two, three := makeBundle(t, "one", "one", 0), makeBundle(t, "two", "two", 0), makeBundle(t, "three", "three", 2_500_000)
	begin := func(t *testing.T) (r *clusterRig, d *door, dir string, args []string) {
		t.Parallel()
		r = withCluster(t)
		src := t.TempDir()
		dir = filepath.Join(src, "bundle")
		place(t, one, dir)
		return r, newDoor(t, r.server.addr), dir, []string{"run", "--source", src, "--path", "bundle", "--interval", "1s", "--leader-elect", "--replica", "a=" + newFakeGateway(t).url}
	}
	t.Run("and comes back", func(t *testing.T) {
		r, d, dir, args := begin(t)
		run := r.through(d, append(args, "--id", "first")...)
		r.holds(one.Digest())
		d.shut()
		place(t, two, dir)
		r.says(run, "the agent begins again")
		r.holds(one.Digest())
		d.open()
		r.holds(two.Digest())
		if got := r.leader(); got != "first" {
			t.Errorf("%q leads", got)
		}
		// It watches as before: nothing is lost.
		if _, err := r.client.CoreV1().ConfigMaps(r.namespace).Patch(t.Context(), "lintel-bundle-0", types.MergePatchType, []byte(`{"data":{"y":"z"}}`), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		r.holds(two.Digest())
		place(t, three, dir)
		r.holds(three.Digest())
		if got := len(r.names()); got != 3 {
			t.Errorf("%d ConfigMaps, want 3: %v", got, r.names())
		}
		if code := run.stop(); code != 0 {
			t.Errorf("exit %d", code)
		}
	})
	t.Run("and another agent takes over", func(t *testing.T) {
		r, d, dir, args := begin(t)
		listen := "127.0.0.1:" + freePort()
		first := r.through(d, append(args, "--id", "first", "--metrics-listen", listen)...)
		r.holds(one.Digest())
		second := r.background(append(args, "--id", "second")...)
		r.says(second, "another agent holds the lease")
		d.shut()
		place(t, two, dir)
		r.says(second, "the agent is at work")
		if text := scrape(t, "http://"+listen+"/metrics"); !strings.Contains(text, "lintel_sync_leader 0") {
			t.Error("two agents lead at a time")
		}
		r.holds(two.Digest())
		r.says(first, "the agent begins again")
		d.open()
		r.says(first, "another agent holds the lease")
		place(t, three, dir)
		r.holds(three.Digest())
		if got := r.leader(); got != "second" {
			t.Errorf("%q leads", got)
		}
		// It stands by, and is not lost for that.
		if code := second.stop(); code != 0 {
			t.Errorf("exit %d", code)
		}
		place(t, one, dir)
		r.holds(one.Digest())
	})
}
