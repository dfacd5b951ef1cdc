package hostile

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Client is how the cases are played.
type Client struct {
	// Pieces sends a case in three writes with pauses, not in one.
	Pieces bool
	// Quiet is how long the proxy may keep silent before the client ends its side.
	Quiet time.Duration
	// Patience is how long the end of a connection and the answer to a probe may take.
	Patience time.Duration
}

// answers is what the client got.
type answers struct {
	statuses []int
	broken   string // what is no HTTP about it
	ended    bool   // the proxy has ended the connection
	before   bool   // it did so while the client's side was open
}

// play sends a case to address and reads the answers.
func (k Client) play(address string, c *Case) (answers, error) {
	nc, err := net.Dial("tcp", address)
	if err != nil {
		return answers{}, err
	}
	defer nc.Close()
	tcp := nc.(*net.TCPConn)
	_ = nc.SetDeadline(time.Now().Add(k.Quiet + k.Patience))
	go func() {
		// An error means that the proxy has refused before the end: the answer tells.
		n := len(c.Bytes)
		if k.Pieces && n > 2 {
			cut := n / 3
			_, _ = io.WriteString(nc, c.Bytes[:cut])
			time.Sleep(300 * time.Microsecond)
			_, _ = io.WriteString(nc, c.Bytes[cut:n-1])
			time.Sleep(300 * time.Microsecond)
			_, _ = io.WriteString(nc, c.Bytes[n-1:])
		} else {
			_, _ = io.WriteString(nc, c.Bytes)
		}
		if c.Cut {
			_ = tcp.CloseWrite()
		}
	}()
	var a answers
	in := bufio.NewReader(nc)
	method, _, _ := strings.Cut(strings.TrimLeft(c.Bytes, "\r\n"), " ")
	half := c.Cut
	end := func() {
		if !half {
			half = true
			_ = tcp.CloseWrite()
		}
	}
	for {
		if !half {
			n := len(a.statuses)
			if n >= c.Sent && a.statuses[n-1] < 400 {
				// A moment for an answer too many; after an error the end is to come.
				_ = nc.SetReadDeadline(time.Now().Add(2 * time.Millisecond))
			} else {
				_ = nc.SetReadDeadline(time.Now().Add(k.Quiet))
			}
		} else {
			_ = nc.SetReadDeadline(time.Now().Add(k.Patience))
		}
		_, err := in.Peek(1)
		if e, ok := err.(net.Error); ok && e.Timeout() {
			if half {
				return a, nil
			}
			end()
			continue
		}
		if err != nil {
			a.ended, a.before = true, !half
			return a, nil
		}
		_ = nc.SetReadDeadline(time.Now().Add(k.Patience))
		p, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			a.broken = err.Error()
			return a, nil
		}
		if _, err := io.Copy(io.Discard, p.Body); err != nil {
			a.broken = err.Error()
			return a, nil
		}
		if p.StatusCode >= 200 {
			a.statuses = append(a.statuses, p.StatusCode)
			if i := len(a.statuses); i < len(c.Requests) {
				method = c.Requests[i].Method
			}
		}
	}
}

// probe asks for a target of its own as a fresh client and says what is wrong with the
// answer, "" when it is the probe's.
func (k Client) probe(address, target string) string {
	nc, err := net.Dial("tcp", address)
	if err != nil {
		return err.Error()
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(k.Patience))
	_, _ = fmt.Fprintf(nc, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", target)
	p, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		return err.Error()
	}
	body, err := io.ReadAll(p.Body)
	if err != nil || p.StatusCode != 200 || string(body) != target {
		return fmt.Sprintf("%d %q %v", p.StatusCode, body, err)
	}
	return ""
}
