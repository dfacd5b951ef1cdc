package main

import (
	"encoding/xml"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// h2spec plays the suite of that name: RFC 7540 and RFC 7541 from a client's side.
func h2spec(c *court, secure bool) ([]verdict, error) {
	tool, missing := c.tool("h2spec")
	if missing != nil {
		return missing, nil
	}
	address := c.gateway.Plain
	args := []string{}
	if secure {
		address, args = c.gateway.Secure, []string{"-t", "-k"}
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(c.dir, "h2spec.xml")
	args = append(args, "-h", host, "-p", port, "-o", "5", "-j", file)
	// A failed case is exit status 1: the report says which.
	out, runErr := run(8*time.Minute, tool, args...)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("h2spec wrote no report: %w: %s", runErr, out)
	}
	_ = os.Remove(file)
	return parseJUnit(text)
}

// parseJUnit reads the report of h2spec.
func parseJUnit(text []byte) ([]verdict, error) {
	var doc struct {
		Suites []struct {
			Package string `xml:"package,attr"`
			Cases   []struct {
				Package string    `xml:"package,attr"`
				Name    string    `xml:"classname,attr"`
				Failure string    `xml:"failure"`
				Error   string    `xml:"error"`
				Skipped *struct{} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}
	var out []verdict
	for _, s := range doc.Suites {
		for _, c := range s.Cases {
			v := verdict{Case: c.Package + " " + c.Name}
			switch {
			case c.Failure != "" || c.Error != "":
				v.Outcome, v.Detail = failed, strings.TrimSpace(c.Failure+c.Error)
			case c.Skipped != nil:
				v.Outcome, v.Detail = skipped, "h2spec skips it"
			}
			out = append(out, v)
		}
	}
	return out, nil
}
