package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the recorded terminals in testdata")

// follow is the command follow TERMINAL COMMAND... of the scripts: it runs the command,
// which makes a repository with a README that names it, and then does what the README's
// sections "Five minutes" and "Environments" say, to the letter: what it shows in CUE is put into the file
// that its first line names, what it shows in sh is run line by line. What a person sees
// is compared with the terminal recorded in testdata. Exactly one command may fail, a
// test with findings, and the next test must pass.
func follow(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: follow TERMINAL COMMAND...")
	}
	t := recording{ts: ts}
	first := strings.Join(args[1:], " ")
	t.run(first)
	readme := ts.ReadFile("README.md")
	if !strings.Contains(readme, "`"+first+"`") {
		ts.Fatalf("the README does not tell of %q", first)
	}
	blocks := append(blocksOf(section(readme, "## Five minutes\n")), blocksOf(section(readme, "## Environments\n"))...)
	if len(blocks) < 8 {
		ts.Fatalf("the README has only %d blocks to follow", len(blocks))
	}
	for _, b := range blocks {
		switch b.language {
		case "sh":
			for line := range strings.Lines(b.text) {
				t.run(strings.TrimSpace(line))
			}
		case "cue":
			t.edit(b.text)
		default:
			ts.Fatalf("the README has a block of %q, which nobody can follow", b.language)
		}
	}
	t.judge()
	t.compare(filepath.Join(ts.Getenv("TERMINALS"), args[0]))
}

type block struct{ language, text string }

// section is the part of a text below a heading, to the next one of its rank.
func section(text, heading string) string {
	_, after, _ := strings.Cut(text, "\n"+heading)
	part, _, _ := strings.Cut(after, "\n## ")
	return part
}

func blocksOf(text string) (out []block) {
	for i, part := range strings.Split("\n"+text, "\n```") {
		if i%2 == 1 {
			language, body, _ := strings.Cut(part, "\n")
			out = append(out, block{language, body + "\n"})
		}
	}
	return out
}

// recording is what a person sees.
type recording struct {
	ts   *testscript.TestScript
	text strings.Builder
	// tests are the exit statuses of lintel test, in order; failed are all commands
	// that failed.
	tests  []int
	failed []string
}

func (t *recording) run(line string) {
	status := 0
	err := t.ts.Exec("sh", "-c", line+" 2>&1")
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		status = exit.ExitCode()
	} else {
		t.ts.Check(err)
	}
	fmt.Fprintf(&t.text, "$ %s\n%s", line, t.masked(t.ts.ReadFile("stdout")))
	if status != 0 {
		fmt.Fprintf(&t.text, "[exit status %d]\n", status)
		t.failed = append(t.failed, line)
	}
	if strings.HasPrefix(line, "lintel test") {
		t.tests = append(t.tests, status)
	}
}

func (t *recording) edit(text string) {
	first, _, _ := strings.Cut(text, "\n")
	name := strings.TrimPrefix(first, "// ")
	if !strings.HasPrefix(name, "routes/") || !filepath.IsLocal(name) {
		t.ts.Fatalf("the first line of a block names no route file: %q", first)
	}
	t.ts.Check(os.WriteFile(t.ts.MkAbs(name), []byte(text), 0o644))
	fmt.Fprintf(&t.text, "$ edit %s\n", name)
}

// masked hides what differs from run to run.
func (t *recording) masked(text string) string {
	text = strings.ReplaceAll(text, t.ts.Getenv("WORK"), "$WORK")
	text = regexp.MustCompile(`sha256:[0-9a-f]{12,64}`).ReplaceAllString(text, "sha256:DIGEST")
	return regexp.MustCompile(`\b[0-9.]+m?s on sha256`).ReplaceAllString(text, "TIME on sha256")
}

func (t *recording) judge() {
	at := slices.Index(t.tests, exitFindings)
	if len(t.failed) != 1 || at < 0 || at == len(t.tests)-1 || t.tests[at+1] != exitOK {
		t.ts.Fatalf("a case must fail once and then pass; failed are %q, the tests ended with %v\n%s", t.failed, t.tests, t.text.String())
	}
}

func (t *recording) compare(file string) {
	got := t.text.String()
	if *update {
		t.ts.Check(os.WriteFile(file, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(file)
	t.ts.Check(err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.ts.Fatalf("a person sees something else (-want +got), -update rewrites:\n%s", diff)
	}
}
