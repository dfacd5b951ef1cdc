package testbed

import (
	"fmt"
	"io"
)

// Pattern is endless content that says at every place where it is: each byte follows
// from its offset. Blocks that are swapped, lost or doubled show.
type Pattern struct{}

// at mixes the number of the block of 251 bytes into each byte.
func at(off int64) byte { return byte(off%251) + byte(off/251)*7 }

// ReadAt fills b with the content from off on.
func (Pattern) ReadAt(b []byte, off int64) (int, error) {
	for i := range b {
		b[i] = at(off + int64(i))
	}
	return len(b), nil
}

// Patterned is a reader of the first n bytes.
func Patterned(n int64) io.Reader { return io.NewSectionReader(Pattern{}, 0, n) }

// CheckPattern reads r to its end, and says how many bytes came. It is an error when one
// of them is not the pattern's, or when r does not end well.
func CheckPattern(r io.Reader) (n int64, err error) {
	b := make([]byte, 32<<10)
	for {
		k, err := r.Read(b)
		for i, c := range b[:k] {
			if c != at(n+int64(i)) {
				return n, fmt.Errorf("byte %d is wrong", n+int64(i))
			}
		}
		n += int64(k)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}
