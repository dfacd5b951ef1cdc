package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/lintel-gateway/lintel/ci/testbed"
)

// finding is a line of testssl.sh's report.
type finding struct {
	ID       string `json:"id"`
	Severity string `json:"severity"`
	Finding  string `json:"finding"`
}

// audit has testssl.sh look at the TLS listener: each thing that it looks at is a case,
// which fails when the tool calls it a medium fault or worse.
func audit(c *court) ([]verdict, error) {
	tool, missing := c.tool("testssl")
	if missing != nil {
		return missing, nil
	}
	_, port, err := net.SplitHostPort(c.gateway.Secure)
	if err != nil {
		return nil, err
	}
	report := filepath.Join(c.dir, "testssl.json")
	if err := os.Remove(report); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	// The exit status counts findings of every kind: the report says which.
	text, runErr := run(15*time.Minute, tool, "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--ip", "127.0.0.1",
		"--add-ca", filepath.Join(c.gateway.Dir, "ca.pem"), "--jsonfile", report, net.JoinHostPort(testbed.Host, port))
	raw, err := os.ReadFile(report)
	if err != nil {
		return nil, fmt.Errorf("testssl wrote no report: %w: %s", runErr, text)
	}
	return readAudit(raw)
}

// readAudit reads the report. What the tool could not look at (WARN) is not played.
func readAudit(raw []byte) ([]verdict, error) {
	var findings []finding
	if err := json.Unmarshal(raw, &findings); err != nil {
		return nil, fmt.Errorf("read the report of testssl: %w", err)
	}
	var out []verdict
	for _, f := range findings {
		v := verdict{Case: f.ID}
		switch f.Severity {
		case "OK", "INFO", "LOW":
		case "WARN", "DEBUG":
			v.Outcome, v.Detail = skipped, f.Finding
		default:
			v.Outcome, v.Detail = failed, f.Severity+": "+f.Finding
		}
		out = append(out, v)
	}
	return out, nil
}
