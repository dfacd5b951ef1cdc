package handover

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"syscall"
	"time"
)

// Patience is how long a process that takes over may need until it serves.
const Patience = time.Minute

// Taking is the new process's side of a handover.
type Taking struct {
	nc  *net.UnixConn
	own *net.UnixListener
	log *slog.Logger
	// sockets are those that nobody has taken yet, by name.
	sockets map[string][]net.Listener
	taken   []net.Listener
}

// Take asks the process that offers its sockets at path for them. Without such a process
// it returns nil and no error.
func Take(path string, log *slog.Logger) (*Taking, error) {
	nc, err := dialTo(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("handover: %w", err)
	}
	t := &Taking{nc: nc, log: log, sockets: map[string][]net.Listener{}}
	if err := t.receive(); err != nil {
		t.Abandon()
		return nil, fmt.Errorf("handover from the process that listens at %s: %w", path, err)
	}
	return t, nil
}

func (t *Taking) receive() error {
	if err := sameUser(t.nc); err != nil {
		return err
	}
	if err := send(t.nc, message{kind: hello}); err != nil {
		return err
	}
	// Another process may be taking over just now.
	m, descriptors, err := receive(t.nc, 3*Patience)
	switch {
	case err != nil:
	case m.kind == refusal:
		err = errors.New(m.text)
	case m.kind != sockets || len(m.names) != len(descriptors):
		err = errMalformed
	}
	if err != nil {
		closeAll(descriptors)
		return err
	}
	for i, fd := range descriptors {
		ln, err := listener(fd)
		if err != nil {
			closeAll(descriptors[i+1:])
			return fmt.Errorf("%s: %w", m.names[i], err)
		}
		if u, ok := ln.(*net.UnixListener); ok && m.names[i] == ownName {
			t.own = u
			continue
		}
		t.sockets[m.names[i]] = append(t.sockets[m.names[i]], ln)
	}
	if t.own == nil {
		return errMalformed
	}
	return nil
}

// Sockets returns those with a name, which are the caller's from then on; none when the
// process before had none.
func (t *Taking) Sockets(name string) []net.Listener {
	list := t.sockets[name]
	delete(t.sockets, name)
	t.taken = append(t.taken, list...)
	return list
}

// Ready says that this process serves. When it returns, the process before accepts no
// more. The sockets that were not taken end, and the offer to hand the others on begins.
func (t *Taking) Ready() *Offer {
	defer t.nc.Close()
	err := send(t.nc, message{kind: ready})
	if err == nil {
		err = expect(t.nc, going, stepTime)
	}
	if err != nil {
		t.log.Warn("handover: the process before has left without a word", "error", err)
	}
	for _, ln := range t.taken {
		unlink(ln)
	}
	for _, list := range t.sockets {
		for _, ln := range list {
			unlink(ln)
			_ = ln.Close()
		}
	}
	unlink(t.own)
	return &Offer{t.own, t.log, 2 * Patience}
}

// unlink makes a Unix socket's file go when the socket is closed.
func unlink(ln net.Listener) {
	if u, ok := ln.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(true)
	}
}

// Abandon leaves the sockets to the process before, which goes on. Those that were taken
// are the caller's to close.
func (t *Taking) Abandon() {
	_ = t.nc.Close()
	for _, list := range t.sockets {
		for _, ln := range list {
			_ = ln.Close()
		}
	}
	if t.own != nil {
		_ = t.own.Close()
	}
}
