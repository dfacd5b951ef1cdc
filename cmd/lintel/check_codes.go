package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/codes"
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/suggest"
)

// listCodes prints every code that a diagnostic may have.
func listCodes(s streams, format string) error {
	all, err := codes.All()
	if err != nil {
		return err
	}
	width := 0
	for _, c := range all {
		width = max(width, len(c.Code))
	}
	enc := json.NewEncoder(s.out)
	enc.SetEscapeHTML(false)
	for _, c := range all {
		if format == "json" {
			example := map[string]string{}
			for _, f := range c.Files {
				example["routes/"+f.Name] = string(f.Data)
			}
			if err := enc.Encode(struct {
				Code     string            `json:"code"`
				Severity diag.Severity     `json:"severity"`
				Purpose  string            `json:"purpose"`
				Advice   string            `json:"advice"`
				Example  map[string]string `json:"example"`
			}{c.Code, c.Severity, c.Purpose, c.Advice, example}); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(s.out, "%-*s  %-7s  %s\n", width, c.Code, c.Severity, c.Purpose)
	}
	if format != "json" {
		fmt.Fprintln(s.err, "lintel check --explain CODE shows an example, and what is said of it")
	}
	return nil
}

// explainCode tells what a code means, by an example and what check says of it.
func explainCode(ctx context.Context, s streams, code string) error {
	all, err := codes.All()
	if err != nil {
		return err
	}
	var names []string
	for i := range all {
		c := &all[i]
		if names = append(names, c.Code); c.Code != code {
			continue
		}
		fmt.Fprintf(s.out, "%s (%s)\n\n%s\n", c.Code, c.Severity, c.Purpose)
		if c.Advice != "" {
			fmt.Fprintf(s.out, "\n%s\n", c.Advice)
		}
		if len(c.Files) == 0 {
			return nil
		}
		files := c.FS()
		res, err := compiler.Compile(ctx, compiler.Options{FS: files, Env: c.Env(), Cache: "off"})
		if err != nil {
			return err
		}
		fmt.Fprintln(s.out, "\nAn example:")
		for _, f := range c.Files {
			fmt.Fprintf(s.out, "\n  routes/%s\n", f.Name)
			for line := range strings.Lines(string(f.Data)) {
				fmt.Fprintf(s.out, "  | %s\n", strings.TrimRight(line, "\n"))
			}
		}
		fmt.Fprintln(s.out, "\nwhich lintel check answers with:")
		fmt.Fprintln(s.out)
		var b strings.Builder
		if err := (diag.Printer{}).Print(&b, "text", res.Diagnostics); err != nil {
			return err
		}
		for line := range strings.Lines(b.String()) {
			fmt.Fprintf(s.out, "  %s", line)
		}
		return nil
	}
	hint := suggest.Phrase(code, names)
	if hint == "" {
		hint = "lintel check --list has all"
	}
	return usageError{fmt.Sprintf("there is no code %q: %s", code, hint)}
}
