package main

import (
	"bytes"
	"crypto/ed25519"
	"flag"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// TestReference holds the reference of the command line to what the commands declare.
func TestReference(t *testing.T) {
	want, err := os.ReadFile("REFERENCE.md")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	reference(&got)
	if got.String() != string(want) {
		t.Error("REFERENCE.md is not what the commands declare: run make generate")
	}
}

// TestAbout: every command says what it is for, by examples whose flags it takes.
func TestAbout(t *testing.T) {
	for _, v := range verbs() {
		more := aboutVerb(v.name)
		if more.group == "" || !strings.HasSuffix(more.text, ".") || len(more.examples) == 0 {
			t.Errorf("aboutVerb has no group, text or example of %s", v.name)
		}
		for _, e := range more.examples {
			args := words(e.command)
			if len(args) < 2 || args[0] != "lintel" || args[1] != v.name || e.comment == "" {
				t.Errorf("%s: %q is no example of it", v.name, e.command)
				continue
			}
			if e := strings.Index(e.command, " > "); e > 0 {
				args = args[:len(args)-2]
			}
			// Flags of lintel-sync are held to it where it is tested.
			if v.cluster != nil && len(v.cluster(args[2:])) > 0 {
				continue
			}
			fs := flag.NewFlagSet(v.name, flag.ContinueOnError)
			fs.SetOutput(io.Discard)
			v.flags(fs)
			if _, err := parse(fs, args[2:]); err != nil {
				t.Errorf("%q: %v", e.command, err)
			}
		}
		for line := range strings.Lines(wrap(more.text, 79)) {
			if len(strings.TrimSpace(line)) > 79 {
				t.Errorf("%s: a line is too wide: %q", v.name, line)
			}
		}
	}
	listed := 0
	for _, g := range groups(verbs()) {
		listed += len(g.verbs)
	}
	if listed != len(verbs()) {
		t.Errorf("lintel help lists %d of %d commands", listed, len(verbs()))
	}
}

// TestExamplesRun follows the examples of the help in the order of the help, in one
// folder that is empty at first. Those that serve, wait, need a cluster or what others recorded
// are left out.
func TestExamplesRun(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("LINTEL_CACHE", "off")
	private, public, err := bundle.MarshalKeys(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"key.pem": private, "key.pub": public} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ran := 0
	for _, g := range groups(verbs()) {
		for _, v := range g.verbs {
			for _, e := range aboutVerb(v.name).examples {
				command, _, _ := strings.Cut(e.command, " > ")
				args := words(command)[1:]
				if slices.Contains([]string{"dev", "echo", "test", "coverage", "import"}, v.name) || slices.Contains(args, "--watch") || strings.Contains(command, "127.0.0.1") ||
					v.cluster != nil && len(v.cluster(args[1:])) > 0 {
					continue
				}
				var out, errs bytes.Buffer
				if code := execute(t.Context(), streams{out: &out, err: &errs}, args); code != exitOK || out.Len()+errs.Len() == 0 && v.name != "check" && v.name != "fmt" {
					t.Errorf("%s exits with %d\n%s%s", e.command, code, &out, &errs)
				}
				ran++
				if e.command == "lintel init" {
					commit(t)
				}
			}
		}
	}
	if ran < 25 {
		t.Errorf("only %d examples were run", ran)
	}
}

// commit makes the folder a Git repository.
func commit(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"},
		{"add", "."},
		{"-c", "user.name=a", "-c", "user.email=a@shop.example", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "first"},
	} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
}

// words splits a command as a shell does, as far as the examples need it.
func words(command string) (out []string) {
	for i, part := range strings.Split(command, "'") {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}
