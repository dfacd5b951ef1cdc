package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/ci/testbed"
)

// curl downloads, uploads and asks for ranges in every version of HTTP that it speaks.
func curl(c *court) ([]verdict, error) {
	tool, missing := c.tool("curl")
	if missing != nil {
		return missing, nil
	}
	const size = 8 << 20
	file := filepath.Join(c.dir, "upload")
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if _, err := f.ReadFrom(testbed.Patterned(size)); err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	secure := "https://" + strings.Replace(c.gateway.Secure, "127.0.0.1", "localhost", 1)
	var out []verdict
	for _, way := range []struct{ name, flag, base string }{
		{"HTTP/1.0", "--http1.0", "http://" + c.gateway.Plain},
		{"HTTP/1.1", "--http1.1", "http://" + c.gateway.Plain},
		{"h2c", "--http2-prior-knowledge", "http://" + c.gateway.Plain},
		{"HTTP/1.1 in TLS", "--http1.1", secure},
		{"HTTP/2 in TLS", "--http2", secure},
	} {
		for _, host := range []string{"any.test", hostH2, hostTLS, hostH2TLS} {
			got := filepath.Join(c.dir, "download")
			for _, k := range []struct {
				name string
				args []string
				want string
			}{
				{"upload", []string{"-T", file, way.base + "/sum"}, fmt.Sprintf("%d <nil>", size)},
				{"chunked upload", []string{"-T", file, "-H", "Content-Length:", "-H", "Transfer-Encoding: chunked", way.base + "/sum"}, fmt.Sprintf("%d <nil>", size)},
				{"expect", []string{"-T", file, "-H", "Expect: 100-continue", way.base + "/sum"}, fmt.Sprintf("%d <nil>", size)},
				{"range", []string{"-r", "100-199", "-o", os.DevNull, "-w", "%{http_code} %{size_download}", way.base + "/bytes?n=1000"}, "206 100"},
				{"head", []string{"-I", "-o", os.DevNull, "-w", "%{http_code}", way.base + "/bytes?n=1000"}, "200"},
				{"download", []string{"-o", got, "-w", "%{http_code}", way.base + fmt.Sprintf("/bytes?n=%d", size)}, "200"},
			} {
				if way.name == "HTTP/1.0" && (k.name == "chunked upload" || k.name == "expect") {
					continue // HTTP/1.0 has neither
				}
				args := append([]string{"-sS", "--cacert", filepath.Join(c.gateway.Dir, "ca.pem"), way.flag, "-H", "Host: " + host}, k.args...)
				text, err := run(time.Minute, tool, args...)
				if err == nil && text != k.want {
					err = fmt.Errorf("not %q", k.want)
				}
				if err == nil && k.name == "download" {
					err = whole(got, size)
				}
				out = append(out, judged(way.name+" to "+host+": "+k.name, text, err))
			}
		}
	}
	return out, nil
}

func whole(file string, size int64) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := testbed.CheckPattern(f)
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes, not %d", n, size)
	}
	return err
}

// load has h2load send requests over many streams: none may fail.
func load(c *court) ([]verdict, error) {
	tool, missing := c.tool("h2load")
	if missing != nil {
		return missing, nil
	}
	var out []verdict
	for _, base := range []string{"http://" + c.gateway.Plain, "https://" + c.gateway.Secure} {
		for _, args := range [][]string{
			{"-n5000", "-c10", "-m20", base + "/"},
			{"-n200", "-c4", "-m10", base + "/bytes?n=300000"},
			{"-n2000", "-c10", "--h1", base + "/"},
		} {
			text, err := run(2*time.Minute, tool, args...)
			if err == nil && (!strings.Contains(text, " 0 failed, 0 errored, 0 timeout") || strings.Contains(text, "status codes: 0 2xx")) {
				err = fmt.Errorf("requests failed")
			}
			out = append(out, judged(strings.Split(base, ":")[0]+" "+strings.Join(args[:len(args)-1], " "), text, err))
		}
	}
	return out, nil
}
