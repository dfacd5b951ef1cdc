package mixed

import (
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/ci/bench/paths"
)

// templates is the shared file of every repository.
const templates = `package routes

// _public is what pages for browsers get.
_public: #Filters & {
	requestId: {}
	cors: allowOrigins: ["https://www.example.com"]
}

// _slow is for reports and exports.
_slow: #Timeouts & {read: "120s", request: "300s"}

// #Rest is an API of a service in the cluster.
#Rest: #Route & {
	#svc:     string
	#path:    string
	#version: string | *"v1"
	path: template: #path
	upstream: #svc
	filters: {
		requestId: {}
		headers: {
			request: set: "x-api-version": #version
			response: remove: ["server"]
		}
	}
	timeouts: {request: *"10s" | _, connect: "2s"}
	retry: attempts: *2 | _
}
`

// domain is one domain that is being written.
type domain struct {
	name, short string
	entries     []paths.Entry
	data        bool // every route is written out
}

func (d domain) write(files map[string]string) {
	var b strings.Builder
	fmt.Fprintf(&b, "package routes\n\ndomain: {hosts: [%q, %q], owner: \"team-%s\"}\n\n", d.name, "*."+d.name, d.short)
	for s := range services {
		fmt.Fprintf(&b, "upstreams: svc%d: endpoints: [\"10.%d.1.%d:8080\", {address: \"10.%d.2.%d:8080\", weight: 2}]\n",
			s, s, len(d.short), s, len(d.short))
	}
	files[d.name+"/domain.cue"] = b.String()
	for first := 0; first < len(d.entries); first += perFile {
		b.Reset()
		b.WriteString("package routes\n")
		for i := first; i < min(first+perFile, len(d.entries)); i++ {
			d.route(&b, i)
		}
		files[fmt.Sprintf("%s/m%d.cue", d.name, first/perFile)] = b.String()
	}
}

func (d domain) route(b *strings.Builder, i int) {
	e, name, svc := d.entries[i], fmt.Sprintf("%s-r%d", d.short, i), fmt.Sprintf("svc%d", i%services)
	request := sample(e.Path)
	switch k := i % 10; {
	case d.data:
		d.full(b, e, name, svc, request)
	case k < 6:
		fmt.Fprintf(b, "\nroutes: %q: #Rest & {\n\t#svc:  %q\n\t#path: %q\n\tmethods: [%q]\n", name, svc, e.Path, e.Method)
		if k%3 == 0 {
			fmt.Fprintf(b, "\ttimeouts: request: \"%ds\"\n", 5+k)
		}
		d.test(b, e.Method, "api."+d.name, request, "")
	case k < 9:
		fmt.Fprintf(b, "\nroutes: %q: #Route & {\n\tdescription: \"Public pages of %s\"\n\thosts: [\"www.%s\", %q]\n", name, svc, d.name, d.name)
		fmt.Fprintf(b, "\tpath: template: %q\n\tmethods: [%q]\n\theaders: \"x-channel\": exact: \"web\"\n", e.Path, e.Method)
		fmt.Fprintf(b, "\tfilters: _public & {\n\t\theaders: response: set: \"x-served-by\": %q\n\t}\n", svc)
		fmt.Fprintf(b, "\tsplit: [{upstream: %q, weight: 90}, {upstream: \"svc%d\", weight: 10}]\n\ttimeouts: _slow\n", svc, (i+1)%services)
		d.test(b, e.Method, "www."+d.name, request, ", headers: \"x-channel\": \"web\"")
	default:
		d.full(b, e, name, svc, request)
	}
	b.WriteString("}\n")
}

// full writes a route out, with all that a template would have given it.
func (d domain) full(b *strings.Builder, e paths.Entry, name, svc, request string) {
	fmt.Fprintf(b, "\nroutes: %q: {\n\tdescription: \"Legacy %s\"\n\thosts: [\"legacy.%s\"]\n\tpath: template: %q\n\tmethods: [%q]\n", name, svc, d.name, e.Path, e.Method)
	b.WriteString("\theaders: \"x-version\": {exact: \"2\"}\n\tquery: {debug: {present: false}}\n\tpriority: 10\n")
	fmt.Fprintf(b, `	filters: {
		requestId: {header: "x-request-id", response: true}
		headers: {
			request: {set: {"x-team": %q}, remove: ["x-debug", "x-internal"]}
			response: {set: {"x-served-by": "lintel"}}
		}
		cors: {allowOrigins: ["https://www.example.com"], allowMethods: ["GET", "POST"]}
		rewrite: {host: "legacy.internal"}
	}
	upstream: %q
	timeouts: {connect: "500ms", read: "2s", write: "2s", request: "5s", idle: "1h"}
	retry: {attempts: 2, on: ["connect", "reset"]}
	onRouteChange: "keep"
`, d.short, svc)
	d.test(b, e.Method, "legacy."+d.name, request, ", headers: \"x-version\": \"2\"")
}

func (d domain) test(b *strings.Builder, method, host, path, more string) {
	fmt.Fprintf(b, "\ttests: \"answers\": {\n\t\trequest: {method: %q, host: %q, path: %q%s}\n\t\texpect: status: 200\n\t}\n", method, host, path, more)
}

// sample is a path that the template takes.
func sample(template string) string {
	parts := strings.Split(template, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "7"
		}
	}
	return strings.Join(parts, "/")
}
