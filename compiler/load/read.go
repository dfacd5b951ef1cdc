package load

import (
	"errors"
	"io"
	"io/fs"
)

// readBounded reads a file of at most MaxFile bytes. It asks for the size first:
// a repository has thousands of small files, and each read is a system call.
func readBounded(f fs.File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	data := make([]byte, min(max(info.Size(), 0), MaxFile)+1)
	n, err := io.ReadFull(f, data)
	switch {
	case err == nil && n > MaxFile:
		return nil, errTooLarge
	case err == nil:
		// It has grown since; what is there now is what counts.
		rest, err := io.ReadAll(io.LimitReader(f, int64(MaxFile+1-n)))
		if data = append(data, rest...); err == nil && len(data) > MaxFile {
			err = errTooLarge
		}
		return data, err
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return data[:n], nil
	}
	return nil, err
}
