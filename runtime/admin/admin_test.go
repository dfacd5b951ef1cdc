package admin

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/lintel-gateway/lintel/runtime/filter/standard"
	"github.com/lintel-gateway/lintel/runtime/reload"
	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/runtime/upstream"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

type rig struct {
	t        *testing.T
	reloader *reload.Reloader
	mount    string
	draining bool
	handler  http.Handler
}

func newRig(t *testing.T) *rig {
	filters, err := standard.Registry()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, mount: t.TempDir() + "/bundle"}
	holder := &snapshot.Holder{}
	r.reloader = reload.New(reload.Config{Dir: r.mount, Filters: filters, Upstreams: upstream.New(upstream.Config{}), Holder: holder})
	r.handler = Handler(Config{
		Bundles: r.reloader, Holder: holder, Draining: func() bool { return r.draining },
		Metrics: prometheus.NewRegistry(),
	})
	return r
}

func (r *rig) get(path string) (int, any) {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	var v any
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		r.t.Fatalf("%s: %v: %s", path, err, w.Body)
	}
	return w.Code, v
}

func (r *rig) expect(path string, status int, want any) {
	r.t.Helper()
	code, got := r.get(path)
	if code != status {
		r.t.Errorf("%s: status %d, want %d", path, code, status)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		r.t.Errorf("%s:\n%s", path, diff)
	}
}

func shop(t *testing.T) *bundle.Bundle {
	d := runtimetest.Domain("h.example",
		route.Route{ID: "cart", Match: route.Match{Path: route.Path{Template: "/cart/{id}"}, Methods: []string{"GET"}}, Upstream: "web"},
		route.Route{ID: "home", Match: route.Match{Path: route.Path{Prefix: "/"}}, Upstream: "web"})
	d.Upstreams = map[string]route.Upstream{"web": runtimetest.Upstream("10.0.0.1:80")}
	return runtimetest.Bundle(t, "r1", d)
}

func TestBeforeTheFirstBundle(t *testing.T) {
	r := newRig(t)
	r.expect("/-/live", 200, map[string]any{"live": true})
	r.expect("/-/ready", 503, map[string]any{"ready": false, "reason": "no bundle has been loaded yet", "digest": ""})
	r.reloader.Start()
	_, got := r.get("/-/ready")
	if reason := got.(map[string]any)["reason"].(string); !regexp.MustCompile(`^bundle-empty: `).MatchString(reason) {
		t.Errorf("reason %q", reason)
	}
	for _, path := range []string{"/-/routes", "/-/upstreams", "/-/explain?url=http://h.example/", "/-/bundle/files/manifest.json"} {
		r.expect(path, 503, map[string]any{"error": "no bundle is served"})
	}
}

func TestServing(t *testing.T) {
	r := newRig(t)
	b := shop(t)
	if err := b.WriteDir(r.mount); err != nil {
		t.Fatal(err)
	}
	r.reloader.Start()
	r.expect("/-/ready", 200, map[string]any{"ready": true, "reason": "", "digest": b.Digest()})
	_, got := r.get("/-/bundle")
	status := got.(map[string]any)
	for _, key := range []string{"loaded_at", "last_attempt"} {
		text := status[key].(string)
		if _, err := time.Parse(time.RFC3339, text); err != nil || text[len(text)-1] != 'Z' {
			t.Errorf("%s is %q", key, text)
		}
		delete(status, key)
	}
	snapshots := status["snapshots"].([]any)
	if one := snapshots[0].(map[string]any); len(snapshots) != 1 || one["digest"] != b.Digest() || one["current"] != true || one["users"] != 0.0 || one["revision"] != "r1" {
		t.Errorf("snapshots %v", snapshots)
	}
	delete(status, "snapshots")
	if diff := cmp.Diff(map[string]any{
		"digest": b.Digest(), "content": b.Manifest().Content, "revision": "r1", "routes": 2.0,
		"on_last_good": false, "last_error": nil, "rejected_digest": "", "old_users": 0.0,
	}, status); diff != "" {
		t.Error(diff)
	}
	r.expect("/-/routes", 200, []any{
		map[string]any{"id": "h.example/cart", "hosts": []any{"h.example"}, "path": "template /cart/{id}", "methods": []any{"GET"}, "file": "routes/h.example/main.cue", "line": 1.0, "requests": 0.0},
		map[string]any{"id": "h.example/home", "hosts": []any{"h.example"}, "path": "prefix /", "methods": []any{}, "file": "routes/h.example/main.cue", "line": 2.0, "requests": 0.0},
	})
	_, got = r.get("/-/upstreams")
	u := got.([]any)[0].(map[string]any)
	if u["name"] != "web" || u["domain"] != "h.example" || u["endpoints"].([]any)[0].(map[string]any)["address"] != "10.0.0.1:80" {
		t.Errorf("upstreams %v", got)
	}
	_, got = r.get("/-/explain?method=get&header=x-a:%201&url=" + url.QueryEscape("http://H.example:80/cart/7?x=y"))
	trace := got.(map[string]any)
	if trace["route"] != "h.example/cart" || trace["bundle"] != b.Digest() || trace["params"].(map[string]any)["id"] != "7" {
		t.Errorf("explain %v", trace)
	}
	if diff := cmp.Diff([]any{}, trace["filters"]); diff != "" {
		t.Errorf("the filters of a route without any: %s", diff)
	}
	// A path is matched as the engine matches it.
	_, got = r.get("/-/explain?url=" + url.QueryEscape("http://h.example./x/../%63art/7"))
	if trace := got.(map[string]any); trace["route"] != "h.example/cart" {
		t.Errorf("explain of a path that is not canonical: %v", trace)
	}
	r.expect("/-/explain?url="+url.QueryEscape("http://h.example/../../x"), 400, map[string]any{"error": "the gateway answers this path with 400: it has an invalid escape, or dots that climb out"})
	r.expect("/-/explain?url=/cart", 400, map[string]any{"error": "give ?url= as an absolute URL, such as http://shop.example/cart"})
	r.expect("/-/explain?url=http://h.example/&header=x", 400, map[string]any{"error": "give ?header= as name:value"})
	for name, data := range b.Files() {
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/-/bundle/files/"+name, nil))
		if w.Code != 200 || w.Body.String() != string(data) {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
	r.expect("/-/bundle/files/..data", 404, map[string]any{"error": "the bundle has no such file"})
	r.draining = true
	r.expect("/-/ready", 503, map[string]any{"ready": false, "reason": "the gateway is stopping", "digest": b.Digest()})
}

func TestARefusedBundleLeavesItReady(t *testing.T) {
	r := newRig(t)
	good := shop(t)
	if err := good.WriteDir(r.mount); err != nil {
		t.Fatal(err)
	}
	r.reloader.Start()
	bad := runtimetest.Bundle(t, "bad", runtimetest.Domain("h.example", route.Route{ID: "x", Match: route.Match{Path: route.Path{Prefix: "/"}}, Upstream: "nobody"}))
	if err := bad.WriteDir(r.mount); err != nil {
		t.Fatal(err)
	}
	r.reloader.Look()
	r.expect("/-/ready", 200, map[string]any{"ready": true, "reason": "", "digest": good.Digest()})
	_, got := r.get("/-/bundle")
	status := got.(map[string]any)
	if status["digest"] != good.Digest() || status["rejected_digest"] != bad.Digest() || status["last_error"].(map[string]any)["code"] != "bundle-refused" {
		t.Errorf("status %v", status)
	}
}

func TestOnlyReads(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/-/live", "/-/bundle", "/-/routes", "/metrics"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
			w := httptest.NewRecorder()
			r.handler.ServeHTTP(w, httptest.NewRequest(method, path, nil))
			if w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: status %d", method, path, w.Code)
			}
		}
	}
}

func TestServeStops(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, ln, newRig(t).handler, nil) }()
	resp, err := http.Get("http://" + ln.Addr().String() + "/-/live")
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%v %v", resp, err)
	}
	_ = resp.Body.Close()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestExplainFilters: the filters of the route that takes a request stand in the order
// in which they run, a preflight says what it asks about, and where no route takes it
// there are none.
func TestExplainFilters(t *testing.T) {
	r := newRig(t)
	d := runtimetest.Domain("h.example",
		route.Route{
			ID: "cart", Match: route.Match{Hosts: []string{"h.example"}, Path: route.Path{Exact: "/cart"}, Methods: []string{"PUT"}}, Upstream: "web",
			Filters: route.Filters{
				"rewrite":   json.RawMessage(`{"path":"/v2"}`),
				"requestId": json.RawMessage(`{"header":"x-request-id","keep":false,"response":true}`),
				"cors":      json.RawMessage(`{"allowCredentials":false,"allowHeaders":[],"allowMethods":["PUT"],"allowOrigins":["*"],"maxAge":"1m"}`),
			},
		})
	d.Upstreams = map[string]route.Upstream{"web": runtimetest.Upstream("10.0.0.1:80")}
	if err := runtimetest.Bundle(t, "r1", d).WriteDir(r.mount); err != nil {
		t.Fatal(err)
	}
	r.reloader.Start()
	_, got := r.get("/-/explain?method=OPTIONS&header=origin:https://a.example&header=access-control-request-method:PUT&url=" + url.QueryEscape("http://h.example/cart"))
	trace := got.(map[string]any)
	want := []any{
		map[string]any{"name": "requestId", "phase": "edge"}, map[string]any{"name": "cors", "phase": "edge"}, map[string]any{"name": "rewrite", "phase": "route"},
	}
	if diff := cmp.Diff(want, trace["filters"]); diff != "" || trace["preflight"] != "PUT" {
		t.Errorf("preflight %v (-want +got)\n%s", trace["preflight"], diff)
	}
	_, got = r.get("/-/explain?url=" + url.QueryEscape("http://h.example/cart"))
	trace = got.(map[string]any)
	if diff := cmp.Diff([]any{}, trace["filters"]); diff != "" || trace["outcome"] != "method-mismatch" {
		t.Errorf("outcome %v: %s", trace["outcome"], diff)
	}
}
