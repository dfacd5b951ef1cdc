//go:build !linux

package load

import "os"

// openDir opens the routes directory as a root out of which no link leads.
func openDir(name string) (dir, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return fsDir{fsys: root.FS(), at: ".", end: func() { _ = root.Close() }}, nil
}
