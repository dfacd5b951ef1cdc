package compiler_test

import (
	"context"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// example is the text of the example's route files, by name.
var example = sync.OnceValues(func() (map[string]string, error) {
	out := map[string]string{}
	root := os.DirFS("../routes")
	err := fs.WalkDir(root, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(name, ".cue") {
			return err
		}
		text, err := fs.ReadFile(root, name)
		out[name] = string(text)
		return err
	})
	return out, err
})

// FuzzDamage damages the example at random, as slips of the hand do: whatever is left,
// the compiler ends in time, says where each mistake is in a file that is there, in
// one line that names nothing of its own; or gives a bundle that a gateway reads.
func FuzzDamage(f *testing.F) {
	for seed := range uint64(48) {
		f.Add(seed)
	}
	cache := f.TempDir()
	f.Fuzz(func(t *testing.T, seed uint64) {
		texts, err := example()
		if err != nil {
			t.Fatal(err)
		}
		rnd := rand.New(rand.NewPCG(seed, 7))
		names := slices.Sorted(maps.Keys(texts))
		files := fstest.MapFS{}
		for name, text := range texts {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
		for range 1 + rnd.IntN(3) {
			file := files[names[rnd.IntN(len(names))]]
			file.Data = []byte(damage(rnd, string(file.Data)))
		}
		start := time.Now()
		res, err := compiler.Compile(context.Background(), compiler.Options{FS: files, Cache: cache})
		if err != nil {
			t.Fatalf("a failure of the program: %v", err)
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("it took %s", took)
		}
		for _, d := range res.Diagnostics {
			sound(t, res, d)
		}
		if res.Diagnostics.HasErrors() != (res.Bundle == nil) {
			t.Fatalf("errors %t, a bundle %t", res.Diagnostics.HasErrors(), res.Bundle != nil)
		}
		if res.Bundle != nil {
			if _, err := bundle.Decode(res.Bundle.Files(), bundle.Limits{}); err != nil {
				t.Errorf("the bundle: %v", err)
			}
		}
	})
}

// internals are words of the compiler's inside, which mean nothing to an author.
var internals = regexp.MustCompile(`lintel\.local|lintel:schemas|\n|0x[0-9a-f]{8}|%!|<nil>|IDENT`)

func sound(t *testing.T, res *compiler.Result, d diag.Diagnostic) {
	t.Helper()
	for _, p := range append([]diag.Pos{d.Pos}, places(d.Notes)...) {
		text, ok := res.Program.Files[p.File]
		if !ok && slices.Contains([]string{"not-utf8", "hidden-character", "schema-outdated"}, d.Code) {
			continue
		}
		lines := strings.Split(string(text), "\n")
		if !ok || p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > len(lines[p.Line-1])+1 {
			t.Errorf("%s: %q is no place in a file", d.Line(), p)
		}
	}
	if d.Message == "" || len(d.Message) > 600 || internals.MatchString(d.Message+d.Hint) {
		t.Errorf("%s: the sentence is none for an author", d.Line())
	}
	if d.Code == "evaluation-failed" {
		t.Errorf("%s: CUE panicked", d.Line())
	}
}

func places(notes []diag.Note) (out []diag.Pos) {
	for _, n := range notes {
		out = append(out, n.Pos)
	}
	return out
}

var tokens = regexp.MustCompile(`"(?:[^"\\\n]|\\.)*"|[A-Za-z_#$][\w-]*|[0-9]+|\s+|.`)

// damage changes a text in one place: a token, a line or a byte is removed, doubled,
// exchanged with another, or replaced.
func damage(rnd *rand.Rand, text string) string {
	parts, join := tokens.FindAllString(text, -1), ""
	switch rnd.IntN(4) {
	case 0:
		parts, join = strings.Split(text, "\n"), "\n"
	case 1:
		parts = strings.Split(text, "")
	}
	if len(parts) == 0 {
		return text
	}
	i, k := rnd.IntN(len(parts)), rnd.IntN(len(parts))
	switch rnd.IntN(10) {
	case 6, 7, 8, 9: // another one of its kind, so that the syntax stays whole
		for range 20 {
			if a, b := kindOf(parts[i]), kindOf(parts[k]); a == b && a != ' ' && parts[i] != parts[k] {
				parts[i] = parts[k]
				break
			}
			i, k = rnd.IntN(len(parts)), rnd.IntN(len(parts))
		}
	case 0:
		parts = slices.Delete(parts, i, i+1)
	case 1:
		parts = slices.Insert(parts, i, parts[i])
	case 2:
		parts[i], parts[k] = parts[k], parts[i]
	case 3: // like another one nearby
		parts[i] = parts[min(len(parts)-1, i+1+rnd.IntN(8))]
	case 4:
		odd := []string{"{", "}", "[", "]", ":", "&", "|", "*", "\"", "(", ")", ",", "...", "_", "#", "?", "!", "=", "\\", "\x00", "\xff", "\r", "7", "-1", "null", "true", "\"\"", "[]", "{}", "_|_", "#Route", "routes", "for x in [1] {", "if true {", "import \"strings\"\n", "// ", "1e999", "é", "\u202e", "'", "\"\"\""}
		parts[i] = odd[rnd.IntN(len(odd))]
	case 5: // cut off
		parts = parts[:i]
	}
	return strings.Join(parts, join)
}

// kindOf is what a token is: a name, a text, a number, or itself.
func kindOf(token string) byte {
	switch c := token[:min(1, len(token))]; {
	case c == "":
		return ' '
	case c == "_" || c == "#" || c >= "a" && c <= "z" || c >= "A" && c <= "Z":
		return 'a'
	case c >= "0" && c <= "9":
		return '0'
	case strings.TrimSpace(token) == "":
		return ' '
	}
	return token[0]
}
