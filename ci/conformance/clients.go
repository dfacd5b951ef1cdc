package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/ci/testbed"
)

// nodeScript and pythonScript take a base and the authority's file, and print the number
// of bytes that came of 300000.
const (
	nodeScript = `
const [base, ca, version] = process.argv.slice(1);
const pem = require('fs').readFileSync(ca);
let n = 0;
if (version === '2') {
  const s = require('http2').connect(base, {ca: pem});
  const r = s.request({':path': '/bytes?n=300000', ':authority': 'any.test'});
  r.on('data', b => n += b.length);
  r.on('end', () => { console.log(n); s.close(); });
} else {
  require(base.startsWith('https') ? 'https' : 'http').get(base + '/bytes?n=300000', {ca: pem, servername: 'localhost', headers: {host: 'any.test'}}, r => {
    r.on('data', b => n += b.length);
    r.on('end', () => console.log(n));
  });
}`
	pythonScript = `
import http.client, ssl, sys
scheme, address = sys.argv[1].split("://")
if scheme == "https":
    c = http.client.HTTPSConnection(address, context=ssl.create_default_context(cafile=sys.argv[2]), timeout=20)
else:
    c = http.client.HTTPConnection(address, timeout=20)
c.request("GET", "/bytes?n=300000", headers={"Host": "any.test"})
print(len(c.getresponse().read()))`
)

// clients asks with the clients of Go, Node, Python and nghttp2.
func clients(c *court) ([]verdict, error) {
	plain := "http://" + c.gateway.Plain
	secure := "https://" + strings.Replace(c.gateway.Secure, "127.0.0.1", "localhost", 1)
	ca := filepath.Join(c.gateway.Dir, "ca.pem")
	var out []verdict
	for _, base := range []string{plain, "https://" + c.gateway.Secure} {
		for _, version := range []int{1, 2} {
			out = append(out, judged(fmt.Sprintf("Go, HTTP/%d, %s", version, base[:5]), "", c.goClient(base, version)))
		}
	}
	for _, k := range []struct {
		name, program string
		args          []string
	}{
		{"Node, http", "node", []string{"-e", nodeScript, plain, ca, "1"}},
		{"Node, https", "node", []string{"-e", nodeScript, secure, ca, "1"}},
		{"Node, http2, plain", "node", []string{"-e", nodeScript, plain, ca, "2"}},
		{"Node, http2, TLS", "node", []string{"-e", nodeScript, secure, ca, "2"}},
		{"Python, http", "python3", []string{"-c", pythonScript, plain, ca}},
		{"Python, https", "python3", []string{"-c", pythonScript, secure, ca}},
		{"nghttp, plain", "nghttp", []string{"-H", ":authority: any.test", plain + "/bytes?n=300000"}},
		{"nghttp, TLS", "nghttp", []string{"-H", ":authority: any.test", secure + "/bytes?n=300000"}},
	} {
		tool, missing := c.tool(k.program)
		if missing != nil {
			out = append(out, missing...)
			continue
		}
		text, err := run(30*time.Second, tool, k.args...)
		if k.program == "nghttp" {
			// It prints the body; the certificate's warning goes with it.
			at := strings.Index(text, string(first(64)))
			if err == nil && (at < 0 || len(text)-at != 300000) {
				err = fmt.Errorf("the body is not whole: %d bytes printed", len(text))
			}
			text = ""
		} else if err == nil && strings.TrimSpace(text) != "300000" {
			err = fmt.Errorf("not 300000 bytes")
		}
		out = append(out, judged(k.name, text, err))
	}
	return out, nil
}

// first is the beginning of the pattern.
func first(n int) []byte {
	b := make([]byte, n)
	_, _ = testbed.Pattern{}.ReadAt(b, 0)
	return b
}

// goClient sends an upload and gets it back, with net/http in one version of HTTP.
func (c *court) goClient(base string, version int) error {
	var p http.Protocols
	p.SetHTTP1(version == 1)
	p.SetHTTP2(version == 2)
	p.SetUnencryptedHTTP2(version == 2)
	transport := &http.Transport{Protocols: &p, TLSClientConfig: c.gateway.TLS()}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, Timeout: 20 * time.Second}
	resp, err := client.Post(base+"/echo", "", testbed.Patterned(300_000))
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	n, err := testbed.CheckPattern(resp.Body)
	if err == nil && (n != 300_000 || resp.ProtoMajor != version) {
		err = fmt.Errorf("%d bytes over %s", n, resp.Proto)
	}
	return err
}
