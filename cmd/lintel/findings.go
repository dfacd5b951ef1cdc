package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/diag"
)

// findingFlags are the flags of every verb that prints diagnostics.
type findingFlags struct {
	format string
	strict bool
	// dir is the routes directory as it was named.
	dir string
}

func (f *findingFlags) declare(fs *flag.FlagSet) {
	fs.StringVar(&f.format, "format", "text", "`FORMAT` of the diagnostics: text, json, github, sarif or junit")
	fs.BoolVar(&f.strict, "strict", false, "treat warnings as errors")
}

func (f *findingFlags) valid() error {
	if !slices.Contains(diag.Formats[:], f.format) {
		return usageError{fmt.Sprintf("--format %q is none of text, json, github, sarif and junit", f.format)}
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
	list := res.Diagnostics
	p.Silenced = res.Silenced
	if f.format == "github" || f.format == "sarif" {
		place := inWorkspace(f.dir)
		list = moved(list, place)
		p.Silenced = movedSilenced(p.Silenced, place)
		files := map[string][]byte{}
		if res.Program != nil {
			for name, text := range res.Program.Files {
				files[place(diag.Pos{File: name}).File] = text
			}
		}
		p.Sources = func(name string) []byte { return files[name] }
	}
	// A verb whose output is something else says nothing when there is nothing to say.
	if len(list) > 0 || w == s.out {
		if err := p.Print(w, f.format, list); err != nil {
			return err
		}
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

// inWorkspace names files as the workflow's workspace has them. Positions begin with
// the routes directory's own name alone, which annotations find nowhere unless that
// stands at the top of the repository.
func inWorkspace(dir string) func(diag.Pos) diag.Pos {
	same := func(p diag.Pos) diag.Pos { return p }
	root := os.Getenv("GITHUB_WORKSPACE")
	if root == "" {
		root = "."
	}
	base, err := filepath.Abs(dir)
	if err != nil {
		return same
	}
	if root, err = filepath.Abs(root); err != nil {
		return same
	}
	at, err := filepath.Rel(root, base)
	if err != nil || !filepath.IsLocal(at) {
		return same
	}
	return func(p diag.Pos) diag.Pos {
		if _, below, ok := strings.Cut(p.File, "/"); ok {
			p.File = path.Join(filepath.ToSlash(at), below)
		}
		return p
	}
}

// moved is the list with other places.
func moved(list diag.List, place func(diag.Pos) diag.Pos) diag.List {
	out := slices.Clone(list)
	for i := range out {
		out[i].Pos = place(out[i].Pos)
		out[i].Notes = slices.Clone(out[i].Notes)
		for k := range out[i].Notes {
			out[i].Notes[k].Pos = place(out[i].Notes[k].Pos)
		}
	}
	return out
}

// movedSilenced is the list with other places.
func movedSilenced(list []diag.Silenced, place func(diag.Pos) diag.Pos) []diag.Silenced {
	out := slices.Clone(list)
	for i := range out {
		out[i].Diagnostic = moved(diag.List{out[i].Diagnostic}, place)[0]
		out[i].By = place(out[i].By)
	}
	return out
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
