package check

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/route"
)

var transportInvalid = Rule{
	Code: "transport-invalid", Severity: diag.Error,
	Purpose: "what an upstream says of HTTP, TLS and the PROXY protocol goes together",
	run: func(p *pass) {
		p.upstreams(func(d *ir.Domain, path []string, u *route.Upstream) {
			say := func(message, hint string, more ...string) {
				p.report(finding{domain: d, path: append(path[:len(path):len(path)], more...), message: message, hint: hint})
			}
			if u.HTTP == "2" && u.ProxyProtocol != "" {
				say("a connection of HTTP/2 serves many clients at once, and a header of the PROXY protocol speaks of one", `remove proxyProtocol, or write http: "1.1"`, "proxyProtocol")
			}
			if u.TLS != nil {
				transportTLS(u.TLS, say)
			}
		})
	},
}

// transportTLS says what is wrong with the TLS of one upstream.
func transportTLS(t *route.UpstreamTLS, say func(message, hint string, more ...string)) {
	switch {
	case t.Certificate != nil && t.Key == nil:
		say("the client certificate has no key", `add key: {secret: "..."}`, "tls", "certificate")
	case t.Certificate == nil && t.Key != nil:
		say("the key has no client certificate", `add certificate: {secret: "..."}`, "tls", "key")
	}
	if !t.Verify {
		for _, f := range []struct {
			name string
			set  bool
		}{{"ca", t.CA != nil}, {"names", t.Names != nil}} {
			if f.set {
				say(fmt.Sprintf("with verify: false nothing is verified, and %s says nothing", f.name), "remove verify: false", "tls", f.name)
			}
		}
	}
	if _, err := netip.ParseAddr(t.ServerName); err == nil {
		say(fmt.Sprintf("%q is an IP address, and no server can be asked for one by name", t.ServerName), fmt.Sprintf("write names: [%q]", t.ServerName), "tls", "serverName")
	}
	if t.Names != nil && len(t.Names) == 0 {
		say("no name is allowed: no certificate would be good", "name one, or leave names out", "tls", "names")
	}
	for i, name := range t.Names {
		// Digits and dots alone, or a colon, can only mean an IP address.
		if strings.Trim(name, "0123456789.") != "" && !strings.Contains(name, ":") {
			continue
		}
		if _, err := netip.ParseAddr(name); err != nil {
			say(fmt.Sprintf("%q is no valid IP address", name), "", "tls", "names", strconv.Itoa(i))
		}
	}
}
