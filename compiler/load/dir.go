package load

import (
	"io/fs"
	"path"
)

// dir is an open folder. Its files are read by their names in it, so that no link
// leads out of the routes directory.
type dir interface {
	// list returns the entries, sorted by name.
	list() ([]fs.DirEntry, error)
	// read reads a regular file of at most MaxFile bytes (errTooLarge).
	read(name string) ([]byte, error)
	// sub opens a folder inside.
	sub(name string) (dir, error)
	close()
}

// fsDir is a folder of a file system.
type fsDir struct {
	fsys fs.FS
	at   string
	end  func()
}

func (d fsDir) list() ([]fs.DirEntry, error) { return fs.ReadDir(d.fsys, d.at) }

func (d fsDir) read(name string) ([]byte, error) {
	f, err := d.fsys.Open(path.Join(d.at, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBounded(f)
}

func (d fsDir) sub(name string) (dir, error) {
	return fsDir{fsys: d.fsys, at: path.Join(d.at, name), end: func() {}}, nil
}

func (d fsDir) close() { d.end() }
