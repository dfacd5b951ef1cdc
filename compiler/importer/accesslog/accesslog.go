// Package accesslog reads access logs: the lines of JSON that a gateway of ours
// writes, and the common and combined formats of Apache and nginx, with or without
// the host in front. A log says what was asked and nothing of headers and bodies.
package accesslog

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/lintel-gateway/lintel/compiler/importer"
)

const (
	// MaxFile bounds a file in bytes.
	MaxFile = 512 << 20
	// MaxLine bounds a line in bytes; longer ones are left out.
	MaxLine = 64 << 10
	// maxShown bounds how many unreadable lines Stats names.
	maxShown = 5
)

// Options say what a log does not.
type Options struct {
	// Host is the host of lines that name none.
	Host string
}

// Stats count what was read.
type Stats struct {
	// Lines is how many lines hold anything.
	Lines int
	// Unreadable lines are in none of the formats, are too long, or were cut by who
	// wrote them; Bad names the first few of them.
	Unreadable int
	Bad        []Bad
	// Hostless lines name no host, and Options neither.
	Hostless int
	// Foreign lines hold a request that is no HTTP.
	Foreign int
}

// Bad is a line that could not be read.
type Bad struct {
	Line int
	Why  string
}

// Read calls f for every exchange. Lines that cannot be read are counted; only a file
// that cannot is an error.
func Read(r io.Reader, o Options, f func(*importer.Exchange)) (Stats, error) {
	return read(r, MaxFile, o, f)
}

func read(r io.Reader, limit int64, o Options, f func(*importer.Exchange)) (Stats, error) {
	limited := &io.LimitedReader{R: r, N: limit + 1}
	lines := bufio.NewReaderSize(limited, MaxLine)
	var s Stats
	for number := 1; ; number++ {
		line, long, err := next(lines)
		if limited.N <= 0 {
			return s, fmt.Errorf("it has more than %d MiB", limit>>20)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return s, err
		}
		if len(line) > 0 || long {
			s.line(number, line, long, o, f)
		}
		if err != nil {
			return s, nil
		}
	}
}

func (s *Stats) line(number int, line string, long bool, o Options, f func(*importer.Exchange)) {
	s.Lines++
	x, err := (*importer.Exchange)(nil), errLong
	if !long {
		x, err = parse(line)
	}
	switch {
	case errors.Is(err, errForeign):
		s.Foreign++
		return
	case err != nil:
		if s.Unreadable++; len(s.Bad) < maxShown {
			s.Bad = append(s.Bad, Bad{number, err.Error()})
		}
		return
	}
	if x.Host == "" {
		x.Host = o.Host
	}
	if x.Host == "" {
		s.Hostless++
		return
	}
	f(x)
}

// next returns the next line without its end; of one that is too long nothing is kept.
func next(r *bufio.Reader) (line string, long bool, err error) {
	b, err := r.ReadSlice('\n')
	for errors.Is(err, bufio.ErrBufferFull) {
		long = true
		b, err = r.ReadSlice('\n')
	}
	if long {
		return "", true, err
	}
	n := len(b)
	for n > 0 && (b[n-1] == '\n' || b[n-1] == '\r') {
		n--
	}
	return string(b[:n]), false, err
}
