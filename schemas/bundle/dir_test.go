package bundle

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "bundle")
	a, b := encode(t, content(60, 20)), encode(t, content(80, 20))
	for _, want := range []*Bundle{a, b, a} {
		if err := want.WriteDir(dir); err != nil {
			t.Fatal(err)
		}
		got, err := Open(dir, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if !got.Equal(want) {
			t.Error("other files came back")
		}
	}
	left, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(left) != 1 {
		t.Errorf("left beside the bundle: %v %v", left, err)
	}
	if err := os.MkdirAll(dir+"2", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := a.WriteDir(dir + "2"); err != nil {
		t.Errorf("into an empty directory: %v", err)
	}
	if err := os.Symlink(dir, dir+"3"); err != nil {
		t.Fatal(err)
	}
	if err := b.WriteDir(dir + "3"); err != nil {
		t.Errorf("through a link: %v", err)
	}
	if got, err := Open(dir, Limits{}); err != nil || !got.Equal(b) {
		t.Errorf("the link's target was not replaced: %v", err)
	}
}

func TestWriteDirLeavesOtherDirectoriesAlone(t *testing.T) {
	b := encode(t, content(6, 3))
	for _, name := range []string{"main.go", "manifest.json.bak", ".git"} {
		for _, manifest := range []bool{false, true} {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644); err != nil {
				t.Fatal(err)
			}
			if manifest {
				if err := os.WriteFile(filepath.Join(dir, ManifestName), nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := b.WriteDir(dir); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %v", name, err)
			}
			if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != "x" {
				t.Errorf("%s is gone", name)
			}
		}
	}
}

func TestReadDirRefuses(t *testing.T) {
	b := encode(t, content(60, 20))
	shard := b.Manifest().Shards[0].Name()
	for _, c := range []struct {
		name   string
		change func(dir string) error
		want   Code
	}{
		{"absent", os.RemoveAll, CodeEmpty},
		{"empty", func(dir string) error { _ = os.RemoveAll(dir); return os.Mkdir(dir, 0o755) }, CodeEmpty},
		{"no manifest", func(dir string) error { return os.Remove(filepath.Join(dir, ManifestName)) }, CodeIncomplete},
		{"no shard", func(dir string) error { return os.Remove(filepath.Join(dir, shard)) }, CodeIncomplete},
		{"extra file", func(dir string) error { return os.WriteFile(filepath.Join(dir, "x"), nil, 0o644) }, CodeMalformed},
		{"shard is a directory", func(dir string) error {
			_ = os.Remove(filepath.Join(dir, shard))
			return os.Mkdir(filepath.Join(dir, shard), 0o755)
		}, CodeMalformed},
		{"large manifest", func(dir string) error { return os.Truncate(filepath.Join(dir, ManifestName), 1<<30) }, CodeTooLarge},
		{"large shard", func(dir string) error { return os.Truncate(filepath.Join(dir, shard), 1<<30) }, CodeTooLarge},
		{"truncated shard", func(dir string) error { return os.Truncate(filepath.Join(dir, shard), 10) }, CodeDigestMismatch},
		{"shard of another bundle", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, strings.Repeat("0", 64)+shardSuffix), []byte("x"), 0o644)
		}, ""},
	} {
		dir := filepath.Join(t.TempDir(), "b")
		if err := b.WriteDir(dir); err != nil {
			t.Fatal(err)
		}
		if err := c.change(dir); err != nil {
			t.Fatal(err)
		}
		got, err := Open(dir, Limits{})
		if CodeOf(err) != c.want || (err == nil) != (c.want == "") {
			t.Errorf("%s: got %v, want code %q", c.name, err, c.want)
		}
		if err == nil && !got.Equal(b) {
			t.Errorf("%s: other files", c.name)
		}
	}
}

// TestReadDirWhileTheKubeletWrites reads all the time while a mount is updated:
// what it reads is always one bundle.
func TestReadDirWhileTheKubeletWrites(t *testing.T) {
	bundles := []*Bundle{encode(t, content(60, 20)), encode(t, content(80, 20))}
	dir := t.TempDir()
	write := func(i int) {
		at := filepath.Join(dir, fmt.Sprintf("..%d", i))
		if err := bundles[i%2].WriteDir(at); err != nil {
			t.Error(err)
		}
		_ = os.Symlink(filepath.Base(at), filepath.Join(dir, "..data_tmp"))
		if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, dataLink)); err != nil {
			t.Error(err)
		}
		_ = os.RemoveAll(filepath.Join(dir, fmt.Sprintf("..%d", i-1)))
	}
	write(0)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 1; i < 60; i++ {
			write(i)
		}
	})
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		if _, err := Open(dir, Limits{}); err != nil {
			t.Fatal(err)
		}
		if m, _, err := ReadManifest(dir, Limits{}); err != nil || m == nil {
			t.Fatalf("manifest: %v", err)
		}
	}
}

func TestConfigMaps(t *testing.T) {
	b := encode(t, content(60, 20))
	list := ConfigMaps(&b.Encoded, "routes", "edge")
	var one, two bytes.Buffer
	if err := WriteYAML(&one, list); err != nil {
		t.Fatal(err)
	}
	if err := WriteYAML(&two, ConfigMaps(&encode(t, content(60, 20)).Encoded, "routes", "edge")); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("the same bundle gives other YAML")
	}
	var doc struct {
		APIVersion, Kind string
		Metadata         struct {
			Name, Namespace     string
			Labels, Annotations map[string]string
		}
		BinaryData map[string][]byte
	}
	if err := yaml.UnmarshalStrict(one.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.APIVersion != "v1" || doc.Kind != "ConfigMap" || doc.Metadata.Name != "routes-0" || doc.Metadata.Namespace != "edge" ||
		doc.Metadata.Labels[LabelManagedBy] != "lintel" || doc.Metadata.Annotations[AnnotationDigest] != b.Digest() ||
		doc.Metadata.Annotations[AnnotationRevision] != "r1" || doc.Metadata.Annotations[AnnotationContent] != b.Manifest().Content {
		t.Errorf("got %+v", doc.Metadata)
	}
	got, err := Decode(doc.BinaryData, Limits{})
	if err != nil || !got.Equal(b) {
		t.Errorf("the bundle does not come back: %v", err)
	}
}

func TestConfigMapsAreBounded(t *testing.T) {
	b := encode(t, content(60, 20))
	// A bundle that needs many parts, without the time to encode a real one.
	big := *b
	big.files = map[string][]byte{ManifestName: b.files[ManifestName], SignatureName: []byte("s\n")}
	m := *b.manifest
	m.Shards = nil
	for i := range 40 {
		ref := ShardRef{Digest: fmt.Sprintf("%064x", i)}
		m.Shards = append(m.Shards, ref)
		big.files[ref.Name()] = make([]byte, 100<<10+i*20000%700000)
	}
	m.Sources, big.manifest = nil, &m
	all := map[string][]byte{}
	list := ConfigMaps(&big.Encoded, "x", "")
	for i, cm := range list {
		size := 0
		for name, data := range cm.BinaryData {
			size += len(name) + len(data)
			all[name] = data
		}
		if size > configMapBytes || cm.Name != fmt.Sprintf("x-%d", i) {
			t.Errorf("%s has %d bytes", cm.Name, size)
		}
	}
	if len(all) != 42 || len(list) < 10 || list[0].BinaryData[SignatureName] == nil || list[0].BinaryData[ManifestName] == nil {
		t.Errorf("%d files in %d parts", len(all), len(list))
	}
}
