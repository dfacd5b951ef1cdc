// Package har reads HTTP archives, version 1.2, as browsers and proxies save them
// (http://www.softwareishard.com/blog/har-12-spec/). A file is read as a stream: one
// entry is in memory at a time.
package har

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/lintel-gateway/lintel/compiler/importer"
)

const (
	// MaxFile bounds a file in bytes.
	MaxFile = 512 << 20
	// MaxEntry bounds one entry in bytes; larger ones are left out.
	MaxEntry = 8 << 20
	// maxName bounds the name of a member on the way to the entries.
	maxName = 1 << 10
)

// Stats count what was read.
type Stats struct {
	// Entries is how many entries the file has.
	Entries int
	// TooLarge entries have more than MaxEntry bytes; Unreadable ones are not what the
	// format says. Both are left out.
	TooLarge, Unreadable int
	// Foreign entries are no HTTP, such as data: and blob: URLs; Unanswered ones have
	// no status: the browser gave up or was kept from asking.
	Foreign, Unanswered int
}

// Read calls f for every exchange. What is not an archive is an error that says what
// is missing; no error holds a part of the file.
func Read(r io.Reader, f func(*importer.Exchange)) (Stats, error) { return read(r, MaxFile, f) }

func read(r io.Reader, limit int64, f func(*importer.Exchange)) (Stats, error) {
	limited := &io.LimitedReader{R: r, N: limit + 1}
	rd := reader{s: scanner{r: bufio.NewReaderSize(limited, 64<<10)}, f: f}
	err := rd.file()
	if limited.N <= 0 {
		return rd.stats, fmt.Errorf("it has more than %d MiB", limit>>20)
	}
	return rd.stats, err
}

type reader struct {
	s     scanner
	f     func(*importer.Exchange)
	stats Stats
	buf   []byte
}

// errNoArchive is JSON, or no JSON, without log.entries.
var errNoArchive = errors.New("it is no HTTP archive: log.entries is missing")

func (r *reader) file() error {
	if b, err := r.s.r.Peek(3); err == nil && string(b) == "\ufeff" {
		_, _ = r.s.r.Discard(3)
		r.s.at += 3
	}
	if c, err := r.s.token(); err != nil || c != '{' {
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		return errNoArchive
	}
	found := false
	err := r.members(func(name string) (bool, error) {
		if name != "log" {
			return false, nil
		}
		if err := r.s.expect('{'); err != nil {
			return true, err
		}
		return true, r.members(func(name string) (bool, error) {
			if name != "entries" {
				return false, nil
			}
			found = true
			return true, r.entries()
		})
	})
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it is cut off: the archive does not end")
	case err != nil:
		return err
	case !found:
		return errNoArchive
	}
	return nil
}

// members calls f with the name of each member of an object that was begun; f reads
// the value, or says that it did not.
func (r *reader) members(f func(name string) (bool, error)) error {
	for first := true; ; first = false {
		more, err := r.s.more('}', first)
		if err != nil || !more {
			return err
		}
		raw, fits, err := r.s.value(nil, maxName)
		if err != nil {
			return err
		}
		var name string
		if fits && json.Unmarshal(raw, &name) != nil {
			return fmt.Errorf("%w: a name is missing at byte %d", errSyntax, r.s.at)
		}
		if err := r.s.expect(':'); err != nil {
			return err
		}
		done, err := f(name)
		if err == nil && !done {
			_, _, err = r.s.value(nil, 0)
		}
		if err != nil {
			return err
		}
	}
}

func (r *reader) entries() error {
	if err := r.s.expect('['); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := r.s.more(']', first)
		if err != nil || !more {
			return err
		}
		raw, fits, err := r.s.value(r.buf[:0], MaxEntry)
		if err != nil {
			return err
		}
		r.buf = raw
		r.stats.Entries++
		if !fits {
			r.stats.TooLarge++
			continue
		}
		var e entry
		if json.Unmarshal(raw, &e) != nil {
			r.stats.Unreadable++
			continue
		}
		switch x, ok := e.exchange(); {
		case !ok:
			r.stats.Foreign++
		case x.Status == 0:
			r.stats.Unanswered++
		default:
			r.f(x)
		}
	}
}
