// Package archive writes images that a node can import, of programs of the test alone.
package archive

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
)

// Image is one to be written: Files are the files of the machine by their places in the
// image.
type Image struct {
	Name       string // with its tag
	Entrypoint []string
	User       string
	Files      map[string]string
}

// Write writes the image as `docker save` does, with one layer.
func Write(w io.Writer, i Image) error {
	layer, err := layer(i.Files)
	if err != nil {
		return err
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Entrypoint": i.Entrypoint, "User": i.User, "Env": []string{"PATH=/usr/local/bin"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + digest(layer)}},
	})
	if err != nil {
		return err
	}
	names := [2]string{digest(config) + ".json", digest(layer) + ".tar"}
	manifest, err := json.Marshal([]any{map[string]any{"Config": names[0], "RepoTags": []string{i.Name}, "Layers": []string{names[1]}}})
	if err != nil {
		return err
	}
	tw := tar.NewWriter(w)
	for _, f := range []struct {
		name string
		text []byte
	}{{names[0], config}, {names[1], layer}, {"manifest.json", manifest}} {
		if err := add(tw, f.name, 0o644, f.text); err != nil {
			return err
		}
	}
	return tw.Close()
}

func layer(files map[string]string) ([]byte, error) {
	var b bytes.Buffer
	tw := tar.NewWriter(&b)
	if err := tw.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777}); err != nil {
		return nil, err
	}
	for place, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("filling an image: %w", err)
		}
		if err := add(tw, path.Clean(place)[1:], 0o755, text); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), tw.Close()
}

func add(tw *tar.Writer, name string, mode int64, text []byte) error {
	if err := tw.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(text))}); err != nil {
		return err
	}
	_, err := tw.Write(text)
	return err
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
