package cases

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func manyCases(n int) *Set {
	s := &Set{Bundle: "sha256:00"}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		// Text that does not compress, so that the size is known.
		noise := make([]byte, 100)
		for k := range noise {
			noise[k] = 'a' + byte(r.IntN(26))
		}
		s.Cases = append(s.Cases, Case{Route: fmt.Sprintf("a.example/r%d", i), Name: "one", File: "routes/a.cue", Line: i, Spec: Spec{Request: Request{Method: "GET", Path: "/" + string(noise)}}})
	}
	return s
}

func TestPack(t *testing.T) {
	for _, c := range []struct{ cases, limit, files int }{{0, 1 << 10, 1}, {1, 1 << 10, 1}, {100, 1 << 20, 1}, {100, 4 << 10, 2}} {
		t.Run(fmt.Sprint(c.cases, "-", c.limit), func(t *testing.T) {
			s := manyCases(c.cases)
			files, err := s.Pack(c.limit)
			if err != nil {
				t.Fatal(err)
			}
			again, err := manyCases(c.cases).Pack(c.limit)
			if err != nil || !cmp.Equal(files, again) {
				t.Errorf("another time, other bytes (%v)", err)
			}
			if len(files) != c.files {
				t.Errorf("%d files, want %d", len(files), c.files)
			}
			dir := t.TempDir()
			for _, f := range files {
				if len(f.Data) > c.limit {
					t.Errorf("%s has %d bytes", f.Name, len(f.Data))
				}
				if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			// What an earlier, larger set left behind is passed over.
			if err := os.WriteFile(filepath.Join(dir, packedName(len(files))), []byte("of another set"), 0o644); err != nil {
				t.Fatal(err)
			}
			got, err := Open(filepath.Join(dir, "cases.json.zst"))
			if err != nil {
				t.Fatal(err)
			}
			want, _ := s.Encode()
			have, _ := got.Encode()
			if !bytes.Equal(want, have) {
				t.Error("the set does not come back")
			}
		})
	}
	if _, err := manyCases(2).Pack(50); err == nil || !strings.Contains(err.Error(), "larger than 50 bytes") {
		t.Errorf("a case without room: %v", err)
	}
}

func TestOpenBad(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	two := manyCases(100)
	one, err := two.Pack(4 << 10)
	if err != nil || len(one) != 2 {
		t.Fatalf("%d files: %v", len(one), err)
	}
	other, err := (&Set{Bundle: "sha256:02"}).Pack(1 << 10)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ path, want string }{
		"absent":   {filepath.Join(dir, "none.json"), "no such file"},
		"no zstd":  {put("x.json.zst", []byte("{}")), "read cases"},
		"no cases": {put("y.json", []byte(`{"cases":[], "more":1}`)), "unknown field"},
	} {
		if _, err := Open(c.path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if _, err := Open(put("cases.json.zst", one[0].Data)); err == nil || !strings.Contains(err.Error(), "cases-1.json.zst") {
		t.Errorf("a file is missing: %v", err)
	}
	put("cases-1.json.zst", other[0].Data)
	if _, err := Open(filepath.Join(dir, "cases.json.zst")); err == nil || !strings.Contains(err.Error(), "sha256:02") {
		t.Errorf("files of two bundles: %v", err)
	}
}
