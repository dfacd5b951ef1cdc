package filtercases

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/check"
	"github.com/lintel-gateway/lintel/compiler/docs"
	"github.com/lintel-gateway/lintel/compiler/lang"
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/filter/standard"
	"github.com/lintel-gateway/lintel/schemas/cases"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// around is what the examples of the schema may name.
const around = `package routes

domain: {hosts: ["shop.example", "*.shop.example"], owner: "team-shop"}
upstreams: orders: endpoints: ["orders.shop.svc:8080"]
upstreams: "orders-next": endpoints: ["orders-next.shop.svc:8080"]
secrets: "partner-key": file: "partner/key"
secrets: "partner-ca": file: "partner/ca"
secrets: "partner-certificate": file: "partner/certificate"
`

// sibling is what a field's example cannot do without, by definition and field.
func sibling(place string) string {
	return map[string]string{
		"#Case.description": "request: {}, expect: {}", "#Case.request": "expect: {}", "#Case.expect": "request: {}",
		"#CaseReceived.prefix": `secret: "partner-key"`, "#CaseReceived.secret": "",
		"#CaseSecret.prefix": `secret: "partner-key"`, "#CaseCount.status": "min: 1", "#CaseCount.upstream": "min: 1",
		"#CaseCount.min": "status: 200", "#CaseCount.max": "status: 200",
		"#Domain.owner": `hosts: ["shop.example"]`, "#Domain.methodMismatch": `hosts: ["shop.example"]`,
		"#Domain.groups":         `hosts: ["shop.example"]`,
		"#FindingSetting.reason": `level: "off"`,
		"#Share.upstream":        "weight: 5", "#Share.weight": `upstream: "orders-next"`,
		"#Upstream.ejection": `endpoints: ["10.0.0.7:8080"]`, "#Upstream.pool": `endpoints: ["10.0.0.7:8080"]`,
		"#Upstream.http": `endpoints: ["10.0.0.7:8080"]`, "#Upstream.proxyProtocol": `endpoints: ["10.0.0.7:8080"]`,
		"#Upstream.tls":            `endpoints: ["10.0.0.7:8443"]`,
		"#UpstreamTLS.certificate": `key: {secret: "partner-key"}`, "#UpstreamTLS.key": `certificate: {secret: "partner-certificate"}`,
		"#Endpoint.weight": `address: "10.0.0.7:8080"`, "#Endpoint.labels": `address: "10.0.0.7:8080"`,
		"#CorsFilter.allowCredentials": `allowOrigins: ["https://shop.example"]`,
		"#RedirectFilter.status":       `to: "/new"`, "#RedirectFilter.keepQuery": `to: "/new"`,
		"#RespondFilter.contentType": `body: "<p>Gone</p>"`,
		"#RewriteFilter.pattern":     `to: "/"`, "#RewriteFilter.to": `pattern: "^/v1/(.*)$"`,
	}[place]
}

// inRoute is where a definition of the schema stands in a route; %s is the example.
func inRoute(def string) string {
	return map[string]string{
		"#Route": "%s", "#Path": "path: {%s}", "#Condition": `headers: "x-stage": {%s}`,
		"#Share":    `split: [{%s}, {upstream: "orders", weight: 95}]`,
		"#Timeouts": "timeouts: {%s}", "#Retry": "retry: {%s}", "#Filters": "filters: {%s}",
		"#SecretRef":               "filters: headers: request: set: authorization: {%s}",
		"#ClientCertificateFilter": "filters: clientCertificate: {%s}",
		"#CorsFilter":              "filters: cors: {%s}", "#GrpcWebFilter": "filters: grpcWeb: {%s}", "#HeadersFilter": "filters: headers: {%s}", "#HeadersEdits": "filters: headers: request: {%s}",
		"#RedirectFilter": "filters: redirect: {%s}", "#RequestIdFilter": "filters: requestId: {%s}",
		"#RespondFilter": "filters: respond: {%s}", "#RewriteFilter": "filters: rewrite: {%s}", "#RewriteFilter.regex": "filters: rewrite: regex: {%s}",
	}[def]
}

// inCase is where a definition of the schema stands in a case.
func inCase(def string) string {
	return map[string]string{
		"#Case": "%s", "#CaseRequest": "request: {%s}, expect: {}", "#CaseExpect": "request: {}, expect: {%s}",
		"#CaseSecret":   "request: headers: authorization: {%s}, expect: {}",
		"#CaseText":     `request: {}, expect: headers: "cache-control": {%s}`,
		"#CaseReceived": "request: {}, expect: upstream: headers: authorization: {%s}",
		"#CaseSpan":     "request: {}, expect: duration: {%s}",
		"#CaseCount":    "request: repeat: 100, expect: counts: [{%s}]",
		"#CaseUpstream": "request: {}, expect: upstream: {%s}",
	}[def]
}

// elsewhere is where the other definitions stand.
func elsewhere(def string) string {
	return map[string]string{
		"#Domain": "domain: {%s}", "#Secret": "secrets: example: {%s}", "#Settings": "settings: {%s}", "#Group": "groups: default: {%s}",
		"#FindingSetting": `settings: findings: "unused-upstream": {%s}`,
		"#Environment":    inEnvironment + "%s", "#EnvironmentDomain": inEnvironment + `domains: "shop.example": {%s}`,
		"#Upstream": "upstreams: example: {%s}", "#Endpoint": "upstreams: example: endpoints: [{%s}]",
		"#Ejection":    `upstreams: example: {endpoints: ["10.0.0.7:8080"], ejection: {%s}}`,
		"#UpstreamTLS": `upstreams: example: {endpoints: ["10.0.0.7:8443"], tls: {%s}}`,
		"#Pool":        `upstreams: example: {endpoints: ["10.0.0.7:8080"], pool: {%s}}`,
	}[def]
}

// inEnvironment begins what stands in an environment's file.
const inEnvironment = "// in an environment\n"

// differing is what the examples of environments set in another way.
func differing(shared bool) fstest.MapFS {
	domain := `package routes
domain: hosts: ["shop.example", "*.shop.example"]
upstreams: orders: endpoints: ["10.0.0.7:8080"]
routes: "order-read": #Route & {upstream: "orders", filters: headers: request: set: authorization: secret: "partner-key"}
routes: "session": #Route & {path: exact: "/session", upstream: "sessions"}
`
	secret := `secrets: "partner-key": file: "partner/key"` + "\n"
	above := "package routes\nupstreams: sessions: endpoints: [\"10.0.0.9:8080\"]\n"
	if shared {
		above += secret
	} else {
		domain += secret
	}
	return fstest.MapFS{"shop.example/base.cue": {Data: []byte(domain)}, "shared.cue": {Data: []byte(above)}}
}

// example is one example of the schema in its place.
type example struct {
	name, source string
	// route tells that it is a route that may be served beside those of other examples.
	route bool
}

// place puts the example of a field into the smallest file that may hold it.
func place(t *testing.T, def string, f *lang.Field, text string) example {
	t.Helper()
	name := def + "." + f.Name
	text = f.Name + ": " + text
	owner, _, _ := strings.Cut(def, ".")
	if more := sibling(owner + "." + f.Name); more != "" {
		text += ", " + more
	}
	if where := elsewhere(def); where != "" {
		return example{name: name, source: fmt.Sprintf(where, text)}
	}
	id := strings.ToLower(strings.NewReplacer("#", "", ".", "-").Replace(name))
	if where := inCase(def); where != "" {
		switch name {
		case "#CaseExpect.websocket":
			where = `request: websocket: ["hello", "again"], expect: {%s}`
		case "#CaseExpect.counts":
			where = `request: repeat: 100, expect: {%s}`
		}
		return example{name: name, source: `routes: "order": #Route & {upstream: "orders", tests: "example": {` + fmt.Sprintf(where, text) + "}}"}
	}
	where := inRoute(def)
	if where == "" {
		t.Fatalf("no place is known for %s: name one here", name)
	}
	body := fmt.Sprintf(where, text)
	switch {
	case def == "#Path":
	case name == "#Route.path":
		body += `, methods: ["PUT"]` // #Path has an example of the same path
	case strings.Contains(text, "{id}"):
		body += `, path: template: "/` + id + `/{id}"`
	case strings.HasPrefix(text, "tests:"):
		body += `, path: template: "/orders/{id}"`
	default:
		body += `, path: prefix: "/` + id + `"`
	}
	if !strings.Contains(body, "split:") && !strings.HasPrefix(body, "upstream:") && !slices.ContainsFunc(standard.Specs(), func(s filter.Spec) bool {
		return s.Answers && (strings.HasPrefix(body, "filters: "+s.Name+":") || strings.HasPrefix(body, "filters: {"+s.Name+":"))
	}) {
		body += `, upstream: "orders"`
	}
	return example{name: name, source: fmt.Sprintf("routes: %q: #Route & {%s}", id, body), route: true}
}

// examples are those of all fields, and those that are whole route files.
func examples(t *testing.T) (fields, whole []example) {
	t.Helper()
	l, err := docs.Language()
	if err != nil {
		t.Fatal(err)
	}
	var walk func(def string, s *lang.Struct)
	walk = func(def string, s *lang.Struct) {
		for _, f := range s.Fields {
			if len(f.Examples) == 0 {
				t.Errorf("%s.%s has no example", def, f.Name)
			}
			for _, text := range f.Examples {
				fields = append(fields, place(t, def, f, text))
			}
			if inner, ok := f.Type.(lang.Struct); ok {
				walk(def+"."+f.Name, &inner)
			}
		}
	}
	for _, d := range l.Definitions {
		for _, text := range d.Examples {
			if strings.HasPrefix(text, "routes:") {
				whole = append(whole, example{name: d.Name, source: text, route: true})
			}
		}
		if s := d.Struct(); s != nil {
			walk(d.Name, s)
		}
	}
	return fields, whole
}

// files are an example with what it needs, and the environment in which it stands.
func files(source string) (fsys fstest.MapFS, env string) {
	if strings.HasPrefix(source, inEnvironment) {
		fsys := differing(!strings.Contains(source, "domains:"))
		fsys["_env/example.cue"] = &fstest.MapFile{Data: []byte("package routes\n\n" + source + "\n")}
		return fsys, "example"
	}
	base := around
	at := "shop.example/example.cue"
	switch {
	case strings.HasPrefix(source, "domain:"):
		base = strings.Replace(around, "domain:", "_unused:", 1)
		source += "\nroutes: \"order\": #Route & {upstream: \"orders\"}"
	case strings.HasPrefix(source, "settings:"), strings.HasPrefix(source, "groups:"):
		at = "settings.cue"
		base += "\nroutes: \"order\": #Route & {upstream: \"orders\"}"
	case !strings.Contains(source, "routes:"):
		source += "\nroutes: \"order\": #Route & {upstream: \"orders\"}"
	}
	fsys = fstest.MapFS{"shop.example/base.cue": {Data: []byte(base)}, at: {Data: []byte("package routes\n\n" + source + "\n")}}
	if strings.Contains(source, `groups: ["vip"`) {
		fsys["groups.cue"] = &fstest.MapFile{Data: []byte(vip)}
	}
	return fsys, ""
}

// vip declares the gateway group that examples name.
const vip = "package routes\n\ngroups: vip: {}\n"

// TestSchemaExamples compiles every example of the schema in its place, and serves
// those that are routes.
func TestSchemaExamples(t *testing.T) {
	fields, whole := examples(t)
	all := fstest.MapFS{"shop.example/base.cue": {Data: []byte(around)}, "groups.cue": {Data: []byte(vip)}}
	routes := 0
	for i, e := range slices.Concat(fields, whole) {
		t.Run(strings.TrimPrefix(e.name, "#"), func(t *testing.T) {
			fsys, env := files(e.source)
			res, err := compiler.Compile(context.Background(), compiler.Options{FS: fsys, Env: env, AllGroups: true, Cache: "off"})
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range res.Diagnostics {
				if d.Code != "unused-upstream" && d.Code != "unused-secret" && d.Code != "tls-unverified" {
					t.Errorf("%s\n%s: %s [%s]", e.source, d.Pos, d.Message, d.Code)
				}
			}
		})
		if e.route {
			routes++
			all[fmt.Sprintf("shop.example/e%d.cue", i)] = &fstest.MapFile{Data: []byte("package routes\n\n" + e.source + "\n")}
		}
	}
	if t.Failed() {
		return
	}
	s := serve(t, all)
	t.Run("served", func(t *testing.T) { s.answers(t) })
	if played := s.run(t); routes < 50 || played < 4 {
		t.Errorf("only %d routes were served and %d cases played", routes, played)
	}
}

// answers sends each route a request that it takes and looks who answered.
func (s *served) answers(t *testing.T) {
	t.Helper()
	for _, d := range s.Program.Domains {
		for _, r := range d.Routes {
			c := &cases.Case{Route: r.Def.ID}
			fits(&c.Spec.Request, r.Def)
			if res := s.player.Play(t.Context(), 0, c); !res.Passed || res.Got.Status >= 500 {
				t.Errorf("route %s: %+v answered %+v: %+v", r.Def.ID, c.Spec.Request, res.Got, res.Mismatches)
			}
		}
	}
}

// fits makes a request that the route takes.
func fits(q *cases.Request, r *route.Route) {
	q.Host, q.Path = check.Sample(r)
	if len(r.Methods) > 0 {
		q.Method = r.Methods[0]
	}
	q.Headers = map[string]cases.Values{}
	for name, c := range r.Headers {
		q.Headers[name] = cases.Values{Texts: []string{holds(c)}}
	}
	for name, c := range r.Cookies {
		q.Headers["cookie"] = cases.Values{Texts: []string{name + "=" + holds(c)}}
	}
	for name, c := range r.Query {
		q.Path += "?" + name + "=" + holds(c)
	}
}

// holds is a value that meets a condition of the examples.
func holds(c route.Condition) string {
	switch {
	case c.Exact != nil:
		return *c.Exact
	case c.Prefix != nil:
		return *c.Prefix + "x"
	}
	return "v1"
}
