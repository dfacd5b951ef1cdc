package wire

import (
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

const canSplice = true

// pipeSize is how much a Pipe may hold, in bytes. What the system allows may be less.
const pipeSize = 256 << 10

// Pipe carries bytes from one socket to another without a copy in the process
// (splice(2)). One goroutine uses it at a time.
type Pipe struct {
	r, w int
	held int
}

// NewPipe makes a pipe; it takes two descriptors.
func NewPipe() (*Pipe, error) {
	var fd [2]int
	if err := unix.Pipe2(fd[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		return nil, err
	}
	_, _ = unix.FcntlInt(uintptr(fd[1]), unix.F_SETPIPE_SZ, pipeSize) // the default serves too
	return &Pipe{r: fd[0], w: fd[1]}, nil
}

// Held is how many bytes are in the pipe.
func (p *Pipe) Held() int { return p.held }

// Close gives the descriptors back, and what is held is lost.
func (p *Pipe) Close() {
	_ = unix.Close(p.r)
	_ = unix.Close(p.w)
}

// splice moves bytes once; it does not wait.
func splice(from, to uintptr, most int) (int, error) {
	const flags = unix.SPLICE_F_MOVE | unix.SPLICE_F_NONBLOCK
	for {
		n, _, no := syscall.RawSyscall6(unix.SYS_SPLICE, from, 0, to, 0, uintptr(most), flags)
		switch no {
		case 0:
			return int(n), nil
		case syscall.EAGAIN:
			return 0, ErrAgain
		case syscall.EINTR:
			continue
		}
		return 0, no
	}
}

// filling holds the arguments and results of a wait for bytes that pass through a pipe.
// It is made when it is first needed: most connections never do.
type filling struct {
	pipe    *Pipe
	most, n int
	err     error
	ready   func(uintptr) bool
}

func (r *rawConn) fill(p *Pipe, most int) (int, error) {
	f := r.filling
	if f == nil {
		f = &filling{}
		f.ready, r.filling = f.readable, f
	}
	f.pipe, f.most, f.n, f.err = p, most, 0, nil
	err := r.rc.Read(f.ready)
	f.pipe = nil
	if err != nil {
		return 0, plain(err)
	}
	p.held += f.n
	return f.n, f.err
}

func (f *filling) readable(fd uintptr) bool {
	f.n, f.err = splice(fd, uintptr(f.pipe.w), f.most)
	if f.err == nil && f.n == 0 {
		f.err = io.EOF
	}
	return f.err != ErrAgain
}

// draining is the same of a wait for room.
type draining struct {
	pipe  *Pipe
	n     int
	err   error
	ready func(uintptr) bool
}

func (r *rawConn) drain(p *Pipe) (n int, err error) {
	for p.held > 0 {
		k, err := splice(uintptr(p.r), r.fd, p.held)
		if err == ErrAgain {
			d := r.draining
			if d == nil {
				d = &draining{}
				d.ready, r.draining = d.writable, d
			}
			d.pipe, d.n, d.err = p, 0, nil
			if err = plain(r.rc.Write(d.ready)); err == nil {
				k, err = d.n, d.err
			}
			d.pipe = nil
		}
		p.held -= k
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (d *draining) writable(fd uintptr) bool {
	d.n, d.err = splice(uintptr(d.pipe.r), fd, d.pipe.held)
	return d.err != ErrAgain
}
