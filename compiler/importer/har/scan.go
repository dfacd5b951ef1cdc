package har

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// errSyntax is text that is not JSON where a value must stand.
var errSyntax = errors.New("not JSON")

// scanner finds where the values of a JSON text begin and end, so that one value at a
// time is held in memory, and none that is too large. It does not judge a value; who
// decodes it does.
type scanner struct {
	r *bufio.Reader
	// at is the offset of the next byte.
	at int64
}

func (s *scanner) byte() (byte, error) {
	c, err := s.r.ReadByte()
	if err == nil {
		s.at++
	}
	return c, err
}

func (s *scanner) back() {
	if s.r.UnreadByte() == nil {
		s.at--
	}
}

// token is the next byte that is no white space.
func (s *scanner) token() (byte, error) {
	for {
		c, err := s.byte()
		if err != nil || c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c, err
		}
	}
}

// expect reads the next token, which must be c.
func (s *scanner) expect(c byte) error {
	got, err := s.token()
	if err != nil {
		return unexpected(err)
	}
	if got != c {
		return fmt.Errorf("%w: %q is missing at byte %d", errSyntax, c, s.at-1)
	}
	return nil
}

// unexpected turns the end of the text into an error.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// more reads what stands before the next member of a list or object that ends in end,
// and tells whether there is one. first tells that none was read yet.
func (s *scanner) more(end byte, first bool) (bool, error) {
	c, err := s.token()
	switch {
	case err != nil:
		return false, unexpected(err)
	case c == end:
		return false, nil
	case first:
		s.back()
		return true, nil
	case c == ',':
		return true, nil
	}
	return false, fmt.Errorf("%w: \",\" is missing at byte %d", errSyntax, s.at-1)
}

// value appends the next value to b. Of one that is longer than limit nothing is kept,
// and fits is false.
func (s *scanner) value(b []byte, limit int) (out []byte, fits bool, err error) {
	c, err := s.token()
	if err != nil {
		return b, false, unexpected(err)
	}
	from, depth, fits := len(b), 0, true
	keep := func(c byte) {
		if fits && len(b)-from < limit {
			b = append(b, c)
		} else if fits {
			b, fits = b[:from], false
		}
	}
	for {
		switch c {
		case '"':
			keep(c)
			if err := s.text(keep); err != nil {
				return b[:from], false, err
			}
		case '{', '[':
			depth++
			keep(c)
		case '}', ']':
			if depth--; depth < 0 {
				return b[:from], false, fmt.Errorf("%w: a value is missing at byte %d", errSyntax, s.at-1)
			}
			keep(c)
		case ',', ':':
			if depth == 0 {
				return b[:from], false, fmt.Errorf("%w: a value is missing at byte %d", errSyntax, s.at-1)
			}
			keep(c)
		default:
			keep(c)
			if depth == 0 {
				err := s.word(keep)
				return b, fits, err
			}
		}
		if depth == 0 {
			return b, fits, nil
		}
		if c, err = s.byte(); err != nil {
			return b[:from], false, unexpected(err)
		}
	}
}

// text reads to the end of a string.
func (s *scanner) text(keep func(byte)) error {
	for {
		c, err := s.byte()
		if err != nil {
			return unexpected(err)
		}
		keep(c)
		switch c {
		case '"':
			return nil
		case '\\':
			if c, err = s.byte(); err != nil {
				return unexpected(err)
			}
			keep(c)
		}
	}
}

// word reads to the end of a number or of true, false and null.
func (s *scanner) word(keep func(byte)) error {
	for {
		c, err := s.byte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch c {
		case ' ', '\t', '\n', '\r', ',', ':', '"', '{', '}', '[', ']':
			s.back()
			return nil
		}
		keep(c)
	}
}
