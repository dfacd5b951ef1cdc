package importer

import (
	"mime"
	"strings"
)

// fields are the headers as they are written, by name. A private one that no route
// looks at is left out, one that a route looks at has a placeholder.
func (b *builder) fields() map[string][]string {
	out := map[string][]string{}
	for _, f := range b.x.Header {
		l, concerned := b.cond.headers[f.Name]
		switch {
		case f.Name == "cookie":
			if b.cookies(f.Value, out); !concerned {
				continue
			}
		case !concerned && b.scope.Named(f.Name):
			if f.Value != "" {
				b.scope.Leave(f.Name)
			}
			continue
		case !concerned && !telling(f.Name):
			continue
		}
		value, ok := b.keep(l, f.Name, f.Value)
		if !ok {
			value, ok = b.value(f.Name, f.Value)
		}
		if ok && b.scope.Kind(f.Name) == "" {
			out[f.Name] = append(out[f.Name], value)
		}
	}
	return out
}

// value redacts the value of a header. It reports false for one that says nothing.
func (b *builder) value(name, value string) (string, bool) {
	switch name {
	case "content-type":
		// A boundary is drawn by lot and belongs to the body.
		written, _, _ := strings.Cut(value, ";")
		media, params, err := mime.ParseMediaType(value)
		if err != nil || b.scope.Kind(written) != "" {
			return "", false
		}
		if strings.EqualFold(params["charset"], "utf-8") {
			media += "; charset=utf-8"
		}
		return media, true
	case "accept":
		if value == "*/*" {
			return "", false
		}
	}
	return b.scope.Value(name, value), true
}

// cookies writes the cookies that routes look at; all others are left out.
func (b *builder) cookies(line string, out map[string][]string) {
	var kept []string
	for piece := range strings.SplitSeq(line, ";") {
		piece = strings.TrimSpace(piece)
		name, value, ok := strings.Cut(piece, "=")
		l, concerned := b.cond.cookies[name]
		if !ok || !concerned {
			if piece != "" {
				b.scope.Leave("cookie")
			}
			continue
		}
		if value = strings.Trim(value, `"`); value != "" {
			text, ok := b.keep(l, "cookie", value)
			if !ok {
				text = b.scope.Replace("cookie", value)
			}
			value = text
		}
		kept = append(kept, name+"="+value)
	}
	if _, concerned := b.cond.headers["cookie"]; !concerned && len(kept) > 0 {
		out["cookie"] = []string{strings.Join(append(out["cookie"], kept...), "; ")}
	}
}
