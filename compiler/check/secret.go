package check

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/suggest"
)

// visit walks a filter's configuration; ref is set for {"secret": "name"}.
func visit(v any, path []string, f func(path []string, text string, ref bool)) {
	switch v := v.(type) {
	case map[string]any:
		if name, ok := v["secret"].(string); ok && len(v) == 1 {
			f(append(path, "secret"), name, true)
			return
		}
		for _, k := range sortedKeys(v) {
			visit(v[k], append(path[:len(path):len(path)], k), f)
		}
	case []any:
		for i, e := range v {
			visit(e, append(path[:len(path):len(path)], strconv.Itoa(i)), f)
		}
	case string:
		f(path, v, false)
	}
}

// texts calls f for every text in the filters of every route. Routes that share a
// filter's bytes are many: each distinct configuration is decoded once.
func (p *pass) texts(f func(d *ir.Domain, r *ir.Route, path []string, text string, ref bool)) {
	decoded := map[string]any{}
	p.routes(func(d *ir.Domain, r *ir.Route) {
		for _, name := range sortedKeys(r.Def.Filters) {
			raw := string(r.Def.Filters[name])
			v, ok := decoded[raw]
			if !ok {
				if json.Unmarshal([]byte(raw), &v) != nil {
					v = nil
				}
				decoded[raw] = v
			}
			visit(v, at(r, "filters", name), func(path []string, text string, ref bool) { f(d, r, path, text, ref) })
		}
	})
}

var unknownSecret = Rule{
	Code: "unknown-secret", Severity: diag.Error,
	Purpose: "every secret that a filter names is declared",
	run: func(p *pass) {
		p.texts(func(d *ir.Domain, _ *ir.Route, path []string, name string, ref bool) {
			if _, ok := d.Def.Secrets[name]; ok || !ref {
				return
			}
			if _, ok := p.prog.Shared.Def.Secrets[name]; ok {
				return
			}
			known := append(sortedKeys(d.Def.Secrets), sortedKeys(p.prog.Shared.Def.Secrets)...)
			hint := suggest.Phrase(name, known)
			if hint == "" {
				hint = fmt.Sprintf("declare it: secrets: %q: file: \"path/below/the/secrets/folder\"", name)
			}
			p.report(finding{domain: d, path: path, message: fmt.Sprintf("secret %q is not declared in this domain or in the shared files", name), hint: hint})
		})
	},
}

var unusedSecret = Rule{
	Code: "unused-secret", Severity: diag.Warning, whole: true, wide: true,
	Purpose: "every declared secret is used by a filter",
	run: func(p *pass) {
		if !slices.ContainsFunc(p.prog.Domains, func(d *ir.Domain) bool { return len(d.Def.Secrets) > 0 }) && len(p.prog.Shared.Def.Secrets) == 0 {
			return
		}
		used := map[*ir.Domain]map[string]bool{}
		anywhere := map[string]bool{}
		p.texts(func(d *ir.Domain, _ *ir.Route, _ []string, name string, ref bool) {
			if !ref {
				return
			}
			if used[d] == nil {
				used[d] = map[string]bool{}
			}
			used[d][name], anywhere[name] = true, true
		})
		for _, d := range p.prog.Domains {
			for _, name := range sortedKeys(d.Def.Secrets) {
				if !used[d][name] {
					p.report(finding{domain: d, path: []string{"secrets", name}, message: fmt.Sprintf("secret %q is not used by any filter of the domain", name), hint: "remove it"})
				}
			}
		}
		for _, name := range sortedKeys(p.prog.Shared.Def.Secrets) {
			if !anywhere[name] {
				p.report(finding{path: []string{"secrets", name}, message: fmt.Sprintf("shared secret %q is not used by any filter", name), hint: "remove it"})
			}
		}
	},
}

// credentialHeaders are the fields whose value is a credential by their meaning.
const credentialHeaders = " authorization proxy-authorization cookie x-api-key api-key apikey x-auth-token x-access-token x-secret x-amz-security-token "

// credentialTexts are the forms of well-known credentials.
var credentialTexts = []struct {
	what string
	re   *regexp.Regexp
}{
	{"a private key", regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY`)},
	{"an AWS access key", regexp.MustCompile(`\b(AKIA|ASIA)[0-9A-Z]{16}\b`)},
	{"a GitHub token", regexp.MustCompile(`\bgh[opsur]_[A-Za-z0-9]{36}`)},
	{"a GitLab token", regexp.MustCompile(`\bglpat-[A-Za-z0-9_-]{20}`)},
	{"a Slack token", regexp.MustCompile(`\bxox[abprs]-[A-Za-z0-9-]{10,}`)},
	{"a Stripe key", regexp.MustCompile(`\b[rs]k_live_[A-Za-z0-9]{16,}`)},
	{"a Google API key", regexp.MustCompile(`\bAIza[A-Za-z0-9_-]{35}`)},
	{"a JSON web token", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.`)},
	{"a bearer or basic credential", regexp.MustCompile(`(?i)^(bearer|basic) +[A-Za-z0-9._~+/=-]{8,}$`)},
	{"a password in a URL", regexp.MustCompile(`[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s:@]+@`)},
}

var literalCredential = Rule{
	Code: "literal-credential", Severity: diag.Error,
	Purpose: "no credential stands in a route file",
	run: func(p *pass) {
		p.texts(func(d *ir.Domain, _ *ir.Route, path []string, text string, ref bool) {
			what := ""
			// filters headers request set|add <name>
			if n := len(path); n == 7 && path[3] == "headers" && path[4] == "request" && path[5] != "remove" &&
				strings.Contains(credentialHeaders, " "+strings.ToLower(path[6])+" ") && text != "" {
				what = "a credential"
			}
			for _, c := range credentialTexts {
				if c.re.MatchString(text) {
					what = c.what
					break
				}
			}
			if what == "" || ref {
				return
			}
			// The text itself is never printed.
			p.report(finding{
				domain: d, path: path, message: fmt.Sprintf("the value looks like %s; credentials never stand in route files", what),
				hint: `declare a secret (secrets: "name": file: "...") and use {secret: "name"}, and revoke the one that was written here`,
			})
		})
	},
}
