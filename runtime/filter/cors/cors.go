// Package cors is the filter that answers preflights and marks responses for
// browsers of other origins (Fetch standard, section 3.2).
package cors

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/schemas/route"
)

//go:embed schema.cue
var schema string

// Config is the filter's configuration.
type Config struct {
	AllowOrigins     []string       `json:"allowOrigins"`
	AllowMethods     []string       `json:"allowMethods"`
	AllowHeaders     []string       `json:"allowHeaders"`
	ExposeHeaders    []string       `json:"exposeHeaders,omitempty"`
	AllowCredentials bool           `json:"allowCredentials"`
	MaxAge           route.Duration `json:"maxAge"`
}

// Spec declares the filter.
func Spec() filter.Spec {
	return filter.Define(filter.Definition[Config]{
		Name: "cors", Phase: filter.Edge, Priority: 20, Schema: schema, New: build,
	})
}

type cors struct {
	any         bool
	exact       []string
	wild        [][2]string // text before and after the "*"
	methods     string
	headers     string // "" reflects what is asked for
	expose      string
	maxAge      string
	credentials bool
}

func build(_ filter.Env, c Config) (filter.Filter, error) {
	f := &cors{credentials: c.AllowCredentials, methods: strings.Join(c.AllowMethods, ", ")}
	if len(c.AllowOrigins) == 0 {
		return nil, errors.New("allowOrigins is empty: no origin could use the route")
	}
	for _, o := range c.AllowOrigins {
		switch before, after, wild := strings.Cut(o, "*"); {
		case o == "*":
			f.any = true
		case wild:
			f.wild = append(f.wild, [2]string{before, after})
		default:
			f.exact = append(f.exact, o)
		}
	}
	if f.any && f.credentials {
		return nil, errors.New(`allowCredentials cannot go with the origin "*": browsers refuse it, name the origins`)
	}
	for _, list := range [][]string{c.AllowHeaders, c.ExposeHeaders} {
		for _, name := range list {
			if name == "" || !filter.ValidFieldValue(name) || strings.ContainsAny(name, ", \t") {
				return nil, fmt.Errorf("%q is no header name", name)
			}
		}
	}
	if !slices.Contains(c.AllowHeaders, "*") {
		f.headers = strings.Join(c.AllowHeaders, ", ")
		if f.headers == "" {
			f.headers = "accept"
		}
	}
	f.expose = strings.Join(c.ExposeHeaders, ", ")
	f.maxAge = strconv.FormatInt(int64(c.MaxAge.D()/time.Second), 10)
	return f, nil
}

// HandlesPreflight implements filter.PreflightFilter.
func (f *cors) HandlesPreflight() {}

// Request implements filter.RequestFilter: it answers preflights.
func (f *cors) Request(x *filter.Exchange) filter.Verdict {
	if x.Original.Method != "OPTIONS" {
		return filter.Continue
	}
	_, ask := x.Header.Get("access-control-request-method")
	origin, from := x.Header.Get("origin")
	if !ask || !from {
		return filter.Continue
	}
	if f.allows(origin) {
		x.Response.Add("access-control-allow-methods", f.methods)
		headers := f.headers
		if headers == "" {
			headers, _ = x.Header.Get("access-control-request-headers")
		}
		if headers != "" {
			x.Response.Add("access-control-allow-headers", headers)
		}
		x.Response.Add("access-control-max-age", f.maxAge)
	}
	x.Response.Add("vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
	x.Answer(204, "text/plain; charset=utf-8", nil)
	return filter.Stop
}

// Response implements filter.ResponseFilter: the gateway speaks for the upstream,
// whose own words are replaced.
func (f *cors) Response(x *filter.Exchange) {
	x.Response.Del("access-control-allow-origin")
	x.Response.Del("access-control-allow-credentials")
	x.Response.Del("access-control-expose-headers")
	if !f.any {
		// The answer depends on who asks, even when the answer is no.
		x.Response.Add("vary", "Origin")
	}
	origin, ok := x.Header.Get("origin")
	if !ok || !f.allows(origin) {
		return
	}
	if f.any {
		origin = "*"
	}
	x.Response.Add("access-control-allow-origin", origin)
	if f.credentials {
		x.Response.Add("access-control-allow-credentials", "true")
	}
	if f.expose != "" {
		x.Response.Add("access-control-expose-headers", f.expose)
	}
}

func (f *cors) allows(origin string) bool {
	if f.any || slices.Contains(f.exact, origin) {
		return true
	}
	for _, w := range f.wild {
		if len(origin) > len(w[0])+len(w[1]) && strings.HasPrefix(origin, w[0]) && strings.HasSuffix(origin, w[1]) &&
			!strings.ContainsAny(origin[len(w[0]):len(origin)-len(w[1])], "/:@") {
			return true
		}
	}
	return false
}

var (
	_ filter.PreflightFilter = (*cors)(nil)
	_ filter.ResponseFilter  = (*cors)(nil)
)
