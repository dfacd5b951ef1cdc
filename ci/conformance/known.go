package main

// known lists the cases that fail, each with the reason. A suite's name may be the
// beginning of several.
func known() []difference {
	return []difference{
		{
			"h2spec-h2c", "http2/3.5 Sends invalid connection preface",
			"a plain listener speaks HTTP/1.1 too, so what is no preface is a bad request of HTTP/1.1 and gets its 400; h2spec awaits GOAWAY or a bare end",
		},
		{"testssl", "cert_revocation", "the authority of the test keeps no list of revoked certificates"},
		{"testssl", "security_headers", "fields such as HSTS are the upstream's, or the filter headers sets them; the one of the test has none"},
	}
}
