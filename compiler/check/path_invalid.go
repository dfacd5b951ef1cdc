package check

import (
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/table"
)

var pathInvalid = Rule{
	Code: "path-invalid", Severity: diag.Error,
	Purpose: "a route's path can match a request",
	run: func(p *pass) {
		p.routes(func(d *ir.Domain, r *ir.Route) {
			kind, value := r.Def.Path.Kind(), r.Def.Path.Value()
			var message, hint string
			switch kind {
			case "regex":
				if _, err := table.CompileRegex(value); err != nil {
					message = plainError(err)
				} else if l := table.LiteralPrefix(value); l != "" && l[0] != '/' {
					message = fmt.Sprintf("no path starts with %q: every path starts with \"/\"", l)
				}
			case "template":
				if _, err := table.ParseTemplate(value); err != nil {
					message = plainError(err)
					break
				}
				if message, hint = foreign(value); message != "" {
					break
				}
				message, hint = unclean(strings.NewReplacer("{", "", "}", "", "...", "").Replace(value), value)
			case "exact", "prefix":
				if strings.ContainsAny(value, "{}") {
					message, hint = fmt.Sprintf("%s %q holds a parameter", kind, value), "use template: for a path with parameters"
				} else if strings.HasSuffix(value, "*") {
					message, hint = fmt.Sprintf("%s %q ends in \"*\", which stands for itself", kind, value), "a prefix takes everything below it without a star"
				} else {
					message, hint = unclean(value, value)
				}
			}
			if message != "" {
				p.report(finding{domain: d, path: at(r, "path", kind), message: message, hint: hint})
			}
		})
	},
}

// foreign finds segments that other routers take for parameters.
func foreign(template string) (message, hint string) {
	for segment := range strings.SplitSeq(template, "/") {
		switch {
		case len(segment) > 1 && segment[0] == ':':
			return fmt.Sprintf("segment %q stands for itself", segment), fmt.Sprintf("a parameter is written {%s}", segment[1:])
		case segment == "*", segment == "**":
			return fmt.Sprintf("segment %q stands for itself", segment), "write {name} for any segment, or {name...} for all the rest"
		}
	}
	return "", ""
}

// unclean says why no request can have the path: requests are matched by their
// canonical path. Shown is the path as it was written.
func unclean(path, shown string) (message, hint string) {
	if i := strings.IndexFunc(path, func(r rune) bool { return r > 0x7f }); i >= 0 {
		return fmt.Sprintf("path %q holds a character that stands percent-encoded in every request", shown), fmt.Sprintf("write %q", encodeNonASCII(shown))
	}
	if strings.Contains(path, `\`) {
		return fmt.Sprintf("path %q holds a backslash", shown), "segments are separated by \"/\""
	}
	if !filter.SafePath(path) {
		return fmt.Sprintf("path %q must start with \"/\" and hold no dot segment, space, query or control byte", shown), ""
	}
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			continue
		}
		if i+2 >= len(path) || !hexUpper(path[i+1]) || !hexUpper(path[i+2]) {
			return fmt.Sprintf("path %q holds \"%%\" without two hex digits in upper case", shown), "paths are compared in their canonical form"
		}
		c := unhex(path[i+1])<<4 | unhex(path[i+2])
		if c == 0 || unreserved(c) {
			return fmt.Sprintf("path %q encodes a character that canonical paths do not encode", shown), fmt.Sprintf("write %q as it is", string(c))
		}
	}
	return "", ""
}

// encodeNonASCII is the path as a client sends it (RFC 3986 section 2.1).
func encodeNonASCII(path string) string {
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; c > 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func hexUpper(c byte) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' }

func unhex(c byte) byte {
	if c >= 'A' {
		return c - 'A' + 10
	}
	return c - '0'
}

// unreserved characters are never percent-encoded in a canonical path (RFC 3986
// section 2.3).
func unreserved(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte("-._~", c) >= 0
}

// plainError is an error's text without the prefixes that repeat the place.
func plainError(err error) string {
	return strings.ReplaceAll(err.Error(), "error parsing regexp: ", "")
}
