package gitfs

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// tree is a folder of a commit in memory: an fs.FS that is only read.
type tree map[string]*node

// node is a file, a folder, or something else that has a mode and no content.
type node struct {
	name    string
	mode    fs.FileMode
	data    []byte
	entries []*node // of a folder, by name
}

// add puts a node at a path below the root and makes the folders on the way.
func (t tree) add(name string, n *node) {
	n.name = path.Base(name)
	t[name] = n
	if name == "." {
		return
	}
	dir := path.Dir(name)
	if t[dir] == nil {
		t.add(dir, &node{mode: fs.ModeDir | 0o555})
	}
	t[dir].entries = append(t[dir].entries, n)
}

// sort puts the entries of every folder in order.
func (t tree) sort() {
	for _, n := range t {
		slices.SortFunc(n.entries, func(a, b *node) int { return strings.Compare(a.name, b.name) })
	}
}

func (t tree) find(op, name string) (*node, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	n := t[name]
	if n == nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return n, nil
}

// Open opens a file or folder. A link is not followed: it opens as what it is.
func (t tree) Open(name string) (fs.File, error) {
	n, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	return &handle{node: n, path: name, Reader: bytes.NewReader(n.data)}, nil
}

// ReadDir lists a folder.
func (t tree) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := t.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if !n.mode.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	return list(n.entries), nil
}

func list(in []*node) []fs.DirEntry {
	out := make([]fs.DirEntry, len(in))
	for i, e := range in {
		out[i] = fs.FileInfoToDirEntry(e)
	}
	return out
}

// Name, Size, Mode, ModTime, IsDir and Sys are fs.FileInfo's. A commit gives its
// files no time.
func (n *node) Name() string       { return n.name }
func (n *node) Size() int64        { return int64(len(n.data)) }
func (n *node) Mode() fs.FileMode  { return n.mode }
func (n *node) ModTime() time.Time { return time.Time{} }
func (n *node) IsDir() bool        { return n.mode.IsDir() }
func (n *node) Sys() any           { return nil }

// handle is an open file or folder.
type handle struct {
	*node
	path string
	*bytes.Reader
	listed int
}

func (h *handle) Stat() (fs.FileInfo, error) { return h.node, nil }
func (h *handle) Close() error               { return nil }
func (h *handle) Size() int64                { return h.node.Size() }

func (h *handle) Read(b []byte) (int, error) {
	if h.mode.IsDir() {
		return 0, &fs.PathError{Op: "read", Path: h.path, Err: fs.ErrInvalid}
	}
	return h.Reader.Read(b)
}

// ReadDir is fs.ReadDirFile's.
func (h *handle) ReadDir(n int) ([]fs.DirEntry, error) {
	if !h.mode.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: h.path, Err: fs.ErrInvalid}
	}
	rest := h.entries[h.listed:]
	if n > 0 {
		if len(rest) == 0 {
			return nil, io.EOF
		}
		rest = rest[:min(n, len(rest))]
	}
	h.listed += len(rest)
	return list(rest), nil
}
