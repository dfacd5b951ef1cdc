//go:build !unix

package listen

import (
	"errors"
	"io/fs"
	"syscall"
)

func sharePort(string, string, syscall.RawConn) error { return errors.ErrUnsupported }

func restrict(syscall.RawConn, fs.FileMode) error { return nil }
