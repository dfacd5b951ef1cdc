package author

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"

	"github.com/lintel-gateway/lintel/compiler/diag"
)

// Upstream is what is asked for of a new upstream.
type Upstream struct {
	Domain, Name string
	// Module is the module that it is written into; absent: one of its own name.
	Module string
	// Endpoints are addresses such as "orders.shop.svc:8080".
	Endpoints []string
}

var upstreamName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$`)

// AddUpstream plans an upstream. That no route uses it yet is no finding.
func (r *Repo) AddUpstream(ctx context.Context, want Upstream) (*Plan, error) {
	d, err := r.domain(want.Domain)
	if err != nil {
		return nil, err
	}
	if slices.Contains(r.Upstreams(want.Domain), want.Name) {
		pos, _ := d.Index.Lookup("upstreams", want.Name)
		return nil, mistake("name", "the upstream %q is there already, at %s: choose another name", want.Name, pos)
	}
	if err := validEndpoints(want.Name, want.Endpoints); err != nil {
		return nil, err
	}
	if want.Module == "" {
		want.Module = want.Name
	}
	name, err := file(want.Domain, want.Module)
	if err != nil {
		return nil, err
	}
	p, err := r.plan(name, upstreamText(want.Name, want.Endpoints)+"\n")
	if err != nil {
		return nil, err
	}
	unused := func(f diag.Diagnostic) bool {
		return f.Code == "no-routes" || f.Code == "unused-upstream" && f.Pos.File == r.base+"/"+name && f.Pos.Line >= p.Line
	}
	if _, err := r.prove(ctx, name, p.After, unused); err != nil {
		return nil, err
	}
	return p, nil
}

func validEndpoints(name string, endpoints []string) error {
	if name == "" {
		return mistake("name", "the upstream needs a name such as orders")
	}
	if !upstreamName.MatchString(name) {
		return mistake("name", "%q is no name of an upstream: use letters, digits, \".\", \"_\" and \"-\"", name)
	}
	if len(endpoints) == 0 {
		return mistake("endpoint", "the upstream %q needs an endpoint such as orders.shop.svc:8080", name)
	}
	for _, e := range endpoints {
		if host, port, err := net.SplitHostPort(e); err != nil || host == "" || port == "" {
			return mistake("endpoint", "%q is no endpoint such as orders.shop.svc:8080", e)
		}
	}
	return nil
}

func upstreamText(name string, endpoints []string) string {
	return fmt.Sprintf("upstreams: %s: endpoints: %s", label(name), texts(endpoints))
}

// label is a name as the label of a field: quoted only when it must be.
func label(name string) string {
	b, err := format.Node(ast.NewStringLabel(name))
	if err != nil {
		return text(name)
	}
	return strings.TrimSpace(string(b))
}
