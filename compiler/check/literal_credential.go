package check

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

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
