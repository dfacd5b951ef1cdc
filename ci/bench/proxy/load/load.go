// Package load runs load generators and reads what they say of the requests.
package load

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// ErrNothing: not one request was answered, and none failed. On a machine that is
// busy with other things that need not be the proxy's fault.
var ErrNothing = errors.New("no request was answered")

// Result is what one slice of load came to.
type Result struct {
	Requests int           // how many were answered well
	Rate     float64       // of them, in a second
	P50, P99 time.Duration // 0 when the generator does not say
}

// Target is whom the load is for, and how.
type Target struct {
	Addr    string        // host:port
	TLS     bool          // speak TLS, without looking at the certificate
	Host    string        // the host that requests ask for
	Path    string        // their path
	Conns   int           // connections
	Streams int           // streams on each connection of HTTP/2
	For     time.Duration // how long; wrk takes whole seconds
	Pin     []string      // words before the command, such as taskset -c 1
	Script  string        // a file: wrk's script, or the content that h2load sends
	Fields  []string      // further fields, as "name: value"
}

func (t Target) url() string {
	if t.TLS {
		return "https://" + t.Addr + t.Path
	}
	return "http://" + t.Addr + t.Path
}

// browser are fields as a browser sends them, beside the host.
func browser() []string {
	return []string{
		"user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "accept: application/json, text/plain, */*",
		"accept-language: en-US,en;q=0.9", "accept-encoding: gzip, deflate, br", "referer: https://bench.example/page",
		"cookie: session=0123456789abcdef0123456789abcdef", "x-trace: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	}
}

// run runs a command to its end and gives what it printed.
func run(words []string) (string, error) {
	cmd := exec.Command(words[0], words[1:]...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(words, " "), err, out.String())
	}
	return out.String(), nil
}

func join(parts ...[]string) (out []string) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
