package gitfs

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/load"
)

// Limits bound what is read of a commit. A field that is zero has the default given
// with it.
type Limits struct {
	// Entries bounds the files and links below the folder (100,000).
	Entries int
	// Bytes bounds the route files together (256 MiB).
	Bytes int64
}

// entry is a line of ls-tree.
type entry struct {
	mode, oid, path string
	size            int64
}

// Tree reads the folder of a commit, which Commit named: the route files with their
// content, links and submodules as what they are, nothing else. A route file that the
// compiler refuses for its size is not read; one byte more than it takes stands in
// its place.
func (r *Repo) Tree(ctx context.Context, commit string, l Limits) (fs.FS, error) {
	l.Entries, l.Bytes = cmp.Or(l.Entries, 100_000), cmp.Or(l.Bytes, 256<<20)
	if !oid.MatchString(commit) {
		return nil, errors.New("a tree is asked of a full name only")
	}
	at := r.folder
	if at == "." {
		at = ""
	}
	out, err := r.git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", commit+":"+at)
	root := strings.TrimSuffix(string(out), "\n")
	if err != nil || !oid.MatchString(root) {
		return nil, &NoFolderError{Commit: commit, Folder: r.folder}
	}
	entries, err := r.entries(ctx, root, l)
	if err != nil {
		return nil, fmt.Errorf("list the folder %s of commit %.12s: %w", r.folder, commit, err)
	}
	t := tree{}
	t.add(".", &node{mode: fs.ModeDir | 0o555})
	var wanted []entry
	oversized := make([]byte, load.MaxFile+1)
	for _, e := range entries {
		n := &node{mode: 0o444}
		switch {
		case e.mode == "120000":
			n.mode |= fs.ModeSymlink
		case e.mode == "160000":
			n.mode = fs.ModeDir | 0o555
		case !strings.HasSuffix(e.path, ".cue"):
			continue
		case e.size > load.MaxFile:
			n.data = oversized
		default:
			wanted = append(wanted, e)
		}
		t.add(e.path, n)
	}
	if err := r.contents(ctx, wanted, t, l.Bytes); err != nil {
		return nil, fmt.Errorf("read the folder %s of commit %.12s: %w", r.folder, commit, err)
	}
	t.sort()
	return t, nil
}

// entries lists the files, links and submodules below a tree.
func (r *Repo) entries(ctx context.Context, root string, l Limits) (out []entry, err error) {
	err = r.stream(ctx, nil, func(stdout io.Reader) error {
		lines := bufio.NewScanner(io.LimitReader(stdout, maxOutput))
		lines.Buffer(nil, 64<<10)
		lines.Split(splitNUL)
		for lines.Scan() {
			e, err := parseEntry(lines.Text())
			if err != nil {
				return err
			}
			if out = append(out, e); len(out) > l.Entries {
				return fmt.Errorf("there are more than %d files", l.Entries)
			}
		}
		return lines.Err()
	}, "ls-tree", "-r", "-z", "--long", "--full-tree", root)
	return out, err
}

// splitNUL is a bufio.SplitFunc for records that each end in a zero byte.
func splitNUL(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, errors.New("the list is cut off")
	}
	return 0, nil, nil
}

// parseEntry reads "<mode> <type> <name> <size>\t<path>".
func parseEntry(line string) (entry, error) {
	meta, name, ok := strings.Cut(line, "\t")
	fields := strings.Fields(meta)
	if !ok || len(fields) != 4 || !oid.MatchString(fields[2]) || !fs.ValidPath(name) || name == "." {
		return entry{}, fmt.Errorf("the entry %q cannot be read", line)
	}
	e := entry{mode: fields[0], oid: fields[2], path: name}
	switch fields[3] {
	case "-":
		return e, nil
	case "BAD":
		return entry{}, fmt.Errorf("the content of %q is not in this clone", name)
	}
	var err error
	if e.size, err = strconv.ParseInt(fields[3], 10, 64); err != nil || e.size < 0 {
		return entry{}, fmt.Errorf("the entry %q cannot be read", line)
	}
	return e, nil
}

// contents reads the files that are wanted into the tree.
func (r *Repo) contents(ctx context.Context, wanted []entry, t tree, limit int64) error {
	if len(wanted) == 0 {
		return nil
	}
	var names bytes.Buffer
	for _, e := range wanted {
		if limit -= e.size; limit < 0 {
			return errors.New("the route files are too large together")
		}
		names.WriteString(e.oid + "\n")
	}
	return r.stream(ctx, &names, func(stdout io.Reader) error {
		in := bufio.NewReaderSize(stdout, 64<<10)
		for _, e := range wanted {
			head, err := in.ReadSlice('\n')
			if err != nil {
				return io.ErrUnexpectedEOF
			}
			if want := fmt.Sprintf("%s blob %d\n", e.oid, e.size); string(head) != want {
				return fmt.Errorf("the content of %q is not in this clone: %q", e.path, bytes.TrimSpace(head))
			}
			data := make([]byte, e.size+1)
			if _, err := io.ReadFull(in, data); err != nil {
				return io.ErrUnexpectedEOF
			}
			t[e.path].data = data[:e.size:e.size]
		}
		return nil
	}, "cat-file", "--batch")
}

// NoFolderError tells that a commit does not hold the folder.
type NoFolderError struct{ Commit, Folder string }

func (e *NoFolderError) Error() string {
	return fmt.Sprintf("commit %.12s has no folder %s: name the routes folder with --dir", e.Commit, e.Folder)
}
