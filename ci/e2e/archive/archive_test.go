package archive

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestWrite reads an image back as an importer does: from the manifest to the file.
func TestWrite(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("bytes"), 0o755); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Write(&b, Image{Name: "a/b:1", Entrypoint: []string{"/b"}, User: "1:1", Files: map[string]string{"/b": program}}); err != nil {
		t.Fatal(err)
	}
	files := read(t, &b)
	var manifest []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil || len(manifest) != 1 {
		t.Fatalf("%s: %v", files["manifest.json"], err)
	}
	m := manifest[0]
	var config struct {
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		} `json:"rootfs"`
	}
	if err := json.Unmarshal(files[m.Config], &config); err != nil {
		t.Fatal(err)
	}
	layer := files[m.Layers[0]]
	if config.RootFS.DiffIDs[0] != "sha256:"+digest(layer) || m.RepoTags[0] != "a/b:1" {
		t.Errorf("manifest %+v, config %+v", m, config)
	}
	if got := read(t, bytes.NewReader(layer))["b"]; string(got) != "bytes" {
		t.Errorf("/b holds %q", got)
	}
}

func read(t *testing.T, r io.Reader) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(tr); err != nil {
			t.Fatal(err)
		}
	}
}
