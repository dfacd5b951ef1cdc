package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/lintel-gateway/lintel/ci/bench/proxy/load"
	"github.com/lintel-gateway/lintel/ci/bench/proxy/stat"
)

// patience is how long a client waits for anything.
const patience = 30 * time.Second

// each runs work on so many connections at once until the time is over, and prints a
// report. work returns how long each of its exchanges took, in microseconds.
func each(o options, work func(until time.Time) ([]float64, error)) error {
	var (
		mu    sync.Mutex
		wg    sync.WaitGroup
		r     load.Report
		times []float64
	)
	begin := time.Now()
	for range o.conns {
		wg.Go(func() {
			took, err := work(begin.Add(o.span))
			mu.Lock()
			defer mu.Unlock()
			times = append(times, took...)
			if err != nil {
				if r.Errors++; r.First == "" {
					r.First = err.Error()
				}
			}
		})
	}
	wg.Wait()
	r.Requests, r.Seconds = len(times), time.Since(begin).Seconds()
	r.P50, r.P99 = stat.Percentile(times, 0.5), stat.Percentile(times, 0.99)
	return json.NewEncoder(os.Stdout).Encode(r)
}

func dial(o options) (net.Conn, error) {
	c, err := net.DialTimeout("tcp", o.addr, patience)
	if err != nil {
		return nil, err
	}
	_ = c.SetDeadline(time.Now().Add(o.span + patience))
	if !o.tls {
		return c, nil
	}
	// X25519 alone: the key exchange that all judges have.
	t := tls.Client(c, &tls.Config{
		ServerName: o.host, InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.X25519},
	})
	if err := t.Handshake(); err != nil {
		c.Close()
		return nil, err
	}
	return t, nil
}

// get asks once and reads the whole response, which must be a 2xx with a length.
func get(c net.Conn, r *bufio.Reader, o options, connection string) error {
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: %s\r\n\r\n", o.path, o.host, connection); err != nil {
		return err
	}
	status, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(status, "HTTP/1.1 2") {
		return fmt.Errorf("answered %q", strings.TrimSpace(status))
	}
	length := -1
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		if line = strings.ToLower(strings.TrimSpace(line)); line == "" {
			break
		}
		if v, ok := strings.CutPrefix(line, "content-length:"); ok {
			if _, err := fmt.Sscan(v, &length); err != nil {
				return fmt.Errorf("content-length %q: %w", v, err)
			}
		}
	}
	if length < 0 {
		return errors.New("a response without a content-length")
	}
	_, err = r.Discard(length)
	return err
}

// handshakeLoad makes connections anew, each for one GET: it shows that the handshake
// was whole on both sides.
func handshakeLoad(o options) error {
	return each(o, func(until time.Time) (times []float64, err error) {
		for begin := time.Now(); begin.Before(until); begin = time.Now() {
			c, err := dial(o)
			if err != nil {
				return times, err
			}
			err = get(c, bufio.NewReader(c), o, "close")
			c.Close()
			if err != nil {
				return times, err
			}
			times = append(times, float64(time.Since(begin).Nanoseconds())/1e3)
		}
		return times, nil
	})
}

// websocketLoad sends a message of 64 bytes on each connection, waits for its echo, and
// sends the next.
func websocketLoad(o options) error {
	return each(o, func(until time.Time) (times []float64, err error) {
		c, err := dial(o)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		const key = "dGhlIHNhbXBsZSBub25jZQ=="
		if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", o.path, o.host, key); err != nil {
			return nil, err
		}
		r := bufio.NewReader(c)
		var head strings.Builder
		for !strings.HasSuffix(head.String(), "\r\n\r\n") {
			line, err := r.ReadString('\n')
			if err != nil {
				return nil, err
			}
			head.WriteString(line)
		}
		if h := head.String(); !strings.HasPrefix(h, "HTTP/1.1 101") || !strings.Contains(h, acceptKey(key)) {
			return nil, fmt.Errorf("no WebSocket: %q", h)
		}
		text := bytes.Repeat([]byte{'m'}, 64)
		frame := append([]byte{0x82, 0x80 | byte(len(text)), 1, 2, 3, 4}, text...)
		for i := range text {
			frame[6+i] ^= frame[2+i%4]
		}
		got := make([]byte, 256)
		for begin := time.Now(); begin.Before(until); begin = time.Now() {
			if _, err := c.Write(frame); err != nil {
				return times, err
			}
			n, err := readMessage(r, got)
			if err != nil {
				return times, err
			}
			if !bytes.Equal(got[:n], text) {
				return times, errors.New("another message came back")
			}
			times = append(times, float64(time.Since(begin).Nanoseconds())/1e3)
		}
		return times, nil
	})
}

// hold opens connections, asks once on each, prints a line and keeps them until its
// input ends.
func hold(o options) error {
	o.span = time.Hour
	for i := range o.conns {
		c, err := dial(o)
		if err == nil {
			err = get(c, bufio.NewReader(c), o, "keep-alive")
		}
		if err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
		defer c.Close()
	}
	fmt.Println("held")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}
