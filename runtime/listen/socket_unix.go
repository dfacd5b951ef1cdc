//go:build unix

package listen

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// sharePort lets several sockets have one address.
func sharePort(_, _ string, c syscall.RawConn) error {
	var err error
	if e := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) }); e != nil {
		return e
	}
	return err
}

// restrict sets the permissions that the socket's file will be made with. Without it
// anybody could connect between the bind and a change of the file's mode. Where sockets
// have no mode of their own, that change is all there is.
func restrict(c syscall.RawConn, mode fs.FileMode) error {
	return c.Control(func(fd uintptr) { _ = unix.Fchmod(int(fd), uint32(mode.Perm())) })
}
