package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// write makes the images and prints a line for each.
func write(o options, wanted []kind) error {
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	oci := filepath.Join(o.out, "oci")
	if err := os.RemoveAll(oci); err != nil {
		return err
	}
	to, err := layout.Write(oci, empty.Index)
	if err != nil {
		return fmt.Errorf("begin the OCI layout: %w", err)
	}
	for _, k := range wanted {
		index := v1.ImageIndex(mutate.IndexMediaType(empty.Index, types.OCIImageIndex))
		ref, err := name.NewTag(o.registry + "/" + k.name + ":" + o.tag)
		if err != nil {
			return fmt.Errorf("name the image %s: %w", k.name, err)
		}
		for i, p := range o.platforms {
			img, sbom, err := build(o, p, k)
			if err != nil {
				return err
			}
			index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: p.os, Architecture: p.arch}}})
			if err := tell(ref, p, img); err != nil {
				return err
			}
			if i > 0 {
				continue // an archive has room for one platform: the first
			}
			if err := archive(o, k, ref, img, sbom); err != nil {
				return err
			}
		}
		if err := to.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": ref.Name()})); err != nil {
			return fmt.Errorf("write %s into the OCI layout: %w", k.name, err)
		}
	}
	return nil
}

// build makes one image, and the list of what it is made of.
func build(o options, p platform, k kind) (v1.Image, []byte, error) {
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	programs := map[string]string{}
	all := [][]entry{base()}
	for _, name := range k.programs {
		path, err := program(o, p, name)
		if err != nil {
			return nil, nil, err
		}
		programs[name] = path
		entries, err := programEntries(name, path)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, entries)
	}
	sbom, err := bill(k.name, o.tag, programs)
	if err != nil {
		return nil, nil, err
	}
	all = append(all, []entry{
		{name: "usr", mode: 0o755},
		{name: "usr/share", mode: 0o755},
		{name: "usr/share/sbom", mode: 0o755},
		{name: "usr/share/sbom/" + k.name + ".cdx.json", mode: 0o644, data: sbom},
	})
	for _, entries := range all {
		l, err := layer(entries)
		if err != nil {
			return nil, nil, err
		}
		if img, err = mutate.Append(img, mutate.Addendum{Layer: l, MediaType: types.OCILayer, History: v1.History{CreatedBy: "lintel image"}}); err != nil {
			return nil, nil, fmt.Errorf("make the image %s: %w", k.name, err)
		}
	}
	img, err = mutate.ConfigFile(img, config(img, o, p, k))
	if err != nil {
		return nil, nil, fmt.Errorf("make the image %s: %w", k.name, err)
	}
	return img, sbom, nil
}

// config says how the image is run.
func config(img v1.Image, o options, p platform, k kind) *v1.ConfigFile {
	c := &v1.ConfigFile{}
	if have, err := img.ConfigFile(); err == nil { // an image in memory: cannot fail
		c = have.DeepCopy()
	}
	c.OS, c.Architecture = p.os, p.arch
	c.Created = v1.Time{Time: time.Unix(0, 0).UTC()}
	c.Config = v1.Config{
		User:       "65532:65532",
		Entrypoint: []string{k.entrypoint()},
		Env:        []string{"PATH=/usr/local/bin", "HOME=/home/lintel", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"},
		WorkingDir: "/home/lintel",
		Labels: map[string]string{
			"org.opencontainers.image.title":       k.name,
			"org.opencontainers.image.description": k.about,
			"org.opencontainers.image.version":     o.tag,
			"org.opencontainers.image.licenses":    licence(k),
		},
	}
	return c
}

// licence is the image's licences, as an SPDX expression.
func licence(k kind) string {
	if slices.Contains(k.programs, "lintel-k6") {
		return "Apache-2.0 AND AGPL-3.0-only"
	}
	return "Apache-2.0"
}

// archive writes the file that containerd and Docker import, and the bill beside it.
func archive(o options, k kind, ref name.Tag, img v1.Image, sbom []byte) error {
	path := filepath.Join(o.out, k.name+".tar")
	if err := tarball.WriteToFile(path+".new", ref, img); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.out, k.name+".cdx.json"), sbom, 0o644)
}

// tell prints the image's name, digest and size.
func tell(ref name.Tag, p platform, img v1.Image) error {
	digest, err := img.Digest()
	if err != nil {
		return err
	}
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	var size int64
	for _, l := range layers {
		n, err := l.Size()
		if err != nil {
			return err
		}
		size += n
	}
	fmt.Printf("%s  %s  %s  %.1f MB compressed\n", ref.Name(), p, digest, float64(size)/1e6)
	return nil
}
