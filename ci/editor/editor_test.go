package editor

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler/docs"
)

// tool builds a program of ci/tools at its pinned version and returns its path. It
// skips, loudly, only when the program cannot be built here.
func tool(t *testing.T, name string) string {
	t.Helper()
	cmd := exec.Command("go", "tool", "-modfile=ci/tools/go.mod", "-n", name)
	cmd.Dir = filepath.Join("..", "..")
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("=== SKIPPED: %s of ci/tools cannot be built: %v\n%s", name, err, said.String())
	}
	return strings.TrimSpace(string(out))
}

// scaffold makes a routes repository as an author does.
func scaffold(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	lintel := filepath.Join(dir, "lintel")
	build := exec.Command("go", "build", "-o", lintel, "./cmd/lintel")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build lintel: %v\n%s", err, out)
	}
	repo := filepath.Join(dir, "repo")
	if out, err := exec.Command(lintel, "init", repo, "--domain", "shop.example").CombinedOutput(); err != nil {
		t.Fatalf("lintel init: %v\n%s", err, out)
	}
	return repo
}

// environment is one in which CUE finds no registry and no files but the repository's.
func environment(t *testing.T) []string {
	t.Helper()
	home := t.TempDir()
	return []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "CUE_REGISTRY=none", "CUE_CACHE_DIR=" + filepath.Join(home, "cache"), "CUE_CONFIG_DIR=" + filepath.Join(home, "config")}
}

// place is a position in a file, from 0.
type place struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

// find is where the mark begins in the text, and so many bytes on.
func find(t *testing.T, text, mark string, on int) place {
	t.Helper()
	i := strings.Index(text, mark)
	if i < 0 {
		t.Fatalf("there is no %q in\n%s", mark, text)
	}
	before := text[:i+on]
	line := strings.Count(before, "\n")
	return place{line, len(before) - strings.LastIndex(before, "\n") - 1}
}

func at(path string, p place) map[string]any {
	return map[string]any{"textDocument": map[string]any{"uri": fileURI(path)}, "position": p}
}

// author is an author with a file of the scaffold open.
type author struct {
	*client
	t          *testing.T
	repo, path string
	text       string
	version    int
}

// write gives the open file another text.
func (a *author) write(text string) {
	a.version++
	a.text = text
	a.change(a.path, a.version, text)
}

// definitions are the lines to which "go to definition" leads from the mark, each
// behind its file.
func (a *author) definitions(mark string) (lines []string) {
	a.t.Helper()
	var found []struct {
		URI   string `json:"uri"`
		Range struct {
			Start place `json:"start"`
		} `json:"range"`
	}
	a.ask("textDocument/definition", at(a.path, find(a.t, a.text, mark, 1)), &found)
	for _, f := range found {
		name, ok := strings.CutPrefix(f.URI, fileURI(a.repo)+"/")
		if !ok {
			a.t.Fatalf("the definition of %s is in %s, outside the repository", mark, f.URI)
		}
		all := strings.Split(read(a.t, filepath.Join(a.repo, filepath.FromSlash(name))), "\n")
		lines = append(lines, name+": "+strings.TrimSpace(all[f.Range.Start.Line]))
	}
	return lines
}

// hover is what shows when the pointer rests on the mark.
func (a *author) hover(mark string) string {
	a.t.Helper()
	var h struct {
		Contents struct {
			Value string `json:"value"`
		} `json:"contents"`
	}
	a.ask("textDocument/hover", at(a.path, find(a.t, a.text, mark, 1)), &h)
	return h.Contents.Value
}

// completions are the names that are offered behind the mark.
func (a *author) completions(mark string) (labels []string) {
	a.t.Helper()
	var list struct {
		Items []struct {
			Label string `json:"label"`
		} `json:"items"`
	}
	a.ask("textDocument/completion", at(a.path, find(a.t, a.text, mark, len(mark))), &list)
	for _, i := range list.Items {
		labels = append(labels, i.Label)
	}
	return labels
}

// opened starts the server on the scaffold and opens its first route file.
func opened(t *testing.T, cue, repo string) *author {
	t.Helper()
	a := &author{t: t, repo: repo, path: filepath.Join(repo, "routes", "shop.example", "orders.cue"), version: 1}
	a.text = read(t, a.path)
	a.client = start(t, repo, environment(t), cue, "lsp")
	a.open(a.path, a.text)
	return a
}

// TestScaffold makes one scaffold and tries it in turn; the import comes last, since it
// replaces a file.
func TestScaffold(t *testing.T) {
	cue, repo := tool(t, "cue"), scaffold(t)
	t.Run("names", func(t *testing.T) { names(t, opened(t, cue, repo)) })
	t.Run("format", func(t *testing.T) { format(t, opened(t, cue, repo)) })
	t.Run("import", func(t *testing.T) { importData(t, cue, repo) })
}

// names tries definitions, hovers and completions.
func names(t *testing.T, a *author) {
	t.Helper()
	for mark, want := range map[string]string{
		"#Read &":        "routes/templates.cue: #Read: ",
		"hosts: [\"api":  "schemas/route.cue: hosts?: ",
		"template: \"/o": "schemas/match.cue: template?: ",
	} {
		if got := a.definitions(mark); !slices.ContainsFunc(got, func(l string) bool { return strings.HasPrefix(l, want) }) {
			t.Errorf("the definition of %s is at %q, want %s", mark, got, want)
		}
	}
	for mark, want := range map[string]string{
		"#Read &":        "#Read is a #Rest that only reads",
		"hosts: [\"api":  "hosts are the hosts whose requests the route takes.",
		"template: \"/o": "Example: \"/api/orders/{id}\"",
	} {
		if got := a.hover(mark); !strings.Contains(got, want) {
			t.Errorf("hovering over %s shows %q, want %q", mark, got, want)
		}
	}
	language, err := docs.Language()
	if err != nil {
		t.Fatal(err)
	}
	fields := func(def string) (names []string) {
		for _, f := range language.Def(def).Struct().Fields {
			names = append(names, f.Name)
		}
		return names
	}
	source := a.text
	for _, c := range []struct {
		text, mark string
		want       []string
	}{
		{"routes: \"new\": #Route & {\n\t\n}\n", "\"new\": #Route & {\n\t", fields("#Route")},
		{"routes: \"new\": #Route & {\n\tfilters: {\n\t\t\n\t}\n}\n", "\tfilters: {\n\t\t", fields("#Filters")},
		{"routes: \"new\": #Read & {\n\t\n}\n", "\"new\": #Read & {\n\t", append(fields("#Route"), "#upstream")},
	} {
		a.write(source + "\n" + c.text)
		got := a.completions(c.mark)
		for _, name := range c.want {
			if !slices.Contains(got, name) {
				t.Errorf("behind %q %s is not offered: %q", c.mark, name, got)
			}
		}
	}
}

// format holds what an editor writes on save to what lintel fmt asks for.
func format(t *testing.T, a *author) {
	t.Helper()
	formatted := a.text
	a.write(strings.ReplaceAll(strings.ReplaceAll(formatted, "\t", "  "), ": {", ":   {"))
	type edit struct {
		NewText string `json:"newText"`
		Range   struct{ Start, End place }
	}
	var edits []edit
	a.ask("textDocument/formatting", map[string]any{
		"textDocument": map[string]any{"uri": fileURI(a.path)}, "options": map[string]any{"tabSize": 8, "insertSpaces": false},
	}, &edits)
	offset := func(p place) int { // the file is ASCII
		lines := strings.SplitAfter(a.text, "\n")
		return len(strings.Join(lines[:p.Line], "")) + p.Character
	}
	slices.SortFunc(edits, func(x, y edit) int { return offset(y.Range.Start) - offset(x.Range.Start) })
	got := a.text
	for _, e := range edits {
		got = got[:offset(e.Range.Start)] + e.NewText + got[offset(e.Range.End):]
	}
	if got != formatted {
		t.Errorf("the editor formats otherwise (-lintel fmt +editor):\n%s", cmp.Diff(formatted, got))
	}
}

// importData follows the how-to of schemas/README.md with CUE's own command.
func importData(t *testing.T, cue, repo string) {
	t.Helper()
	readme := read(t, filepath.Join("..", "..", "schemas", "README.md"))
	_, data, _ := strings.Cut(readme, "```yaml\n")
	data, rest, _ := strings.Cut(data, "```")
	_, commands, _ := strings.Cut(rest, "```sh\n")
	line, _, _ := strings.Cut(commands, "\n")
	args := strings.Fields(line)
	if len(args) < 3 || args[0] != "cue" {
		t.Fatalf("the how-to has no command of cue: %q", line)
	}
	if err := os.MkdirAll(filepath.Join(repo, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	// They name routes of the file that the import replaces.
	if err := os.RemoveAll(filepath.Join(repo, "routes", "_env")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(repo, "data", "orders.yaml"), []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(program string, args ...string) {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.Env = repo, append(environment(t), "LINTEL_CACHE=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %q: %v\n%s", filepath.Base(program), args, err, out)
		}
	}
	run(cue, args[1:]...)
	lintel := filepath.Join(filepath.Dir(repo), "lintel")
	run(lintel, "fmt")
	run(lintel, "check", "--strict")
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
