package main

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"runtime/debug"
	"syscall"
	"unsafe"
)

// chunk is the most that is read at once.
const chunk = 64 << 10

// side is one of the two sockets of a relayed connection. What it could not write yet
// waits in owed; the other side is not read meanwhile.
type side struct {
	fd, other int
	more      bool // something may be left to read
	owed      []byte
}

// loop relays the connections that its own listening socket accepts. It knows nothing
// of HTTP: what any proxy must spend is all that it spends.
type loop struct {
	epoll, listener int
	to              syscall.SockaddrInet4
	sides           []side // by descriptor
	buf             []byte
}

// relay runs the loops, and returns only when one cannot go on. Nothing is allocated
// but for backlogs, and a collector would wait for loops that never enter the
// scheduler: there is none.
func relay(o options) error {
	debug.SetGCPercent(-1)
	runtime.GOMAXPROCS(o.loops + 1)
	failed := make(chan error)
	for range o.loops {
		l, err := openLoop(o.listen, o.to)
		if err != nil {
			return err
		}
		go func() { failed <- l.run() }()
	}
	return <-failed
}

func openLoop(listen, to string) (*loop, error) {
	at, err := sockaddr(listen)
	if err != nil {
		return nil, err
	}
	dest, err := sockaddr(to)
	if err != nil {
		return nil, err
	}
	l := &loop{to: *dest, sides: make([]side, 1<<16), buf: make([]byte, chunk)}
	if l.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	l.listener, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	const reusePort = 15
	if err := errors.Join(
		syscall.SetsockoptInt(l.listener, syscall.SOL_SOCKET, reusePort, 1),
		syscall.Bind(l.listener, at), syscall.Listen(l.listener, 4096),
		syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_ADD, l.listener, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(l.listener)}),
	); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", listen, err)
	}
	return l, nil
}

func sockaddr(addr string) (*syscall.SockaddrInet4, error) {
	a, err := netip.ParseAddrPort(addr)
	if err != nil || !a.Addr().Is4() {
		return nil, fmt.Errorf("%q is no IPv4 address with a port", addr)
	}
	return &syscall.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}, nil
}

// run waits by raw system calls: they do not tell Go's scheduler, which is the least
// that waiting can cost.
func (l *loop) run() error {
	runtime.LockOSThread()
	var events [512]syscall.EpollEvent
	for {
		n, _, e := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(l.epoll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), ^uintptr(0), 0, 0)
		if e == syscall.EINTR {
			continue
		}
		if e != 0 {
			return fmt.Errorf("epoll: %w", e)
		}
		for _, ev := range events[:n] {
			if fd := int(ev.Fd); fd == l.listener {
				l.accept()
			} else if l.sides[fd].other != 0 {
				l.serve(fd, ev.Events)
			}
		}
	}
}

func (l *loop) serve(fd int, events uint32) {
	s := &l.sides[fd]
	if events&^uint32(syscall.EPOLLOUT) != 0 {
		s.more = true
	}
	if len(s.owed) > 0 && events&syscall.EPOLLOUT != 0 {
		n, e := transfer(syscall.SYS_WRITE, fd, s.owed)
		if e != 0 && e != syscall.EAGAIN {
			l.close(fd)
			return
		}
		if s.owed = s.owed[n:]; len(s.owed) == 0 && l.sides[s.other].more {
			l.pump(s.other)
		}
	}
	if l.sides[fd].other != 0 && s.more {
		l.pump(fd)
	}
}

// pump moves what fd has to the other side until there is no more or it takes no more.
func (l *loop) pump(fd int) {
	s := &l.sides[fd]
	for o := &l.sides[s.other]; s.more && len(o.owed) == 0; {
		n, e := transfer(syscall.SYS_READ, fd, l.buf)
		if e == syscall.EAGAIN {
			s.more = false
			return
		}
		if e != 0 || n == 0 {
			l.close(fd)
			return
		}
		s.more = n == len(l.buf) // less is all there is: a new edge tells of more
		w, e := transfer(syscall.SYS_WRITE, o.fd, l.buf[:n])
		if e != 0 && e != syscall.EAGAIN {
			l.close(fd)
			return
		}
		if w < n {
			o.owed = append([]byte(nil), l.buf[w:n]...)
		}
	}
}

func transfer(call uintptr, fd int, p []byte) (int, syscall.Errno) {
	n, _, e := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	if e != 0 {
		return 0, e
	}
	return int(n), 0
}

func (l *loop) accept() {
	for {
		fd, _, err := syscall.Accept4(l.listener, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		up, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		if err == nil {
			err = errors.Join(syscall.Connect(up, &l.to), syscall.SetNonblock(up, true))
		}
		if err != nil || max(fd, up) >= len(l.sides) {
			_, _ = syscall.Close(fd), syscall.Close(up)
			continue
		}
		l.sides[fd], l.sides[up] = side{fd: fd, other: up}, side{fd: up, other: fd}
		for _, f := range []int{fd, up} {
			const edges = 1 << 31
			_ = syscall.SetsockoptInt(f, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
			_ = syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_ADD, f,
				&syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLOUT | syscall.EPOLLRDHUP | edges, Fd: int32(f)})
		}
	}
}

func (l *loop) close(fd int) {
	other := l.sides[fd].other
	l.sides[fd], l.sides[other] = side{}, side{}
	_, _ = syscall.Close(fd), syscall.Close(other)
}
