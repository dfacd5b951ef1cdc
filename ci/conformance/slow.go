package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// slow has slowhttptest hold many connections open with what comes or goes a few bytes
// at a time. Others must be served all the while.
func slow(c *court) ([]verdict, error) {
	tool, missing := c.tool("slowhttptest")
	if missing != nil {
		return missing, nil
	}
	base := "http://" + c.gateway.Plain
	var out []verdict
	for _, way := range []struct {
		name string
		args []string
	}{
		{"heads that never end", []string{"-H", "-i", "2", "-t", "GET", "-u", base + "/"}},
		{"bodies that never end", []string{"-B", "-i", "2", "-s", "8192", "-t", "POST", "-u", base + "/"}},
		{"ranges without number", []string{"-R", "-t", "HEAD", "-a", "10", "-b", "3000", "-u", base + "/"}},
		{"readers that do not read", []string{"-X", "-w", "512", "-y", "1024", "-n", "2", "-z", "32", "-k", "3", "-u", base + "/bytes?n=300000"}},
	} {
		args := append([]string{"-c", "400", "-r", "200", "-l", "25", "-p", "5", "-x", "24"}, way.args...)
		text, err := run(3*time.Minute, tool, args...)
		out = append(out, served(way.name, text, err))
	}
	return out, nil
}

var (
	available = regexp.MustCompile(`service available:\s*(?:\x1b\[[0-9;]*m)*\s*(YES|NO)`)
	colours   = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`)
)

// served judges by what the tool's probe, a client without guile, met every few seconds.
func served(name, text string, err error) verdict {
	v := verdict{Case: name}
	all := available.FindAllStringSubmatch(colours.ReplaceAllString(text, ""), -1)
	var no int
	for _, m := range all {
		if m[1] == "NO" {
			no++
		}
	}
	switch {
	case len(all) == 0:
		v.Outcome, v.Detail = failed, fmt.Sprintf("slowhttptest told nothing (%v): %s", err, strings.TrimSpace(text))
	case no > 0:
		v.Outcome, v.Detail = failed, fmt.Sprintf("not served in %d of %d looks", no, len(all))
	}
	return v
}
