package load

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// linuxDir is a folder by its descriptor. A repository has thousands of small files,
// and reading them is most of a compile in which nothing has changed: package os would
// make two more system calls for each.
type linuxDir struct{ f *os.File }

// openDir opens the routes directory.
func openDir(name string) (dir, error) {
	return openAt(unix.AT_FDCWD, name, 0)
}

func openAt(at int, name string, flags int) (dir, error) {
	fd, err := retry(func() (int, error) {
		return unix.Openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|flags, 0)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return linuxDir{os.NewFile(uintptr(fd), name)}, nil
}

func (d linuxDir) list() ([]fs.DirEntry, error) {
	entries, err := d.f.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

func (d linuxDir) read(name string) ([]byte, error) {
	data, err := d.contents(name)
	if err != nil && !errors.Is(err, errTooLarge) {
		err = &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return data, err
}

func (d linuxDir) contents(name string) ([]byte, error) {
	// O_NONBLOCK: what has become a pipe since it was listed must not hold us up.
	fd, err := retry(func() (int, error) {
		return unix.Openat(int(d.f.Fd()), name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		return nil, err
	}
	if info.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, errors.New("not a regular file any more")
	}
	data, n := make([]byte, min(max(info.Size, 0), MaxFile)+1), 0
	for {
		got, err := retry(func() (int, error) { return unix.Read(fd, data[n:]) })
		if err != nil {
			return nil, err
		}
		n += got
		switch {
		case n < len(data):
			// A regular file gives less than it is asked for only at its end.
			return data[:n], nil
		case n > MaxFile:
			return nil, errTooLarge
		}
		// It has grown since; what is there now is what counts.
		data = append(data, make([]byte, min(len(data), MaxFile+1-n))...)
	}
}

func (d linuxDir) sub(name string) (dir, error) {
	return openAt(int(d.f.Fd()), name, unix.O_NOFOLLOW)
}

func (d linuxDir) close() { _ = d.f.Close() }

// retry repeats a call that a signal interrupts.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}
