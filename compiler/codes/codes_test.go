package codes_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/codes"
)

// TestExamples: the example of a code shows it, and little else.
func TestExamples(t *testing.T) {
	all, err := codes.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		t.Run(c.Code, func(t *testing.T) {
			if !strings.HasSuffix(c.Purpose, ".") || strings.HasSuffix(c.Purpose, "..") || len(c.Purpose) < 20 {
				t.Errorf("the purpose is %q", c.Purpose)
			}
			if len(c.Files) == 0 {
				return
			}
			res, err := compiler.Compile(context.Background(), compiler.Options{FS: c.FS(), Env: c.Env(), Cache: "off"})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range res.Diagnostics {
				got = append(got, d.Code)
				if d.Code == c.Code && d.Severity != c.Severity {
					t.Errorf("the severity is %s, not %s", d.Severity, c.Severity)
				}
			}
			if !slices.Contains(got, c.Code) || len(got) > 2 {
				t.Errorf("the example shows %q", got)
			}
		})
	}
}

var coded = regexp.MustCompile(`(?:Code: |report\(|Code(?:, d\.Pos)? = |t\.simple\(m, |code, message :?= )"([a-z][a-z0-9-]*[a-z0-9])"`)

// TestComplete: every code that the compiler's sources name is listed.
func TestComplete(t *testing.T) {
	all, err := codes.All()
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, c := range all {
		listed[c.Code] = false
	}
	err = filepath.WalkDir("..", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, m := range coded.FindAllStringSubmatch(string(text), -1) {
			if _, ok := listed[m[1]]; !ok {
				t.Errorf("%s: the code %q has no example in compiler/codes/examples", name, m[1])
			}
			listed[m[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for code, used := range listed {
		if !used {
			t.Errorf("no source names the code %q", code)
		}
	}
}
