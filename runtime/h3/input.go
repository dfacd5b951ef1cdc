package h3

import (
	"io"
	"sync"

	"github.com/lintel-gateway/lintel/runtime/wire"
)

// inputSize is how much of a request's content is read ahead, in bytes.
const inputSize = 16 << 10

// inputs pools the buffers.
type inputs struct{ pool sync.Pool }

func (p *inputs) get() []byte {
	if b, ok := p.pool.Get().(*[inputSize]byte); ok {
		return b[:]
	}
	return make([]byte, inputSize)
}

func (p *inputs) put(b []byte) { p.pool.Put((*[inputSize]byte)(b)) }

// input reads a request's content ahead on a goroutine of its own. A read of the stream that
// is interrupted inside a frame's head would lose a part of it; a read of the input loses
// nothing.
type input struct {
	src  io.Reader
	done chan struct{} // closed when all is read, or nothing more can be

	mu   sync.Mutex
	more sync.Cond // something below has changed
	buf  []byte    // buf[r:w] is unread
	r, w int
	err  error // after what is unread; io.EOF for its end
	cut  bool  // waits are interrupted
	over bool  // nobody reads any more
}

func newInput(src io.Reader, buf []byte) *input {
	in := &input{src: src, buf: buf, done: make(chan struct{})}
	in.more.L = &in.mu
	return in
}

// run reads until the end; failed is called with an error that is none.
func (in *input) run(failed func()) {
	defer close(in.done)
	for {
		room, ok := in.room()
		if !ok {
			return
		}
		n, err := in.src.Read(room)
		in.mu.Lock()
		in.w += n
		in.err = err
		in.more.Broadcast()
		in.mu.Unlock()
		if err == io.EOF {
			return
		}
		if err != nil {
			failed()
			return
		}
	}
}

// room waits for room in the buffer.
func (in *input) room() ([]byte, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for in.w == len(in.buf) && in.r < in.w && !in.over {
		in.more.Wait()
	}
	if in.r == in.w {
		in.r, in.w = 0, 0
	}
	return in.buf[in.w:], !in.over
}

// Read gives what was read, and waits for the first of it.
func (in *input) Read(p []byte) (int, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for {
		switch {
		case in.r < in.w:
			n := copy(p, in.buf[in.r:in.w])
			if in.r += n; in.r == in.w {
				in.more.Broadcast()
			}
			return n, nil
		case in.err != nil:
			return 0, in.err
		case in.cut:
			return 0, wire.ErrInterrupted
		}
		in.more.Wait()
	}
}

// buffered is how much can be read without waiting.
func (in *input) buffered() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.w - in.r
}

// ended tells that all was read.
func (in *input) ended() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.r == in.w && in.err == io.EOF
}

// interrupt ends waits, or lets them be again.
func (in *input) interrupt(cut bool) {
	in.mu.Lock()
	in.cut = cut
	in.more.Broadcast()
	in.mu.Unlock()
}

// close ends the reading, once what it reads from has ended, and returns the buffer.
func (in *input) close() []byte {
	in.mu.Lock()
	in.over = true
	in.more.Broadcast()
	in.mu.Unlock()
	<-in.done
	return in.buf
}
