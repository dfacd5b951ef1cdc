package reload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/filter/standard"
	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/runtime/upstream"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// rig is a reloader over a mount written as the kubelet does.
type rig struct {
	*Reloader
	t      *testing.T
	holder *snapshot.Holder
	mount  string
	kube   *runtimetest.KubeletWriter
	log    *bytes.Buffer
	seen   *seen
}

// seen is what the observer was told.
type seen struct {
	results map[string]int
	swaps   int
	live    int
	arrived time.Time
	applied time.Time
}

func (s *seen) Reloaded(result string, _ bool, _ time.Time, _ time.Duration) { s.results[result]++ }
func (s *seen) Serving(string, string, string, int, time.Time, bool)         {}
func (s *seen) Swapped()                                                     { s.swaps++ }
func (s *seen) SnapshotsLive(n int)                                          { s.live = n }
func (s *seen) Applied(arrived, served time.Time)                            { s.arrived, s.applied = arrived, served }

func newRig(t *testing.T, change func(*Config)) *rig {
	t.Helper()
	filters, err := standard.Registry()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, holder: &snapshot.Holder{}, mount: filepath.Join(t.TempDir(), "mount"), log: &bytes.Buffer{}, seen: &seen{results: map[string]int{}}}
	if r.kube, err = runtimetest.NewKubeletWriter(r.mount); err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Dir: r.mount, Filters: filters, Upstreams: upstream.New(upstream.Config{}), Holder: r.holder,
		Log: slog.New(slog.NewTextHandler(r.log, nil)), Observer: r.seen,
	}
	if change != nil {
		change(&cfg)
	}
	r.Reloader = New(cfg)
	return r
}

func (r *rig) write(files map[string][]byte) {
	r.t.Helper()
	if err := r.kube.Write(files); err != nil {
		r.t.Fatal(err)
	}
}

// serves reads what the current table answers.
func (r *rig) serves() string {
	s := r.holder.Current()
	if s == nil {
		return ""
	}
	var m table.Match
	s.Table.Match(&table.Request{Method: "GET", Host: "h.example", Path: "/", Header: &filter.Header{}}, &m)
	if m.Route == nil {
		return "no route"
	}
	var c struct{ Body string }
	_ = json.Unmarshal(m.Route.Def.Filters["respond"], &c)
	return c.Body
}

func (r *rig) expect(body string, code bundle.Code) {
	r.t.Helper()
	if got := r.serves(); got != body {
		r.t.Errorf("serves %q, want %q", got, body)
	}
	got := bundle.Code("")
	if e := r.Status().LastError; e != nil {
		got = e.Code
	}
	if got != code {
		r.t.Errorf("last error %q, want %q (%v)", got, code, r.Status().LastError)
	}
}

func TestSwap(t *testing.T) {
	r := newRig(t, nil)
	r.Start()
	r.expect("", bundle.CodeEmpty)
	a, b := runtimetest.Answering(t, "h.example", "a"), runtimetest.Answering(t, "h.example", "b")
	for _, one := range []*bundle.Bundle{a, b, a} {
		r.write(one.Files())
		r.Look()
		r.expect(one.Manifest().Revision, "")
		s := r.Status()
		if s.Digest != one.Digest() || s.Content != one.Manifest().Content || s.Routes != 1 || s.OnLastGood || s.LoadedAt.IsZero() {
			t.Errorf("status %+v", s)
		}
		if r.Bundle().Digest() != one.Digest() || r.holder.Current().Digest != one.Digest() {
			t.Error("the status and the snapshot disagree")
		}
	}
	lines := strings.Count(r.log.String(), "\n")
	for range 3 {
		r.Look()
	}
	if n := strings.Count(r.log.String(), "\n"); n != lines || r.seen.swaps != 3 {
		t.Errorf("looking without a change: %d lines, %d swaps", n-lines, r.seen.swaps)
	}
}

// corruptions change the files of a good bundle.
func TestSameContentSwapsNothing(t *testing.T) {
	r := newRig(t, nil)
	d := func() route.Domain {
		return runtimetest.Domain("h.example", route.Route{ID: "x", Match: route.Match{Path: route.Path{Prefix: "/"}}, Filters: route.Filters{"respond": []byte(`{"body":"x","contentType":"text/plain","status":200}`)}})
	}
	a, b := runtimetest.Bundle(t, "r1", d()), runtimetest.Bundle(t, "r2", d())
	r.write(a.Files())
	r.Start()
	first := r.holder.Acquire(1)
	r.write(b.Files())
	r.Look()
	s := r.Status()
	if s.Digest != b.Digest() || s.Revision != "r2" || s.LastError != nil || !s.LoadedAt.Equal(first.LoadedAt) {
		t.Errorf("status %+v", s)
	}
	now := r.holder.Current()
	if now.Table != first.Table || r.seen.swaps != 1 {
		t.Error("the table was swapped")
	}
	if now.Digest != b.Digest() {
		t.Error("the snapshot has the old digest")
	}
	first.Release(1)
	r.Retire()
	if n := r.retired.tables[now.Table]; n != 1 || r.retired.count() != 0 {
		t.Errorf("%d snapshots hold the table, %d wait", n, r.retired.count())
	}
	r.expect("x", "")
}

func TestLastGood(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	with := func(c *Config) { c.StateDir = state }
	a, b := runtimetest.Answering(t, "h.example", "a"), runtimetest.Answering(t, "h.example", "b")
	r := newRig(t, with)
	for _, one := range []*bundle.Bundle{a, b} {
		r.write(one.Files())
		r.Look()
	}
	entries, err := os.ReadDir(state)
	if err != nil || len(entries) != 2 {
		t.Errorf("the state folder holds %v %v", entries, err)
	}

	again := newRig(t, with)
	again.write(map[string][]byte{bundle.ManifestName: []byte("broken")})
	again.Start()
	again.expect("b", bundle.CodeMalformed)
	if !again.Status().OnLastGood {
		t.Error("the status does not say that it is the last good bundle")
	}
	again.write(a.Files())
	again.Look()
	again.expect("a", "")
	if again.Status().OnLastGood {
		t.Error("the status still says so")
	}

	// The mount comes to hold the very bundle that was kept.
	third := newRig(t, with)
	third.Start()
	third.expect("a", bundle.CodeEmpty)
	third.write(a.Files())
	third.Look()
	third.expect("a", "")
	if third.Status().OnLastGood || third.seen.swaps != 1 {
		t.Errorf("on last good %v, %d swaps", third.Status().OnLastGood, third.seen.swaps)
	}

	// A last good bundle that went bad leads to the fallback.
	kept, err := os.Readlink(filepath.Join(state, currentLink))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(state, kept, bundle.ManifestName), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	fallback := filepath.Join(t.TempDir(), "fallback")
	if err := b.WriteDir(fallback); err != nil {
		t.Fatal(err)
	}
	fourth := newRig(t, func(c *Config) { c.StateDir, c.FallbackDir = state, fallback })
	fourth.Start()
	fourth.expect("b", bundle.CodeEmpty)
	if !fourth.Status().OnLastGood {
		t.Error("the fallback is not told")
	}
}

func TestStateFolderThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(c *Config) { c.StateDir = filepath.Join(file, "state") })
	r.write(runtimetest.Answering(t, "h.example", "a").Files())
	r.Start()
	r.expect("a", "")
	if !strings.Contains(r.log.String(), "last good bundle cannot be kept") {
		t.Errorf("not told:\n%s", r.log)
	}
}

// TestKeepingThatFailsLeavesNothing keeps the bundle before whole and nothing else,
// however often a newer one cannot be written.
func TestKeepingThatFailsLeavesNothing(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	r := newRig(t, func(c *Config) { c.StateDir = state })
	good := runtimetest.Answering(t, "h.example", "a")
	r.write(good.Files())
	r.Start()
	kept, err := os.Readlink(lastGoodDir(state))
	if err != nil {
		t.Fatal(err)
	}
	// A folder in the place of the new link makes the last step fail, as a disk that
	// is full does some step.
	if err := os.MkdirAll(filepath.Join(state, currentLink+".new", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		r.write(runtimetest.Answering(t, "h.example", fmt.Sprint(i)).Files())
		r.Look()
		r.expect(fmt.Sprint(i), "")
	}
	if n := strings.Count(r.log.String(), "last good bundle cannot be kept"); n != 5 {
		t.Errorf("told %d times, want 5:\n%s", n, r.log)
	}
	left, err := filepath.Glob(filepath.Join(state, "*"+keptPrefix+"*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != kept {
		t.Errorf("the state folder holds %v %v, want %s alone", left, err, kept)
	}
}

func TestOldSnapshotsAreRetired(t *testing.T) {
	r := newRig(t, nil)
	r.write(runtimetest.Answering(t, "h.example", "0").Files())
	r.Start()
	held := r.holder.Acquire(3)
	for i := range 5 {
		r.write(runtimetest.Answering(t, "h.example", fmt.Sprint(i+1)).Files())
		r.Look()
	}
	if r.seen.live != 6 {
		t.Errorf("%d snapshots live, want 6", r.seen.live)
	}
	r.Retire()
	if r.seen.live != 2 {
		t.Errorf("%d snapshots live, want 2", r.seen.live)
	}
	s := r.Status()
	if len(s.Snapshots) != 2 || !s.Snapshots[0].Current || s.Snapshots[0].Digest != s.Digest || s.Snapshots[0].Users != 0 ||
		s.Snapshots[1].Current || s.Snapshots[1].Digest != held.Digest || s.Snapshots[1].Users != 1 || s.OldUsers != 1 {
		t.Errorf("snapshots %+v, %d users of old ones", s.Snapshots, s.OldUsers)
	}
	held.Release(3)
	r.Retire()
	if r.seen.live != 1 || len(r.retired.tables) != 1 {
		t.Errorf("%d snapshots live, want 1", r.seen.live)
	}
	if s := r.Status(); len(s.Snapshots) != 1 || s.OldUsers != 0 {
		t.Errorf("snapshots %+v, %d users of old ones", s.Snapshots, s.OldUsers)
	}
}

// What is mounted and not served is counted from its own arrival: one that waits for its
// parts from the first of them, the one after a refused one from its own.
func TestArrival(t *testing.T) {
	r := newRig(t, nil)
	files := runtimetest.Answering(t, "h.example", "0").Files()
	r.write(files)
	r.Start()
	if r.seen.arrived.IsZero() || r.seen.applied.Before(r.seen.arrived) {
		t.Errorf("the first bundle arrived %v, served %v", r.seen.arrived, r.seen.applied)
	}
	bad := maps.Clone(runtimetest.Answering(t, "h.example", "1").Files())
	for name := range bad {
		if name != bundle.ManifestName {
			bad[name] = []byte("no shard")
		}
	}
	r.write(bad)
	r.Look()
	refused := r.seen.arrived
	if refused.IsZero() || !r.seen.applied.IsZero() {
		t.Errorf("the refused bundle arrived %v, served %v", refused, r.seen.applied)
	}
	next := runtimetest.Answering(t, "h.example", "2").Files()
	r.write(map[string][]byte{bundle.ManifestName: next[bundle.ManifestName]})
	r.Look()
	first := r.seen.arrived
	if !first.After(refused) || !r.seen.applied.IsZero() {
		t.Errorf("a part of the next arrived %v, served %v; refused one %v", first, r.seen.applied, refused)
	}
	r.write(next)
	r.Look()
	if !r.seen.arrived.Equal(first) || !r.seen.applied.After(first) {
		t.Errorf("the next arrived %v, served %v; its first part %v", r.seen.arrived, r.seen.applied, first)
	}
	r.expect("2", "")
}

// TestSwapUnderLoad takes and gives back snapshots from many goroutines while
// bundles are swapped and old tables closed: none is closed in use.
func TestSwapUnderLoad(t *testing.T) {
	var closed sync.Map
	var inUse atomic.Int64
	spec := filter.Spec{Name: "respond", New: func(_ filter.Env, raw json.RawMessage) (filter.Filter, error) {
		return &closing{key: string(raw), closed: &closed}, nil
	}}
	filters, err := filter.NewRegistry([]filter.Spec{spec})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(c *Config) { c.Filters = filters })
	r.write(runtimetest.Answering(t, "h.example", "0").Files())
	r.Start()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for shard := range uint32(4) {
		wg.Go(func() {
			var m table.Match
			for {
				select {
				case <-stop:
					return
				default:
				}
				s := r.holder.Acquire(shard)
				s.Table.Match(&table.Request{Method: "GET", Host: "h.example", Path: "/", Header: &filter.Header{}}, &m)
				if m.Route == nil {
					t.Error("no route")
				} else if _, gone := closed.Load(string(m.Route.Def.Filters["respond"])); gone {
					t.Error("a table was closed in use")
				}
				inUse.Add(1)
				s.Release(shard)
			}
		})
	}
	for i := range 40 {
		r.write(runtimetest.Answering(t, "h.example", fmt.Sprint(i+1)).Files())
		r.Look()
		r.Retire()
	}
	close(stop)
	wg.Wait()
	r.Retire()
	n := 0
	closed.Range(func(any, any) bool { n++; return true })
	if n != 40 || inUse.Load() == 0 {
		t.Errorf("%d of 40 old tables were closed", n)
	}
}

type closing struct {
	key    string
	closed *sync.Map
}

func (c *closing) Request(*filter.Exchange) filter.Verdict { return filter.Continue }

func (c *closing) Close() error {
	if _, twice := c.closed.LoadOrStore(c.key, true); twice {
		panic("closed twice: " + c.key)
	}
	return nil
}
