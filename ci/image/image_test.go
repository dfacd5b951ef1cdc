package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// programs builds a small program under each name that the kinds want.
func programs(t *testing.T, names ...string) string {
	t.Helper()
	src, bin := t.TempDir(), t.TempDir()
	for file, text := range map[string]string{"go.mod": "module small.example\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() {}\n"} {
		if err := os.WriteFile(filepath.Join(src, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		cmd := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(bin, name), ".")
		cmd.Dir, cmd.Env = src, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return bin
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// files are the entries of all layers by name.
func files(t *testing.T, img v1.Image) map[string]*tar.Header {
	t.Helper()
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*tar.Header{}
	for _, l := range layers {
		r, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		for tr := tar.NewReader(r); ; {
			h, err := tr.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			out[h.Name] = h
		}
	}
	return out
}

func TestImages(t *testing.T) {
	bin := programs(t, "lintel", "lintel-gateway", "lintel-sync", "lintel-k6")
	var outs [2]string
	for i := range outs {
		outs[i] = filepath.Join(t.TempDir(), "images")
		if err := run([]string{"-root", filepath.Join("..", ".."), "-out", outs[i], "-bin", bin, "-tag", "1.2.3"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			if !bytes.Equal(read(t, filepath.Join(outs[0], k.name+".tar")), read(t, filepath.Join(outs[1], k.name+".tar"))) {
				t.Error("two runs gave different bytes")
			}
			img, err := tarball.ImageFromPath(filepath.Join(outs[0], k.name+".tar"), nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := validate.Image(img); err != nil {
				t.Error(err)
			}
			c, err := img.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			if c.Config.User != "65532:65532" || !slices.Equal(c.Config.Entrypoint, []string{"/usr/local/bin/" + k.name}) || c.Created.Unix() != 0 {
				t.Errorf("user %q, entrypoint %q, created %v", c.Config.User, c.Config.Entrypoint, c.Created)
			}
			have := files(t, img)
			for name, h := range have {
				if h.Mode&0o6000 != 0 || h.Mode&0o002 != 0 && name != "tmp/" || h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeDir {
					t.Errorf("%s has mode %o and type %c", name, h.Mode, h.Typeflag)
				}
			}
			var got []string
			for name := range have {
				if p, ok := strings.CutPrefix(name, "usr/local/bin/"); ok && p != "" {
					got = append(got, p)
				}
			}
			slices.Sort(got)
			want := slices.Sorted(slices.Values(k.programs))
			if !slices.Equal(got, want) {
				t.Errorf("programs %q, want %q", got, want)
			}
			if have["etc/ssl/certs/ca-certificates.crt"].Size < 50_000 {
				t.Error("the list of authorities is short")
			}
			var b cdx.BOM
			if err := json.Unmarshal(read(t, filepath.Join(outs[0], k.name+".cdx.json")), &b); err != nil {
				t.Fatal(err)
			}
			if have["usr/share/sbom/"+k.name+".cdx.json"] == nil || len(*b.Components) != len(k.programs)+1 {
				t.Errorf("the bill of materials lists %d components", len(*b.Components))
			}
		})
	}
	index, err := layout.ImageIndexFromPath(filepath.Join(outs[0], "oci"))
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
}

func TestBadUse(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-only nothing", `there is no image "nothing"`},
		{"-platforms plan9/amd64", "no platform"},
		{"-platforms linux/amd64,linux/arm64 -bin x", "of one platform"},
		{"-root . more", "unknown argument"},
		{"-root ../.. -only lintel -bin " + t.TempDir(), "the program lintel is not in"},
	} {
		err := run(append(strings.Fields(c.args), "-out", t.TempDir()))
		if c.args == "-root . more" {
			err = run(strings.Fields(c.args))
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.args, err, c.want)
		}
	}
}
