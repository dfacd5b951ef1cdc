package gate

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/cases"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// ReadOnly picks the cases that may be played against a live gateway: a safe method
// (RFC 9110, section 9.2.1), sent once, without a body, an upgrade or a fault to
// simulate. What a stand-in would have to answer is taken out of their expectations,
// since real upstreams answer there: of a route with an upstream only the route and
// the headers that must be absent are compared. Cases that need the value of a
// secret are counted and left out unless there is a folder of them.
func ReadOnly(set *cases.Set, b *bundle.Bundle, secrets bool) (live *cases.Set, secret int) {
	answers := map[string]bool{}
	for _, d := range b.Domains() {
		for i := range d.Def.Routes {
			r := &d.Def.Routes[i]
			answers[r.ID] = gatewayAnswers(r)
		}
	}
	out := &cases.Set{Cases: []cases.Case{}}
	for _, c := range set.Cases {
		if !safe(&c.Spec.Request) {
			continue
		}
		if !secrets && needsSecret(&c.Spec.Request) {
			secret++
			continue
		}
		e := &c.Spec.Expect
		if e.Route != nil && *e.Route != "" && !answers[*e.Route] {
			*e = cases.Expect{Route: e.Route, AbsentHeaders: e.AbsentHeaders}
		}
		e.Upstream, e.Duration = nil, nil
		out.Cases = append(out.Cases, c)
	}
	return out, secret
}

// liveTime bounds the look whether a live gateway is there.
const liveTime = 5 * time.Second

// liveTarget reads the URL of a live gateway, which must be there. The cases take the
// scheme of the URL: whether a request is encrypted is for it to say.
func liveTarget(raw string, set *cases.Set) (*target, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("read the gateway's URL: %w", err)
	}
	t := &target{address: u.Host, live: "1"}
	port := "80"
	if u.Scheme == "https" {
		t.ca, port = cmp.Or(os.Getenv("LINTEL_CA"), "system"), "443"
	}
	if u.Port() == "" {
		t.address = net.JoinHostPort(u.Hostname(), port)
	}
	conn, err := net.DialTimeout("tcp", t.address, liveTime)
	if err != nil {
		return nil, fmt.Errorf("no gateway answers at %s: %w", raw, err)
	}
	_ = conn.Close()
	for i := range set.Cases {
		set.Cases[i].Spec.Request.Scheme = u.Scheme
	}
	return t, nil
}

func needsSecret(q *cases.Request) bool {
	for _, v := range q.Headers {
		if v.Secret != nil {
			return true
		}
	}
	return false
}

// gatewayAnswers tells whether the route needs no upstream.
func gatewayAnswers(r *route.Route) bool { return r.Upstream == "" && len(r.Split) == 0 }

func safe(q *cases.Request) bool {
	if !slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, q.Method) || q.Times() > 1 || q.WebSocket != nil {
		return false
	}
	if body, _ := q.Content(); body != "" {
		return false
	}
	for name := range q.Headers {
		if strings.HasPrefix(strings.ToLower(name), "x-echo-") {
			return false
		}
	}
	_, query, _ := strings.Cut(q.Path, "?")
	values, _ := url.ParseQuery(query)
	return !values.Has("status") && !values.Has("delay") && !values.Has("size") && !values.Has("abort")
}
