package proxy

import (
	"net/netip"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

// forwarded rebuilds the X-Forwarded-* fields. What an untrusted peer sent of them
// was dropped by the parser; a trusted proxy's are kept and the peer appended.
func (c *session) forwarded() {
	x := &c.w.x
	x.Client = c.peer.Addr()
	list := c.peerText
	if c.trusted {
		list = c.trustedChain()
		if v, ok := x.Header.Get("x-forwarded-proto"); ok && (filter.EqualFold(v, "https") || filter.EqualFold(v, "http")) {
			x.Scheme = v
			x.Header.Set("x-forwarded-proto", v)
		} else {
			x.Header.Set("x-forwarded-proto", c.scheme)
		}
		if v, ok := x.Header.Get("x-forwarded-host"); !ok || !validHost(v) {
			x.Header.Set("x-forwarded-host", x.Host)
		}
		x.Header.Del("x-forwarded-for")
	} else {
		x.Header.Add("x-forwarded-proto", c.scheme)
		x.Header.Add("x-forwarded-host", x.Host)
	}
	if list != "" { // it is for a peer on a Unix socket, which has no address
		x.Header.Add("x-forwarded-for", list)
	}
	x.Header.Add("via", c.via)
}

// trustedChain joins the X-Forwarded-For fields and the peer, and finds the client:
// from the right, the first address that is no trusted proxy.
func (c *session) trustedChain() string {
	w := c.w
	var b strings.Builder
	for _, f := range w.x.Header.Fields() {
		if filter.EqualFold(f.Name, "x-forwarded-for") && f.Value != "" {
			b.WriteString(f.Value)
			b.WriteString(", ")
		}
	}
	chain := b.String()
	for rest := strings.TrimSuffix(chain, ", "); rest != ""; {
		i := strings.LastIndexByte(rest, ',')
		a, ok := forwardedAddr(strings.TrimSpace(rest[i+1:]))
		if !ok {
			break // beyond this nothing is vouched for
		}
		w.x.Client = a
		if i < 0 || !c.srv.trusted(w.x.Client) {
			break
		}
		rest = rest[:i]
	}
	if c.peerText == "" {
		return strings.TrimSuffix(chain, ", ")
	}
	return chain + c.peerText
}

// forwardedAddr reads one entry of X-Forwarded-For: an address, which some proxies
// put into brackets or send with its port.
func forwardedAddr(s string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	if n := len(s); n > 2 && s[0] == '[' && s[n-1] == ']' {
		s = s[1 : n-1]
	}
	a, err := netip.ParseAddr(s)
	return a.Unmap().WithZone(""), err == nil
}

// appendRequest appends the request's head as the upstream receives it. It reports
// false when a filter made a request line that cannot be sent.
func (c *session) appendRequest(dst []byte, address string) ([]byte, bool) {
	w, x := c.w, &c.w.x
	if !cleanToken(x.Method) || !cleanTarget(x.Path) || x.Path == "" || x.Path[0] != '/' || !cleanTarget(x.Query) {
		return dst, false
	}
	dst = append(dst, x.Method...)
	dst = append(dst, ' ')
	dst = append(dst, x.Path...)
	if x.Query != "" {
		dst = append(dst, '?')
		dst = append(dst, x.Query...)
	}
	dst = append(dst, " HTTP/1.1\r\nhost: "...)
	host := x.Host
	if host == "" {
		host = address
	}
	if !validHost(host) {
		return dst, false
	}
	dst = append(dst, host...)
	dst = append(dst, "\r\n"...)
	dst = appendFields(dst, &x.Header, w.in)
	switch {
	case w.req.chunked:
		dst = append(dst, "transfer-encoding: chunked\r\n"...)
	case w.req.length >= 0:
		dst = appendLength(dst, w.req.length)
	}
	switch {
	case c.upgrading():
		dst = append(dst, "connection: upgrade\r\n"...)
		dst = appendField(dst, "upgrade", w.req.protocol)
	case w.req.trailers && !w.req.http10:
		// We pass trailers on, so that we may ask for them as the client did (RFC 9110
		// sections 6.5.1 and 10.1.4); other codings of TE are the client's with us.
		dst = append(dst, "te: trailers\r\nconnection: te\r\n"...)
	}
	return append(dst, "\r\n"...), true
}

// upgrading tells that the client asks for a protocol that may be tunnelled.
func (c *session) upgrading() bool {
	q := &c.w.req
	return q.upgrade && !q.http10 && q.bodyless() && tunnels(q.protocol)
}

func cleanTarget(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c == 0x7f || c == '#' {
			return false
		}
	}
	return true
}

// idempotent tells whether a request may be sent twice (RFC 9110 section 9.2.2).
func idempotent(method string) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}
