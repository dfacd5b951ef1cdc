package load

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lintel-gateway/lintel/schemas"
)

// cacheFormat changes when what a cache entry holds changes its form.
const cacheFormat = "lintel-cache-1"

// Bounds of the cache: its size on disk, and the largest entry that is read.
const (
	maxCache = 512 << 20
	maxEntry = 64 << 20
)

// cache keeps evaluated domains by the digest of everything they were made of. It
// is an aid and nothing more: what cannot be read or written is computed again,
// and no failure of it is ever an error.
type cache struct {
	dir  string // "" when there is none
	salt []byte
	// limit is the size on disk above which the oldest entries go.
	limit int64
	// wrote tells whether something was stored, so that the size needs a look.
	wrote atomic.Bool
}

// openCache returns the cache in dir. An unusable folder means no cache.
func openCache(dir, version string) *cache {
	if dir == "off" {
		return &cache{}
	}
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return &cache{}
		}
		dir = filepath.Join(base, "lintel")
	}
	return &cache{dir: dir, salt: salt(version), limit: maxCache}
}

// salt is the part of the key that all domains share: the builds of the tool, of
// Go and CUE, and the schema.
func salt(version string) []byte {
	h := sha256.New()
	write(h, cacheFormat, version, runtime.Version(), schemas.Module)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "cuelang.org/go" {
				write(h, d.Version, d.Sum)
			}
		}
		v := info.Main.Version
		if v == "" || v == "(devel)" || strings.HasSuffix(v, "+dirty") {
			writeExecutable(h)
		}
	}
	names, contents := schemas.Files()
	for i, name := range names {
		write(h, name, string(contents[i]))
	}
	write(h, string(schemas.LintelCUE("")))
	return h.Sum(nil)
}

// writeExecutable tells development builds apart, whose version says too little.
func writeExecutable(h hash.Hash) {
	exe, err := os.Executable()
	if err != nil {
		return
	}
	if info, err := os.Stat(exe); err == nil {
		write(h, exe, info.ModTime().UTC().Format(time.RFC3339Nano))
	}
}

func (c *cache) key(domain string, shared, files []file) string {
	if c.dir == "" {
		return ""
	}
	h := sha256.New()
	h.Write(c.salt)
	write(h, domain)
	for _, list := range [][]file{shared, files} {
		binary.Write(h, binary.BigEndian, uint64(len(list)))
		for _, f := range list {
			write(h, f.name)
			binary.Write(h, binary.BigEndian, uint64(len(f.data)))
			h.Write(f.data)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// proofOf is the name under which a domain that is proven is kept.
func proofOf(key string) string { return key + "-proven" }

// write adds texts with their lengths, so that no two lists write alike.
func write(h hash.Hash, texts ...string) {
	for _, t := range texts {
		binary.Write(h, binary.BigEndian, uint64(len(t)))
		h.Write([]byte(t))
	}
}

func (c *cache) path(key string) string { return filepath.Join(c.dir, key[:2], key) }

// get returns a stored value. Every entry begins with the digest of what follows;
// one that does not match is as good as none.
func (c *cache) get(key string) ([]byte, bool) {
	if c.dir == "" {
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

// put stores a value under a name of its own first, so that a reader never sees
// half of it.
func (c *cache) put(key string, value []byte) {
	if c.dir == "" || len(value) > maxEntry-sha256.Size {
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
	c.wrote.Store(true)
}

// rename moves an entry.
func (c *cache) rename(from, to string) {
	if c.dir != "" {
		_ = os.Rename(c.path(from), c.path(to)) // an entry that has gone is made again
	}
}

// trim removes the oldest entries while the cache is larger than its bound.
func (c *cache) trim() {
	if !c.wrote.Load() {
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
