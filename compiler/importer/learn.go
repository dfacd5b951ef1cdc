package importer

import (
	"strings"

	"github.com/lintel-gateway/lintel/compiler/importer/redact"
)

// learn finds what the exchange sends under private names, before anything of it is
// written. It returns the body's JSON, nil when it is none.
func learn(scope *redact.Scope, x *Exchange, cond conditions) any {
	_, query, _ := strings.Cut(x.Target, "?")
	scope.LearnPairs(query)
	learnFields(scope, x.Header, cond)
	body := learnBody(scope, x.Body)
	if x.Answer != nil {
		learnFields(scope, x.Answer.Header, cond)
		learnBody(scope, x.Answer.Body)
	}
	return body
}

func learnBody(scope *redact.Scope, b *Body) any {
	if b == nil {
		return nil
	}
	form, v := b.read()
	if form {
		scope.LearnPairs(b.Text)
	} else if v != nil {
		scope.LearnJSON(v)
	}
	return v
}

func learnFields(scope *redact.Scope, fields []Field, cond conditions) {
	for _, f := range fields {
		switch {
		case f.Name == "cookie" || f.Name == "set-cookie":
			for piece := range strings.SplitSeq(f.Value, ";") {
				learnCookie(scope, piece, cond)
			}
		case scope.Named(f.Name) && !cond.headers[f.Name].public(f.Value):
			scope.LearnCredential(f.Value)
		}
	}
}

func learnCookie(scope *redact.Scope, piece string, cond conditions) {
	name, value, _ := strings.Cut(strings.TrimSpace(piece), "=")
	switch strings.ToLower(name) {
	case "path", "domain", "expires", "max-age", "samesite", "priority", "version", "comment":
		return // attributes (RFC 6265, section 4.1.2)
	}
	if value = strings.Trim(value, `"`); !cond.cookies[name].public(value) {
		scope.Learn(value)
	}
}

// read is a body's JSON, or tells that it is a form.
func (b *Body) read() (form bool, v any) {
	media := mediaType(b.Type)
	if media == "application/x-www-form-urlencoded" {
		return true, nil
	}
	if media == "" || media == "application/json" || strings.HasSuffix(media, "+json") || strings.HasPrefix(media, "text/") {
		if v, err := redact.ParseJSON(b.Text); err == nil {
			return false, v
		}
	}
	return false, nil
}

func mediaType(s string) string {
	s, _, _ = strings.Cut(s, ";")
	return strings.ToLower(strings.TrimSpace(s))
}
