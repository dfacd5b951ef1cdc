package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"github.com/quic-go/quic-go/http3"

	"github.com/lintel-gateway/lintel/ci/testbed"
)

// client asks for one thing again and again.
type client struct {
	name  string
	pause time.Duration
	// ask makes one exchange and checks it. An error that is errExpected is the doing of
	// an injected fault.
	ask func(ctx context.Context) error
}

// errExpected is how an exchange ends that meets a fault of the soak's own.
var errExpected = errors.New("met an injected fault")

func (c *client) work(ctx context.Context, t *tally) {
	for ctx.Err() == nil {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		err := c.ask(bounded)
		cancel()
		switch {
		case errors.Is(err, errExpected):
			t.fault(c.name)
		case err != nil:
			t.wrong(c.name, err)
		default:
			t.good(c.name)
		}
		select {
		case <-ctx.Done():
		case <-time.After(c.pause/2 + rand.N(c.pause+1)):
		}
	}
}

// clients are all kinds of them.
func clients(g *testbed.Gateway, pause time.Duration) []*client {
	var out []*client
	add := func(name string, slower int, ask func(context.Context) error) {
		out = append(out, &client{name, pause * time.Duration(slower), ask})
	}
	for version, c := range dialects(g) {
		for _, host := range []string{testbed.Host, hostTwo} {
			name := version + " to " + host
			add(name+": echo", 1, func(ctx context.Context) error { return echo(ctx, c, host, 1+rand.IntN(40_000)) })
			add(name+": small", 1, func(ctx context.Context) error { return echo(ctx, c, host, 0) })
			add(name+": trailers", 4, func(ctx context.Context) error { return trailers(ctx, c, host) })
			add(name+": 3 MB down", 40, func(ctx context.Context) error { return down(ctx, c, host, 3_000_000) })
			add(name+": 3 MB up", 40, func(ctx context.Context) error { return up(ctx, c, host, 3_000_000) })
		}
		add(version+": gives up", 8, func(ctx context.Context) error { return leave(ctx, c) })
		add(version+": upstream dies", 4, func(ctx context.Context) error { return frail(ctx, c) })
	}
	for scheme, addr := range map[string]string{"ws": g.Plain, "wss": g.Secure} {
		url := scheme + "://" + addr
		add("WebSocket "+scheme, 4, func(ctx context.Context) error { return talk(ctx, g, url) })
	}
	add("slow reader", 20, func(ctx context.Context) error { return slow(ctx, g) })
	add("half a head", 8, func(context.Context) error { return half(g) })
	return out
}

// dialects are clients of each version, plain and with TLS.
func dialects(g *testbed.Gateway) map[string]*dialect {
	h2, h2c := &http.Protocols{}, &http.Protocols{}
	h2.SetHTTP2(true)
	h2c.SetUnencryptedHTTP2(true)
	one := &http.Protocols{}
	one.SetHTTP1(true)
	make := func(p *http.Protocols, scheme, addr string) *dialect {
		tr := &http.Transport{Protocols: p, TLSClientConfig: g.TLS(), MaxIdleConnsPerHost: 16, IdleConnTimeout: 20 * time.Second}
		tr.TLSClientConfig.ServerName = testbed.Host
		return &dialect{&http.Client{Transport: tr}, scheme + "://" + addr}
	}
	quic := g.TLS()
	quic.ServerName = testbed.Host
	three := &dialect{&http.Client{Transport: &http3.Transport{TLSClientConfig: quic}}, "https://" + g.Secure}
	return map[string]*dialect{
		"HTTP/3": three, "HTTP/1.1": make(one, "http", g.Plain), "HTTP/1.1 TLS": make(one, "https", g.Secure),
		"HTTP/2": make(h2c, "http", g.Plain), "HTTP/2 TLS": make(h2, "https", g.Secure),
	}
}

// dialect is a client and where it asks.
type dialect struct {
	*http.Client
	base string
}

func (d *dialect) request(ctx context.Context, method, host, path string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, d.base+path, body)
	if err != nil {
		return nil, err
	}
	r.Host = host
	if method == "PUT" {
		r.Header.Set("x-token", path)
	}
	return d.Do(r)
}

func echo(ctx context.Context, c *dialect, host string, n int) error {
	token := fmt.Sprint(rand.Uint64())
	sent, err := io.ReadAll(testbed.Patterned(int64(n)))
	if err != nil {
		return err
	}
	var body io.Reader = bytes.NewReader(sent)
	if n%2 == 1 {
		body = struct{ io.Reader }{body}
	}
	resp, err := c.request(ctx, "PUT", host, "/echo?"+token, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != 200 || !bytes.Equal(got, sent) || resp.Header.Get("x-query") != token || resp.Header.Get("x-host") != host {
		return fmt.Errorf("%d, %d of %d bytes, query %q for %q, host %q", resp.StatusCode, len(got), n, resp.Header.Get("x-query"), token, resp.Header.Get("x-host"))
	}
	return nil
}

func trailers(ctx context.Context, c *dialect, host string) error {
	r, err := http.NewRequestWithContext(ctx, "POST", c.base+"/trailers", struct{ io.Reader }{bytes.NewReader([]byte("abc"))})
	if err != nil {
		return err
	}
	r.Host, r.Trailer = host, http.Header{"X-Sent": {"seven"}}
	resp, err := c.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err != nil {
		return err
	}
	if resp.Trailer.Get("X-Count") != "3" || resp.Trailer.Get("X-Came") != "seven" {
		return fmt.Errorf("%d, trailers %v", resp.StatusCode, resp.Trailer)
	}
	return nil
}

func down(ctx context.Context, c *dialect, host string, n int64) error {
	resp, err := c.request(ctx, "GET", host, fmt.Sprintf("/bytes?n=%d", n), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if got, err := testbed.CheckPattern(resp.Body); err != nil || got != n {
		return fmt.Errorf("%d, %d of %d bytes, %w", resp.StatusCode, got, n, err)
	}
	return nil
}

func up(ctx context.Context, c *dialect, host string, n int64) error {
	resp, err := c.request(ctx, "POST", host, "/sum", struct{ io.Reader }{testbed.Patterned(n)})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || string(text) != fmt.Sprintf("%d <nil>", n) {
		return fmt.Errorf("%d %q, %w", resp.StatusCode, text, err)
	}
	return nil
}

// leave gives up in the middle of a response.
func leave(ctx context.Context, c *dialect) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	resp, err := c.request(ctx, "GET", testbed.Host, "/bytes?n=2000000", nil)
	if err != nil {
		return err
	}
	_, err = io.ReadFull(resp.Body, make([]byte, 1000))
	cancel()
	_ = resp.Body.Close()
	return err
}

// frail asks an upstream that may die: what comes is whole, or shows that it is not.
func frail(ctx context.Context, c *dialect) error {
	const n = 200_000
	resp, err := c.request(ctx, "GET", hostFrail, fmt.Sprintf("/bytes?n=%d", n), nil)
	var reset *http3.Error
	switch {
	case errors.As(err, &reset) && reset.Remote && reset.ErrorCode == http3.ErrCodeInternalError:
		// A reset of QUIC overtakes what was sent before it, the head too (RFC 9000
		// section 3.2).
		return errExpected
	case err != nil:
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 500 {
		_, _ = io.Copy(io.Discard, resp.Body)
		return errExpected
	}
	got, err := testbed.CheckPattern(resp.Body)
	switch {
	case got == n && err == nil:
		return nil
	case err != nil && got < n:
		return errExpected
	}
	return fmt.Errorf("%d, %d of %d bytes passed for whole, %w", resp.StatusCode, got, n, err)
}

// talk holds a WebSocket open for a few messages.
func talk(ctx context.Context, g *testbed.Gateway, url string) error {
	tr := &http.Transport{TLSClientConfig: g.TLS("http/1.1")}
	defer tr.CloseIdleConnections()
	c, _, err := websocket.Dial(ctx, url+"/ws", &websocket.DialOptions{Host: testbed.Host, HTTPClient: &http.Client{Transport: tr}})
	if err != nil {
		return err
	}
	defer func() { _ = c.CloseNow() }()
	for range 5 {
		sent := fmt.Sprint(rand.Uint64())
		if err := c.Write(ctx, websocket.MessageText, []byte(sent)); err != nil {
			return err
		}
		if _, got, err := c.Read(ctx); err != nil || string(got) != sent {
			return fmt.Errorf("%q became %q, %w", sent, got, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return c.Close(websocket.StatusNormalClosure, "")
}

// slow takes a response in small pieces.
func slow(ctx context.Context, g *testbed.Gateway) error {
	c := &dialect{&http.Client{Transport: &http.Transport{DisableKeepAlives: true, ReadBufferSize: 4096}}, "http://" + g.Plain}
	resp, err := c.request(ctx, "GET", testbed.Host, "/bytes?n=400000", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if got, err := testbed.CheckPattern(sluggish{resp.Body}); err != nil || got != 400_000 {
		return fmt.Errorf("%d bytes, %w", got, err)
	}
	return nil
}

type sluggish struct{ io.Reader }

func (s sluggish) Read(p []byte) (int, error) {
	time.Sleep(20 * time.Millisecond)
	return s.Reader.Read(p[:min(len(p), 8<<10)])
}

// half sends a part of a head and leaves.
func half(g *testbed.Gateway) error {
	nc, err := net.DialTimeout("tcp", g.Plain, 10*time.Second)
	if err != nil {
		return err
	}
	_, _ = io.WriteString(nc, "GET / HTTP/1.1\r\nHost: ga")
	return nc.Close()
}
