package table

import "strings"

// CanonicalHost is the host of a request as routes are matched with it, from the Host
// field: in lower case, without port and without the dot of a fully qualified name.
func CanonicalHost(host string) string {
	if end := strings.IndexByte(host, ']'); strings.HasPrefix(host, "[") && end > 0 {
		host = host[:end+1]
	} else {
		host, _, _ = strings.Cut(host, ":")
	}
	if len(host) > 1 {
		host = strings.TrimSuffix(host, ".")
	}
	return strings.ToLower(host)
}

// HostMatch tells whether a host pattern takes the lower-case host: exact, "*.x"
// (any depth, not the apex) or "*".
func HostMatch(pattern, host string) bool {
	if pattern == "*" {
		return true
	}
	if suffix, wild := strings.CutPrefix(pattern, "*"); wild {
		return len(host) > len(suffix) && strings.HasSuffix(host, suffix)
	}
	return pattern == host
}

// HostCovers tells whether every host that pattern takes is taken by one of
// owned: a domain's routes stay inside the domain's hosts.
func HostCovers(owned []string, pattern string) bool {
	for _, o := range owned {
		if o == pattern || o == "*" {
			return true
		}
		suffix, wild := strings.CutPrefix(o, "*")
		if wild && pattern != "*" && len(strings.TrimPrefix(pattern, "*")) > len(suffix) && strings.HasSuffix(pattern, suffix) {
			return true
		}
	}
	return false
}

// HostLevel orders host patterns: exact before wildcards, longer wildcards
// before shorter ones, "*" last. Lower comes first.
func HostLevel(pattern string) int {
	switch {
	case pattern == "*":
		return 1 << 20
	case strings.HasPrefix(pattern, "*"):
		return 1<<20 - len(pattern)
	}
	return 0
}
