// Package listen opens the sockets that a gateway listens on.
package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
)

// UnixPrefix begins the address of a Unix socket; its path follows.
const UnixPrefix = "unix:"

// DefaultMode are the permissions of a Unix socket's file.
const DefaultMode fs.FileMode = 0o660

// Socket is what to listen on.
type Socket struct {
	// Address is host:port, or unix:PATH.
	Address string
	// Mode are the permissions of a Unix socket's file (DefaultMode).
	Mode fs.FileMode
	// Spread is how many TCP sockets share the address, so that the system spreads
	// connections over them (0: one that shares it with nobody).
	Spread int
}

// Open opens the sockets, one or as many as they are spread over.
func Open(s Socket) (_ []net.Listener, err error) {
	if path, ok := strings.CutPrefix(s.Address, UnixPrefix); ok {
		ln, err := Unix("unix", path, s.Mode)
		if err != nil {
			return nil, sentence(s.Address, err)
		}
		return []net.Listener{ln}, nil
	}
	config, address := net.ListenConfig{}, s.Address
	if s.Spread > 0 {
		config.Control = sharePort
	}
	var out []net.Listener
	for range max(s.Spread, 1) {
		ln, err := config.Listen(context.Background(), "tcp", address)
		if err != nil {
			Close(out)
			return nil, sentence(s.Address, err)
		}
		out = append(out, ln)
		address = ln.Addr().String() // a free port is chosen once
	}
	return out, nil
}

// Close closes sockets on which nothing was accepted yet.
func Close(list []net.Listener) {
	for _, ln := range list {
		_ = ln.Close() // it is not used, whatever is said
	}
}

// sentence says why there is nothing to listen on.
func sentence(address string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("cannot listen on %s: another process listens there; stop it, or choose another address", address)
	}
	return fmt.Errorf("cannot listen on %s: %w", address, err)
}

// Unix listens on a path; the network is "unix" or "unixpacket". A socket's file that
// nobody listens on any more is replaced. A mode of 0 is DefaultMode.
func Unix(network, path string, mode fs.FileMode) (*net.UnixListener, error) {
	if mode == 0 {
		mode = DefaultMode
	}
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return restrict(c, mode) }}
	ln, err := config.Listen(context.Background(), network, path)
	if errors.Is(err, syscall.EADDRINUSE) {
		if err := removeStale(network, path); err != nil {
			return nil, err
		}
		ln, err = config.Listen(context.Background(), network, path)
	}
	if err != nil {
		return nil, err
	}
	// What the umask took is given back.
	if err := os.Chmod(path, mode); err != nil {
		_ = ln.Close()
		return nil, err
	}
	return ln.(*net.UnixListener), nil
}

// removeStale removes the file of a socket that nobody listens on. Anything else that
// stands there stays, and is an error.
func removeStale(network, path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return errors.New("what stands at that path is no socket; move it away, or choose another path")
	}
	nc, err := net.Dial(network, path)
	if err == nil {
		_ = nc.Close()
		return syscall.EADDRINUSE
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}
