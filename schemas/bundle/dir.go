package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// dataLink is the symlink that the kubelet moves when a mounted ConfigMap
// changes.
const dataLink = "..data"

// readAttempts is how often a read begins again when the kubelet deletes the
// directory under it.
const readAttempts = 5

// Open reads and decodes the bundle in dir.
func Open(dir string, l Limits) (*Bundle, error) {
	files, err := ReadDir(dir, l)
	if err != nil {
		return nil, err
	}
	return Decode(files, l)
}

// ReadDir reads the files of the bundle in dir: the manifest, the signature and
// the shards that the manifest names; what is missing is left to Decode to
// report. When dir holds a "..data" link, as a mounted ConfigMap does, all files
// are read through the one directory that it leads to at this moment. A shard
// that the manifest does not name is passed over: it belongs to the bundle before
// or after; so are the cases that travel with a candidate. Any other file is an error.
func ReadDir(dir string, l Limits) (map[string][]byte, error) {
	var files map[string][]byte
	err := readSettled(dir, func(root *os.Root) (err error) {
		files, err = readFiles(root, l.withDefaults())
		return err
	})
	return files, err
}

// ReadManifest reads manifest.json and manifest.sig alone, nil where there is
// none: enough to see whether the bundle in dir is another one.
func ReadManifest(dir string, l Limits) (manifest, signature []byte, err error) {
	l = l.withDefaults()
	err = readSettled(dir, func(root *os.Root) (err error) {
		if manifest, err = readFile(root, ManifestName, l.ManifestBytes); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if signature, err = readFile(root, SignatureName, maxSignature); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
	return manifest, signature, err
}

// ModTime is when the directory was made that holds the files of the bundle in dir: the
// one that a "..data" link leads to, or dir itself.
func ModTime(dir string) (time.Time, error) {
	info, err := os.Stat(filepath.Join(dir, dataLink))
	if errors.Is(err, fs.ErrNotExist) {
		info, err = os.Stat(dir)
	}
	if err != nil {
		return time.Time{}, failWith(CodeUnreadable, "", "the directory cannot be read", err)
	}
	return info.ModTime(), nil
}

// errMoved tells that the directory was replaced while it was read.
var errMoved = errors.New("the directory was replaced")

// readSettled opens the directory that holds the files and calls read, again if
// the directory was replaced meanwhile.
func readSettled(dir string, read func(*os.Root) error) error {
	var err error
	for absent, moved := 0, 0; absent < readAttempts && moved < 10*readAttempts; {
		err = readOnce(dir, read)
		switch {
		case errors.Is(err, errMoved):
			moved++
		case err == nil || CodeOf(err) != "":
			return err
		case !errors.Is(err, fs.ErrNotExist):
			return failWith(CodeUnreadable, "", "the directory cannot be read", err)
		default:
			absent++
			time.Sleep(time.Duration(absent) * 5 * time.Millisecond)
		}
	}
	if errors.Is(err, errMoved) {
		return failWith(CodeIncomplete, "", "the directory changes all the time", err)
	}
	return failWith(CodeEmpty, "", "there is no bundle in the directory", err)
}

func readOnce(dir string, read func(*os.Root) error) error {
	target := dir
	if link := filepath.Join(dir, dataLink); isLink(link) {
		target = link
	}
	root, err := os.OpenRoot(target)
	if err != nil {
		return err
	}
	defer root.Close()
	readErr := read(root)
	// A directory that was replaced is deleted file by file: whatever was missing,
	// or wrong because of it, says nothing then.
	before, err := root.Stat(".")
	if err != nil {
		return errMoved
	}
	now, err := os.Stat(target)
	if err != nil || !os.SameFile(before, now) {
		return errMoved
	}
	return readErr
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

func readFiles(root *os.Root, l Limits) (map[string][]byte, error) {
	names, err := listNames(root, l)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	manifest, err := readFile(root, ManifestName, l.ManifestBytes)
	if errors.Is(err, fs.ErrNotExist) {
		// Names alone tell Decode whether this is nothing or not all yet.
		for _, name := range names {
			if name != ManifestName {
				files[name] = nil
			}
		}
		return files, nil
	}
	if err != nil {
		return nil, err
	}
	files[ManifestName] = manifest
	m, err := DecodeManifest(manifest, l)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, ref := range slices.Concat(m.Shards, m.Sources) {
		wanted[ref.Name()] = true
	}
	for _, name := range names {
		limit := l.ShardBytes
		switch {
		case name == ManifestName || (isShardName(name) || isCasesName(name)) && !wanted[name]:
			continue
		case name == SignatureName:
			limit = maxSignature
		case !wanted[name]:
			return nil, fail(CodeMalformed, name, "the manifest does not name this file: remove it")
		}
		if files[name], err = readFile(root, name, limit); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// listNames lists the names in the directory but those of the kubelet.
func listNames(root *os.Root, l Limits) ([]string, error) {
	d, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	// A directory may hold the shards of two bundles for a while.
	limit := 2*l.Shards + 16
	names, err := d.Readdirnames(limit + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("list the bundle directory: %w", err)
	}
	if len(names) > limit {
		return nil, fail(CodeTooLarge, "", fmt.Sprintf("the directory holds more than %d files", limit))
	}
	return slices.DeleteFunc(names, func(n string) bool { return strings.HasPrefix(n, "..") }), nil
}

func readFile(root *os.Root, name string, limit int64) ([]byte, error) {
	// Stat first: opening a pipe would wait for its writer.
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fail(CodeMalformed, name, "not a regular file")
	}
	if info.Size() > limit {
		return nil, fail(CodeTooLarge, name, fmt.Sprintf("the file has %d bytes, the limit is %d", info.Size(), limit))
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, fail(CodeTooLarge, name, fmt.Sprintf("the file is over the limit of %d bytes", limit))
	}
	return data, nil
}

// WriteDir writes the bundle as the directory dir, replacing a bundle that is
// there. The files are written and synced beside dir and renamed into place, so
// that dir never holds part of a bundle. A process that is killed between the two
// renames of a replacement leaves the old bundle beside dir, as .<name>.old-*, and
// no dir; who needs more moves a link, as a state folder does. A directory that
// holds this very bundle is left as it is; one that is neither empty nor a bundle is left
// alone and is an error.
func (b *Encoded) WriteDir(dir string) error {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	dir = filepath.Clean(dir)
	exists, err := replaceable(dir)
	if err != nil {
		return err
	}
	if exists && b.isAt(dir) {
		return nil
	}
	parent, base := filepath.Dir(dir), filepath.Base(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return fmt.Errorf("write bundle %s: %w", dir, err)
	}
	fresh, err := os.MkdirTemp(parent, "."+base+".new-")
	if err != nil {
		return fmt.Errorf("write bundle %s: %w", dir, err)
	}
	defer os.RemoveAll(fresh)
	if err := b.fill(fresh); err != nil {
		return fmt.Errorf("write bundle %s: %w", dir, err)
	}
	if exists {
		old := strings.TrimSuffix(fresh, filepath.Base(fresh)) + strings.Replace(filepath.Base(fresh), ".new-", ".old-", 1)
		if err := os.Rename(dir, old); err != nil {
			return fmt.Errorf("replace bundle %s: %w", dir, err)
		}
		defer os.RemoveAll(old)
		if err := os.Rename(fresh, dir); err != nil {
			return errors.Join(fmt.Errorf("replace bundle %s: %w", dir, err), os.Rename(old, dir))
		}
		return syncDir(parent)
	}
	if err := os.Rename(fresh, dir); err != nil {
		return fmt.Errorf("write bundle %s: %w", dir, err)
	}
	return syncDir(parent)
}

// replaceable tells whether dir exists, and refuses what is no bundle.
func replaceable(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("write bundle %s: %w", dir, err)
	}
	manifest := len(entries) == 0
	for _, e := range entries {
		if e.Name() == ManifestName {
			manifest = true
		} else if e.Name() != SignatureName && !isShardName(e.Name()) {
			return false, fmt.Errorf("write bundle %s: the directory holds %s, which belongs to no bundle; choose another directory or remove it", dir, e.Name())
		}
	}
	if !manifest {
		return false, fmt.Errorf("write bundle %s: the directory is not empty and holds no manifest; choose another directory or remove it", dir)
	}
	return true, nil
}

// isAt tells whether the directory holds this very bundle and nothing else.
func (b *Encoded) isAt(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(b.files) {
		return false
	}
	for name, want := range b.files {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(want)) {
			return false
		}
		have, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(have, want) {
			return false
		}
	}
	return true
}

func (b *Encoded) fill(dir string) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(b.files)) {
		if err := writeSynced(filepath.Join(dir, name), b.files[name]); err != nil {
			return err
		}
	}
	return syncDir(dir)
}

func writeSynced(path string, data []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}
