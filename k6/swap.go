package k6

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// swap puts the bundle of a directory into another, which a gateway watches, in the
// steps in which the kubelet updates a mounted ConfigMap, and returns the bundle's
// digest.
func (i *instance) swap(mount, dir string) (string, error) {
	if mount == "" || dir == "" {
		return "", fmt.Errorf("lintel.swap needs the folder that the gateway watches (LINTEL_MOUNT) and that of a bundle (LINTEL_BUNDLES)")
	}
	files, err := bundle.ReadDir(dir, bundle.Limits{})
	if err != nil {
		return "", fmt.Errorf("read bundle %s: %w", dir, err)
	}
	b, err := bundle.Decode(files, bundle.Limits{})
	if err != nil {
		return "", fmt.Errorf("read bundle %s: %w", dir, err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	w := i.mounts[mount]
	if w == nil {
		if w, err = newMount(mount); err != nil {
			return "", err
		}
		i.mounts[mount] = w
	}
	if err := w.Write(files); err != nil {
		return "", fmt.Errorf("swap to %s: %w", dir, err)
	}
	if i.vu.State() != nil {
		i.emitSwap(i.vu)
	}
	return b.Digest(), nil
}

// newMount refuses a folder that holds something of a person's: a swap removes what
// it did not put there.
func newMount(dir string) (*runtimetest.KubeletWriter, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("the mount: %w", err)
	}
	for _, e := range entries {
		if e.Type()&os.ModeSymlink == 0 && (len(e.Name()) < 2 || e.Name()[:2] != "..") {
			return nil, fmt.Errorf("%s is in the way: a mount holds nothing but what a swap puts there", filepath.Join(dir, e.Name()))
		}
	}
	return runtimetest.NewKubeletWriter(dir)
}
