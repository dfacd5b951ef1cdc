// Package cache keeps what a compile has computed by the digest of everything it
// was computed from. It is an aid and nothing more: what cannot be read or written
// is computed again, and no failure of it is ever an error.
package cache

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/lintel-gateway/lintel/schemas"
)

// format changes when what an entry holds changes its form.
const format = "lintel-cache-2"

// Bounds of the cache: its size on disk, and the largest entry that is read.
const (
	maxCache = 512 << 20
	maxEntry = 64 << 20
)

// Cache is a folder of entries. A nil Cache keeps nothing. It may be used by
// several goroutines and processes at once.
type Cache struct {
	dir  string
	salt []byte
	// limit is the size on disk above which the oldest entries go.
	limit int64
	// wrote counts what was stored, for the size needs a look then.
	wrote atomic.Int64
}

// trimAfter is how many stored entries are sure to make the cache look at its size.
const trimAfter = 64

func (c *Cache) written() int64 {
	if c == nil {
		return 0
	}
	return c.wrote.Load()
}

// Open returns the cache in the folder dir; "" means lintel below the user's cache
// directory, "off" none. An unusable folder is as good as none. Version names the
// tool and its version, which are part of every key.
func Open(dir, version string) *Cache {
	if dir == "off" {
		return nil
	}
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return nil
		}
		dir = filepath.Join(base, "lintel")
	}
	return &Cache{dir: dir, salt: salt(version, executable()), limit: maxCache}
}

// salt is the part that all keys share: the builds of the tool, of Go and CUE, and
// the schema.
func salt(version, program string) []byte {
	h := sha256.New()
	write(h, format, version, program, runtime.Version(), schemas.Module)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "cuelang.org/go" {
				write(h, d.Version, d.Sum)
			}
		}
	}
	names, contents := schemas.Files()
	for i, name := range names {
		write(h, name, string(contents[i]))
	}
	write(h, string(schemas.LintelCUE("")))
	return h.Sum(nil)
}

// executable tells builds of one version apart, so that what one build has proven
// never stands in for a rule that only another has.
func executable() string {
	exe, err := os.Executable()
	if err != nil {
		return ""
	}
	info, err := os.Stat(exe)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
}

// Key returns the key of what is made of the parts, or "" for a nil Cache. No two
// lists of parts have the same key.
func (c *Cache) Key(parts ...string) string {
	if c == nil {
		return ""
	}
	h := sha256.New()
	h.Write(c.salt)
	write(h, parts...)
	return hex.EncodeToString(h.Sum(nil))
}

// KeyOf is Key for parts that are bytes.
func (c *Cache) KeyOf(parts ...[]byte) string {
	if c == nil {
		return ""
	}
	h := sha256.New()
	h.Write(c.salt)
	var size [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// write adds texts with their lengths, so that no two lists write alike.
func write(h hash.Hash, texts ...string) {
	for _, t := range texts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(t))))
		_, _ = io.WriteString(h, t) // a hash takes everything
	}
}

func (c *Cache) path(key string) string { return filepath.Join(c.dir, key[:2], key) }

// Get returns a stored value, which the caller owns. Every entry begins with the
// digest of what follows; one that does not match is as good as none.
func (c *Cache) Get(key string) ([]byte, bool) {
	if c == nil || key == "" {
		return nil, false
	}
	info, err := os.Lstat(c.path(key))
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxEntry {
		return nil, false
	}
	b, err := os.ReadFile(c.path(key))
	if err != nil || len(b) < sha256.Size {
		return nil, false
	}
	digest, value := b[:sha256.Size], b[sha256.Size:]
	if sum := sha256.Sum256(value); !bytes.Equal(sum[:], digest) {
		return nil, false
	}
	if now := time.Now(); now.Sub(info.ModTime()) > 24*time.Hour {
		_ = os.Chtimes(c.path(key), now, now) // keeps what is in use from eviction
	}
	return value, true
}

// Put stores a value. It is written under a name of its own first, so that no
// reader ever sees half of it.
func (c *Cache) Put(key string, value []byte) {
	if c == nil || key == "" || len(value) > maxEntry-sha256.Size {
		return
	}
	dir := filepath.Dir(c.path(key))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return
	}
	f, err := os.CreateTemp(dir, "new-*")
	if err != nil {
		return
	}
	sum := sha256.Sum256(value)
	_, err1 := f.Write(sum[:])
	_, err2 := f.Write(value)
	err3 := f.Close()
	if cmp.Or(err1, err2, err3) != nil || os.Rename(f.Name(), c.path(key)) != nil {
		_ = os.Remove(f.Name()) // the write failed already
		return
	}
	c.wrote.Add(1)
}

// Rename moves an entry.
func (c *Cache) Rename(from, to string) {
	if c != nil {
		_ = os.Rename(c.path(from), c.path(to)) // an entry that has gone is made again
	}
}

// Trim removes the oldest entries when the cache has grown beyond its bound.
func (c *Cache) Trim() {
	// A look at every entry costs more than the few that most compiles write: it is
	// taken after many, and otherwise now and then.
	if n := c.written(); n == 0 || n < trimAfter && rand.IntN(trimAfter) >= int(n) {
		return
	}
	type entry struct {
		path string
		size int64
		at   time.Time
	}
	var all []entry
	var total int64
	_ = filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			all = append(all, entry{path, info.Size(), info.ModTime()})
			total += info.Size()
		}
		return nil
	})
	if total <= c.limit {
		return
	}
	slices.SortFunc(all, func(a, b entry) int { return a.at.Compare(b.at) })
	for _, e := range all {
		// Down to three quarters, so that not every run has to trim.
		if total <= c.limit/4*3 {
			return
		}
		if os.Remove(e.path) == nil {
			total -= e.size
		}
	}
}
