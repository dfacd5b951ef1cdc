package admin

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/runtime/upstream"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// holder is the number with which admin requests count their references.
const shard = 0

// inspect calls show with the snapshot that is served, held meanwhile.
func (h *handler) inspect(w http.ResponseWriter, show func(*snapshot.Snapshot)) {
	s := h.cfg.Holder.Acquire(shard)
	if s == nil {
		write(w, http.StatusServiceUnavailable, failure{"no bundle is served"})
		return
	}
	defer s.Release(shard)
	show(s)
}

type routeInfo struct {
	ID       string   `json:"id"`
	Hosts    []string `json:"hosts"`
	Path     string   `json:"path"`
	Methods  []string `json:"methods"`
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Requests uint64   `json:"requests"`
}

// routes lists the routes that are served, by id. File and line are "" and 0
// when the bundle does not say.
func (h *handler) routes(w http.ResponseWriter, _ *http.Request) {
	h.inspect(w, func(s *snapshot.Snapshot) {
		sources := map[string]bundle.Source{}
		if b := h.cfg.Bundles.Bundle(); b != nil {
			if found, err := b.Sources(); err == nil {
				sources = found
			}
		}
		all := s.Table.Routes()
		out := make([]routeInfo, len(all))
		for i, r := range all {
			src := sources[r.Def.ID]
			methods := r.Def.Methods
			if methods == nil {
				methods = []string{}
			}
			out[i] = routeInfo{
				ID: r.Def.ID, Hosts: r.Def.Hosts, Path: r.Def.Path.Kind() + " " + r.Def.Path.Value(),
				Methods: methods, File: src.File, Line: src.Line, Requests: r.Requests.Value(),
			}
		}
		write(w, http.StatusOK, out)
	})
}

type upstreamInfo struct {
	Name string `json:"name"`
	// Domain is "" for a shared upstream.
	Domain    string                   `json:"domain"`
	Endpoints []upstream.EndpointState `json:"endpoints"`
}

func (h *handler) upstreams(w http.ResponseWriter, _ *http.Request) {
	h.inspect(w, func(s *snapshot.Snapshot) {
		out := []upstreamInfo{}
		for _, u := range s.Table.Upstreams() {
			out = append(out, upstreamInfo{Name: u.Name, Domain: u.Domain, Endpoints: u.State()})
		}
		write(w, http.StatusOK, out)
	})
}

// explanation is what the table tells of a request, and the filters of the route that
// takes it. What needs the route files, such as where a filter is written, and what the
// filters do is the tool's to tell.
type explanation struct {
	table.Trace
	// Filters stand in the order in which they run on the request's side.
	Filters []filterInfo `json:"filters"`
	Bundle  string       `json:"bundle"`
}

type filterInfo struct {
	Name  string `json:"name"`
	Phase string `json:"phase"`
}

// explain answers which route a request would take and why:
// ?method=GET&url=http://host/path&header=name:value (repeated).
func (h *handler) explain(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	u, err := url.Parse(q.Get("url"))
	if err != nil || u.Host == "" {
		write(w, http.StatusBadRequest, failure{"give ?url= as an absolute URL, such as http://shop.example/cart"})
		return
	}
	req := &table.Request{Method: strings.ToUpper(q.Get("method")), Host: table.CanonicalHost(u.Host), Query: u.RawQuery, Header: &filter.Header{}}
	if req.Method == "" {
		req.Method = http.MethodGet
	}
	path, ok := table.CanonicalPath(cmp.Or(u.EscapedPath(), "/"))
	if !ok {
		write(w, http.StatusBadRequest, failure{"the gateway answers this path with 400: it has an invalid escape, or dots that climb out"})
		return
	}
	req.Path = path
	for _, f := range q["header"] {
		name, value, ok := strings.Cut(f, ":")
		if !ok {
			write(w, http.StatusBadRequest, failure{"give ?header= as name:value"})
			return
		}
		req.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	h.inspect(w, func(s *snapshot.Snapshot) {
		out := explanation{Trace: s.Table.Explain(req), Filters: []filterInfo{}, Bundle: s.Digest}
		if r := s.Table.Route(out.Route); r != nil {
			for _, step := range r.Chain.Steps {
				out.Filters = append(out.Filters, filterInfo{step.Spec.Name, step.Spec.Phase.String()})
			}
		}
		write(w, http.StatusOK, out)
	})
}
