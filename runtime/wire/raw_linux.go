package wire

import (
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// rawConn reads and writes a TCP or Unix socket by raw syscalls and waits in the poller
// through syscall.RawConn. Raw syscalls do not tell the scheduler, which costs
// more than a non-blocking read of a socket itself.
type rawConn struct {
	rc syscall.RawConn
	fd uintptr

	// The arguments and results of the running callback. They are fields, and the
	// callbacks bound once, so that a wait allocates nothing.
	buf   []byte
	out   []byte
	n     int
	sent  int
	err   error
	wrote bool
	step  func() bool

	onRead, onExchange, onLoop func(uintptr) bool
	onPeer                     func(uintptr)
	filling                    *filling
	draining                   *draining
	state                      atomic.Uint32
}

func (r *rawConn) bind(nc net.Conn) {
	var rc syscall.RawConn
	var err error
	switch t := nc.(type) {
	case *net.TCPConn:
		rc, err = t.SyscallConn()
	case *net.UnixConn:
		rc, err = t.SyscallConn()
	default:
		return
	}
	if err != nil {
		return
	}
	if err := rc.Control(func(fd uintptr) { r.fd = fd }); err != nil {
		return
	}
	r.rc = rc
	r.onRead, r.onExchange, r.onLoop, r.onPeer = r.readable, r.exchangeable, r.loopable, r.poll
}

func (r *rawConn) bound() bool { return r.rc != nil }

// recv reads once. Only the goroutine that may close the descriptor calls it, or
// a callback that holds it, so that the number cannot mean another file.
func (r *rawConn) recv(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, io.ErrShortBuffer
	}
	for {
		n, _, no := syscall.RawSyscall6(syscall.SYS_RECVFROM, r.fd, uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), 0, 0, 0)
		switch no {
		case 0:
			if n == 0 {
				return 0, io.EOF
			}
			return int(n), nil
		case syscall.EAGAIN:
			return 0, ErrAgain
		case syscall.EINTR:
			continue
		}
		return 0, no
	}
}

// quiet looks without taking anything out.
func (r *rawConn) quiet() bool {
	var b [1]byte
	for {
		_, _, no := syscall.RawSyscall6(syscall.SYS_RECVFROM, r.fd, uintptr(unsafe.Pointer(&b[0])), 1, syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
		if no != syscall.EINTR {
			return no == syscall.EAGAIN
		}
	}
}

// send writes once and without waiting; fewer bytes than p has and no error means
// that the socket is full.
func (r *rawConn) send(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, _, no := syscall.RawSyscall6(syscall.SYS_SENDTO, r.fd, uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), syscall.MSG_NOSIGNAL, 0, 0)
		switch no {
		case 0:
			return int(n), nil
		case syscall.EAGAIN:
			return 0, nil
		case syscall.EINTR:
			continue
		}
		return 0, no
	}
}

func (r *rawConn) try(p []byte) (int, error) { return r.recv(p) }

func (r *rawConn) read(p []byte) (int, error) {
	r.buf, r.n, r.err = p, 0, nil
	err := r.rc.Read(r.onRead)
	r.buf = nil
	if err != nil {
		return 0, plain(err)
	}
	return r.n, r.err
}

func (r *rawConn) readable(uintptr) bool {
	r.n, r.err = r.recv(r.buf)
	return r.err != ErrAgain
}

func (r *rawConn) exchange(req, p []byte) (n, sent int, err error) {
	r.out, r.buf, r.n, r.sent, r.err, r.wrote = req, p, 0, 0, nil, false
	err = r.rc.Read(r.onExchange)
	r.out, r.buf = nil, nil
	if err != nil {
		return 0, r.sent, plain(err)
	}
	return r.n, r.sent, r.err
}

// exchangeable writes at its first call and leaves without a read: the answer
// cannot be there yet, and its readiness comes after the poller was reset. It does
// not wait for room: a wait for writing has a bound of its own.
func (r *rawConn) exchangeable(uintptr) bool {
	if !r.wrote {
		r.wrote = true
		r.sent, r.err = r.send(r.out)
		return r.err != nil || r.sent < len(r.out)
	}
	r.n, r.err = r.recv(r.buf)
	return r.err != ErrAgain
}

func (r *rawConn) loop(step func() bool) error {
	r.step = step
	err := r.rc.Read(r.onLoop)
	r.step = nil
	return plain(err)
}

func (r *rawConn) loopable(uintptr) bool { return r.step() }

func (r *rawConn) peer() PeerState {
	if err := r.rc.Control(r.onPeer); err != nil {
		return Open // closed by its owner: there is nothing left to watch
	}
	return PeerState(r.state.Load())
}

// pollFd is struct pollfd of poll(2).
type pollFd struct {
	fd      int32
	events  int16
	revents int16
}

const (
	pollErr   = 0x8
	pollHup   = 0x10
	pollRdHup = 0x2000
)

func (r *rawConn) poll(fd uintptr) {
	p := pollFd{fd: int32(fd), events: pollRdHup}
	ts := syscall.Timespec{}
	_, _, no := syscall.RawSyscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
	state := Open
	switch {
	case no != 0:
	case p.revents&(pollErr|pollHup) != 0:
		state = Gone
	case p.revents&pollRdHup != 0:
		state = HalfClosed
	}
	r.state.Store(uint32(state))
}
