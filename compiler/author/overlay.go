package author

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// overlay is a directory with one file that is other than it stands there, or that is
// not there yet.
type overlay struct {
	base fs.FS
	name string
	text []byte
}

// Open is fs.FS's.
func (o overlay) Open(name string) (fs.File, error) {
	if name == o.name {
		return &memory{o.info(), bytes.NewReader(o.text)}, nil
	}
	return o.base.Open(name)
}

// ReadDir is fs.ReadDirFS's.
func (o overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(o.base, name)
	below, inside := strings.CutPrefix(o.name, name+"/")
	if name == "." {
		below, inside = o.name, true
	}
	if !inside {
		return list, err
	}
	first, _, deeper := strings.Cut(below, "/")
	at := slices.IndexFunc(list, func(e fs.DirEntry) bool { return e.Name() == first })
	switch {
	case err != nil && deeper:
		return nil, err
	case at >= 0 && deeper:
		return list, nil
	case at >= 0:
		list[at] = fs.FileInfoToDirEntry(o.info())
	case deeper:
		list = append(list, fs.FileInfoToDirEntry(info{name: first, mode: fs.ModeDir | 0o755}))
	default:
		// A folder that is not there yet holds this file alone.
		list = append(list, fs.FileInfoToDirEntry(o.info()))
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

func (o overlay) info() info {
	return info{name: path.Base(o.name), size: int64(len(o.text)), mode: 0o644}
}

// info is fs.FileInfo of what is not there.
type info struct {
	name string
	size int64
	mode fs.FileMode
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }

// memory is an open file of the overlay.
type memory struct {
	about info
	*bytes.Reader
}

func (m *memory) Stat() (fs.FileInfo, error) { return m.about, nil }
func (m *memory) Close() error               { return nil }
