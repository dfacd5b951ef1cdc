package check

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/route"
)

var endpointInvalid = Rule{
	Code: "endpoint-invalid", Severity: diag.Error,
	Purpose: "an endpoint's address can be connected to",
	run: func(p *pass) {
		for _, d := range p.domains() {
			p.addresses(d, d.Def.Upstreams)
		}
		p.addresses(nil, p.prog.Shared.Def.Upstreams)
	},
}

func (p *pass) addresses(d *ir.Domain, all map[string]route.Upstream) {
	for _, name := range sortedKeys(all) {
		for i, e := range all[name].Endpoints {
			if message := addressFault(e.Address); message != "" {
				p.report(finding{domain: d, path: []string{"upstreams", name, "endpoints", strconv.Itoa(i)}, message: message})
			}
		}
	}
}

// addressFault says what the schema's pattern cannot: whether port and IP address
// exist. Names are left to the resolver.
func addressFault(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Sprintf("%q is no address host:port", address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Sprintf("%q has no valid port: ports are 1 to 65535", address)
	}
	// Brackets and names of digits alone can only mean an IP address.
	if strings.HasPrefix(address, "[") || strings.Trim(host, "0123456789.") == "" {
		if ip, err := netip.ParseAddr(host); err != nil || strings.HasPrefix(address, "[") != ip.Is6() {
			return fmt.Sprintf("%q holds no valid IP address", address)
		}
	}
	return ""
}
