package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/diag"
)

// findingFlags are the flags of every verb that prints diagnostics.
type findingFlags struct {
	format string
	strict bool
}

func (f *findingFlags) declare(fs *flag.FlagSet) {
	fs.StringVar(&f.format, "format", "text", "`FORMAT` of the diagnostics: text, json or github")
	fs.BoolVar(&f.strict, "strict", false, "treat warnings as errors")
}

func (f *findingFlags) valid() error {
	if !slices.Contains(diag.Formats[:], f.format) {
		return usageError{fmt.Sprintf("--format %q is none of text, json and github", f.format)}
	}
	return nil
}

// print writes the diagnostics to w and a count to s.err. It returns errFindings
// when they stop the work.
func (f *findingFlags) print(s streams, w io.Writer, res *compiler.Result) error {
	p := diag.Printer{Color: f.format == "text" && os.Getenv("NO_COLOR") == "" && (s.terminal || os.Getenv("CLICOLOR_FORCE") != "")}
	if res.Program != nil {
		p.Sources = func(name string) []byte { return res.Program.Files[name] }
	}
	if err := p.Print(w, f.format, res.Diagnostics); err != nil {
		return err
	}
	failed, warned := 0, 0
	for _, d := range res.Diagnostics {
		if d.Severity == diag.Error {
			failed++
		} else {
			warned++
		}
	}
	if failed+warned > 0 {
		fmt.Fprintf(s.err, "%s, %s\n", count(failed, "error"), count(warned, "warning"))
	}
	if failed > 0 || f.strict && warned > 0 {
		return errFindings
	}
	return nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
