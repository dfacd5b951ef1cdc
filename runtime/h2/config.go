package h2

import (
	"sync"
	"time"
)

// Config bounds a connection. Zero fields mean the defaults in parentheses.
type Config struct {
	// MaxStreams is how many streams the peer may have open (128), of servers only.
	MaxStreams int
	// HeadBytes is the size of one field section, counted as RFC 9113 section 6.5.2
	// does (64 KiB).
	HeadBytes int
	// Fields is how many fields a section may have, pseudo-fields included (128).
	Fields int
	// StreamWindow is how much content of a stream may wait to be read (256 KiB).
	StreamWindow int
	// ConnWindow is the same of all streams of the connection (1 MiB), at least 65,535.
	ConnWindow int
	// SendTimeout is how long the peer may take no byte before the connection ends
	// (60 s). That it opens no window is for the stream's user to bound.
	SendTimeout time.Duration
	// Connect: a server announces extended CONNECT (RFC 8441).
	Connect bool

	// What a peer may send in one second beyond what is of use. More ends the connection
	// with ENHANCE_YOUR_CALM.

	// Resets are streams that the peer began and then reset or broke, beyond as many as
	// ended well (twice MaxStreams): CVE-2023-44487.
	Resets int
	// Controls are frames that ask for an answer or for nothing: PING, SETTINGS,
	// PRIORITY and frames of unknown types, beyond one for each DATA frame with content
	// either way (1,000): gRPC measures links by PING.
	Controls int
	// Empties are DATA frames without content that end nothing (100).
	Empties int
	// Updates are WINDOW_UPDATE frames, beyond four for each DATA frame sent (2,000).
	Updates int
	// Continuations is how many CONTINUATION frames one section may have (32), not in a
	// second: CVE-2024-27316.
	Continuations int

	// Pool is where buffers come from while they are in use; connections share it. Nil
	// is one of the connection's own.
	Pool *Pool
}

func (c *Config) defaults() {
	set := func(p *int, v int) {
		if *p <= 0 {
			*p = v
		}
	}
	set(&c.MaxStreams, 128)
	set(&c.HeadBytes, 64<<10)
	set(&c.Fields, 128)
	set(&c.StreamWindow, 256<<10)
	set(&c.ConnWindow, 1<<20)
	set(&c.Resets, 2*c.MaxStreams)
	set(&c.Controls, 1000)
	set(&c.Empties, 100)
	set(&c.Updates, 2000)
	set(&c.Continuations, 32)
	c.StreamWindow = min(c.StreamWindow, maxWindow)
	c.ConnWindow = min(max(c.ConnWindow, firstWindow), maxWindow)
	if c.SendTimeout <= 0 {
		c.SendTimeout = 60 * time.Second
	}
	if c.Pool == nil {
		c.Pool = new(Pool)
	}
}

// Pool keeps buffers for connections. The zero Pool is ready for use.
type Pool struct {
	in, out sync.Pool
}

// inSize is a connection's read buffer: one frame of the largest size fits twice.
const inSize = 2 * (maxFrame + frameHead)

// outKeep is how large a write buffer may be to be kept.
const outKeep = 2 * outData

type buffer struct{ b []byte }

func (p *Pool) input() *buffer {
	if b, ok := p.in.Get().(*buffer); ok {
		return b
	}
	return &buffer{make([]byte, inSize)}
}

func (p *Pool) output() *buffer {
	if b, ok := p.out.Get().(*buffer); ok {
		return b
	}
	return &buffer{make([]byte, 0, 4096)}
}

func (p *Pool) putOutput(b *buffer) {
	if cap(b.b) <= outKeep {
		b.b = b.b[:0]
		p.out.Put(b)
	}
}
