// Package h2 speaks HTTP/2 on one connection, as a server to clients or as a client to
// upstreams (RFC 9113).
package h2

import (
	"sync"
	"time"

	"github.com/lintel-gateway/lintel/runtime/wire"
)

// Conn is one connection. Serve or Run is its reader; everything else may be called
// from any goroutine.
type Conn struct {
	wc     *wire.Conn
	cfg    Config
	client bool
	handle func(*Stream)

	in *input // only the reader uses it

	mu      sync.Mutex
	room    sync.Cond // the reader waits here for out to be written, and the end for the writer
	streams map[uint32]*Stream
	open    int    // streams in use by the peer's count, or by ours of a client
	running int    // handlers
	last    uint32 // the highest id that was begun
	begun   uint64 // bit i: the stream 2*i below last was begun by the peer
	resets  closedRing
	free    []*Stream
	idle    []*worker
	since   time.Time // when the last stream ended

	dec     decoder
	enc     encoder
	block   block // the field section that is not whole yet
	flood   flood
	settled bool // the peer's first SETTINGS came
	acked   bool // the peer has taken ours
	peer    peerSettings

	recvWin int // what the peer may send now, of all streams
	unsaid  int // read since the last WINDOW_UPDATE
	sendWin int64
	queue   []*Stream // that have content to send and a window for it, in turn

	out     *buffer // what is to be written next
	writing bool
	batch   batch
	pings   []ping
	pinged  uint64

	goAway    uint8 // how far our own has come
	goAwayAck [8]byte
	lastTaken uint32 // what our last GOAWAY named
	peerAway  bool
	ended     error // why the connection is over
	hurry     bool  // the last frames have had their time
	mute      bool  // nothing is written any more
	looking   bool  // a timer will look at the connection
	stirred   bool  // something came since it was set
	timers    [2]*time.Timer

	users sync.WaitGroup // goroutines that use the connection
}

// peerSettings are what the peer has said (RFC 9113 section 6.5.2).
type peerSettings struct {
	streams uint32
	window  int64
	connect bool
}

// batch is what the frames of one read lead to, done when all of them were taken.
type batch struct {
	ready []*Stream // to be handled
	gone  []*Stream // whose Gone is to be called
}

// NewServer takes a connection on which a client speaks HTTP/2 from its first byte on.
func NewServer(wc *wire.Conn, cfg Config) *Conn { return newConn(wc, cfg, false) }

// NewClient takes a connection whose server has been found to speak HTTP/2.
func NewClient(wc *wire.Conn, cfg Config) *Conn { return newConn(wc, cfg, true) }

func newConn(wc *wire.Conn, cfg Config, client bool) *Conn {
	cfg.defaults()
	c := &Conn{
		wc: wc, cfg: cfg, client: client,
		streams: map[uint32]*Stream{},
		dec:     decoder{table: table{max: tableBytes}},
		enc:     newEncoder(),
		peer:    peerSettings{streams: maxStreamID, window: firstWindow},
		recvWin: cfg.ConnWindow,
		sendWin: firstWindow,
		since:   time.Now(),
	}
	c.room.L = &c.mu
	c.in = newInput(c)
	if client {
		// Until its SETTINGS say more, a server may have a small limit.
		c.peer.streams = 100
	}
	c.greet()
	return c
}

// greet puts what a connection begins with into the write buffer (RFC 9113 section 3.4).
func (c *Conn) greet() {
	b := c.output()
	if c.client {
		b = append(b, Preface...)
	}
	at := len(b)
	b = appendFrameHead(b, 0, frameSettings, 0, 0)
	if c.client {
		b = appendSetting(b, settingPush, 0)
	} else {
		b = appendSetting(b, settingStreams, uint32(c.cfg.MaxStreams))
		if c.cfg.Connect {
			b = appendSetting(b, settingConnect, 1)
		}
	}
	b = appendSetting(b, settingWindow, uint32(c.cfg.StreamWindow))
	b = appendSetting(b, settingHead, uint32(c.cfg.HeadBytes))
	patchLength(b[at:], len(b)-at-frameHead)
	if n := c.cfg.ConnWindow - firstWindow; n > 0 {
		b = appendWindow(b, 0, uint32(n))
	}
	c.out.b = b
}

// Serve runs a server's connection to its end. It calls handle, on a goroutine of its
// own, for each stream whose head is whole and valid; the stream is closed when handle
// returns. first are bytes that were read already. Serve returns when the connection is
// over and every handle has returned: nil after an end in order (also of the client's
// alone), a *ConnError when the client broke the protocol, wire.ErrInterrupted after
// Interrupt, or what broke the connection. The caller closes it.
func (c *Conn) Serve(first []byte, handle func(*Stream)) error {
	c.handle = handle
	return c.run(first)
}

// Run runs a client's connection to its end, as Serve does. Requests may be sent before
// it is called.
func (c *Conn) Run() error { return c.run(nil) }

// Streams is how many streams are open now.
func (c *Conn) Streams() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open
}

// Idle is how long ago the last stream ended, or the connection began; 0 while a stream
// is open or handled.
func (c *Conn) Idle() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open > 0 || c.running > 0 {
		return 0
	}
	return max(time.Since(c.since), 1)
}

// Connect tells whether the peer has announced extended CONNECT (RFC 8441 section 3).
// A client knows it after a Ping at the latest.
func (c *Conn) Connect() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.peer.connect
}

// Interrupt ends Serve or Run now: every stream is broken and nothing more is sent. The
// caller closes or aborts the connection when it has returned.
func (c *Conn) Interrupt() {
	c.mu.Lock()
	c.end(wire.ErrInterrupted)
	c.hurry = true
	c.mu.Unlock()
	c.wc.Interrupt(true, true)
}

// end says that the connection is over; the first reason holds. c.mu is held.
func (c *Conn) end(err error) {
	if c.ended != nil {
		return
	}
	c.ended = err
	for _, s := range c.streams {
		c.lose(s, ErrGone)
	}
	clear(c.streams)
	c.queue = c.queue[:0]
	c.room.Broadcast()
}
