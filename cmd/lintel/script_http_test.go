package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/port"
)

// freeAddr is the command freeaddr VAR... of the scripts: it sets each variable to a
// loopback address that nothing listens on.
func freeAddr(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: freeaddr VAR...")
	}
	for _, name := range args {
		a, err := port.Free()
		ts.Check(err)
		ts.Setenv(name, a)
	}
}

// httpGet is the command get URL [HOST] of the scripts: it asks until somebody answers
// with a status below 500, and prints status and body.
func httpGet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: get URL [HOST]")
	}
	retry(ts, http.DefaultClient, args)
}

// getCA is the command getca URL FILE [NAME] of the scripts: get over TLS, from a server
// of the name for which an authority in FILE vouches.
func getCA(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: getca URL FILE [NAME]")
	}
	config := &tls.Config{RootCAs: x509.NewCertPool()}
	if !config.RootCAs.AppendCertsFromPEM([]byte(ts.ReadFile(args[1]))) {
		ts.Fatalf("%s holds no certificate", args[1])
	}
	if len(args) == 3 {
		config.ServerName = args[2]
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	retry(ts, client, append(args[:1:1], args[2:]...))
}

func retry(ts *testscript.TestScript, client *http.Client, args []string) {
	var last error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var text string
		if text, last = fetch(client, args); last == nil {
			fmt.Fprintln(ts.Stdout(), text)
			return
		}
	}
	ts.Fatalf("get %s: %v", strings.Join(args, " "), last)
}

func fetch(client *http.Client, args []string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
	if err != nil {
		return "", err
	}
	if len(args) == 2 {
		req.Host = args[1]
	}
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	if res.StatusCode >= 500 {
		return "", fmt.Errorf("status %d: %s", res.StatusCode, body)
	}
	return fmt.Sprintf("%d %s", res.StatusCode, body), nil
}

// gatewayPath is the command gateway of the scripts: it sets LINTEL_GATEWAY to a
// gateway built from this checkout.
func gatewayPath(ts *testscript.TestScript, neg bool, _ []string) {
	if neg {
		ts.Fatalf("usage: gateway")
	}
	dir, err := programs()
	ts.Check(err)
	ts.Setenv("LINTEL_GATEWAY", dir+"/lintel-gateway")
}
