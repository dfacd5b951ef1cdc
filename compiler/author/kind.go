package author

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue/literal"
)

// Kind is a kind of route.
type Kind struct {
	Name string
	// Purpose completes "a route that ...".
	Purpose string
	// Upstream and Next tell that it needs an upstream, and a second one; To, that it
	// needs a place to redirect to.
	Upstream, Next, To bool
	// methods are those that it takes whatever is asked for; nil: what is asked for.
	methods []string
	// prefix tells that its path is a prefix unless it says otherwise.
	prefix bool
	// templates are the names that a template of the kind may have, the best first.
	templates func(methods []string) []string
	// params are a template's parameters.
	params func(*Route) []setting
	// plain is what the route says without a template, beside its match.
	plain func(*Route) []setting
}

// setting is one line of a route: a field or a parameter and its value, as written.
type setting struct{ label, value string }

func text(s string) string { return literal.String.Quote(s) }

func texts(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = text(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func named(names ...string) func([]string) []string { return func([]string) []string { return names } }

// Kinds are all kinds; the first is the default.
func Kinds() []Kind {
	toUpstream := func(r *Route) []setting { return []setting{{"#upstream", text(r.Upstream)}} }
	upstream := func(r *Route) setting { return setting{"upstream", text(r.Upstream)} }
	return []Kind{
		{
			Name: "api", Purpose: "is an operation of an API", Upstream: true,
			templates: operations, params: toUpstream,
			plain: func(r *Route) []setting { return []setting{upstream(r)} },
		},
		{
			Name: "websocket", Purpose: "is a WebSocket", Upstream: true, methods: []string{"GET"},
			templates: named("#Socket", "#WebSocket", "#Websocket"), params: toUpstream,
			plain: func(r *Route) []setting { return []setting{upstream(r), {"timeouts: idle", text("10m")}} },
		},
		{
			Name: "static", Purpose: "serves files", Upstream: true, methods: []string{"GET"}, prefix: true,
			templates: named("#Static", "#Assets", "#Files"), params: toUpstream,
			plain: func(r *Route) []setting {
				return []setting{upstream(r), {"filters: headers", `{
					request: remove: ["cookie"]
					response: set: "cache-control": "public, max-age=3600"
				}`}}
			},
		},
		{
			Name: "redirect", Purpose: "sends clients to another place", To: true,
			templates: named("#Moved", "#Redirect"),
			params: func(r *Route) []setting {
				out := []setting{{"#to", text(r.To)}}
				if r.Status != 0 {
					out = append(out, setting{"#status", fmt.Sprint(r.Status)})
				}
				return out
			},
			plain: func(r *Route) []setting {
				status := r.Status
				if status == 0 {
					status = 308
				}
				return []setting{{"filters: redirect", fmt.Sprintf("{to: %s, status: %d}", text(r.To), status)}}
			},
		},
		{
			Name: "canary", Purpose: "shares requests with what comes next", Upstream: true, Next: true,
			templates: named("#Canary", "#Split"),
			params: func(r *Route) []setting {
				return []setting{{"#stable", text(r.Upstream)}, {"#next", text(r.Next)}, {"#percent", fmt.Sprint(r.Percent)}}
			},
			plain: func(r *Route) []setting {
				return []setting{{"split", fmt.Sprintf("[\n{upstream: %s, weight: %d},\n{upstream: %s, weight: %d},\n]",
					text(r.Upstream), 100-r.Percent, text(r.Next), r.Percent)}}
			},
		},
		{
			Name: "internal", Purpose: "is a tool inside the house", Upstream: true, prefix: true,
			templates: named("#Internal", "#Admin"), params: toUpstream,
			plain: func(r *Route) []setting {
				return []setting{
					upstream(r),
					{`filters: headers: response: set: "cache-control"`, text("no-store")},
					{"retry: attempts", "0"},
				}
			},
		},
	}
}

// operations are the templates for an operation by its methods.
func operations(methods []string) []string {
	switch {
	case slices.Equal(methods, []string{"GET"}):
		return []string{"#Read", "#Rest"}
	case slices.Equal(methods, []string{"DELETE"}):
		return []string{"#Delete", "#Rest"}
	case len(methods) > 0 && !slices.Contains(methods, "GET") && !slices.Contains(methods, "HEAD"):
		return []string{"#Write", "#Rest"}
	}
	return []string{"#Rest"}
}

// KindNames are the names of all kinds.
func KindNames() (out []string) {
	for _, k := range Kinds() {
		out = append(out, k.Name)
	}
	return out
}

// KindOf finds a kind by its name.
func KindOf(name string) (Kind, error) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, nil
		}
	}
	return Kind{}, unknown("kind", "kind", name, KindNames())
}
