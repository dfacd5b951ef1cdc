package testbed

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// Origin is an upstream whose answers follow from the request.
type Origin struct {
	// Address is where it listens.
	Address string
	server  *http.Server
}

// StartOrigin runs an origin at address, such as 127.0.0.1:0. It speaks HTTP/1.1 and
// HTTP/2 by prior knowledge; with a certificate both inside TLS.
func StartOrigin(address string, certificate *tls.Certificate) (*Origin, error) {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("start an origin: %w", err)
	}
	var both http.Protocols
	both.SetHTTP1(true)
	both.SetHTTP2(true)
	both.SetUnencryptedHTTP2(true)
	o := &Origin{Address: ln.Addr().String(), server: &http.Server{
		Handler: handler(), Protocols: &both, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0),
	}}
	if certificate != nil {
		o.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}}
		go func() { _ = o.server.ServeTLS(ln, "", "") }()
		return o, nil
	}
	go func() { _ = o.server.Serve(ln) }()
	return o, nil
}

// Kill ends the origin and every connection to it at once.
func (o *Origin) Kill() { _ = o.server.Close() }

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/bytes", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.ParseInt(r.URL.Query().Get("n"), 10, 64)
		if err != nil || n < 0 {
			http.Error(w, "n is how many bytes to send", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(Pattern{}, 0, n))
	})
	mux.HandleFunc("/sum", func(w http.ResponseWriter, r *http.Request) {
		n, err := CheckPattern(r.Body)
		_, _ = fmt.Fprintf(w, "%d %v", n, err)
	})
	mux.HandleFunc("/trailers", func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		w.Header().Set("Trailer", "X-Count, X-Came")
		_, _ = io.WriteString(w, "body")
		w.Header().Set("X-Count", strconv.FormatInt(n, 10))
		w.Header().Set("X-Came", r.Trailer.Get("X-Sent"))
	})
	mux.HandleFunc("/status/{code}", func(w http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(r.PathValue("code"))
		if err != nil || code < 200 || code > 599 {
			code = http.StatusBadRequest
		}
		w.WriteHeader(code)
	})
	mux.HandleFunc("/ws", ws)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "origin "+r.Method+" "+r.URL.Path+"\n")
	})
	return mux
}

// echo gives back what it gets, while it comes.
func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("X-Token", r.Header.Get("X-Token"))
	w.Header().Set("X-Method", r.Method)
	w.Header().Set("X-Host", r.Host)
	w.Header().Set("X-Query", r.URL.RawQuery)
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex()
	if r.ContentLength > 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	b := make([]byte, 16<<10)
	for {
		n, err := r.Body.Read(b)
		if n > 0 {
			if _, err := w.Write(b[:n]); err != nil {
				return
			}
			_ = control.Flush()
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			panic(http.ErrAbortHandler) // what is cut here must not look whole there
		}
	}
}

// ws gives back the messages of a WebSocket. A text "close CODE" ends it with that code.
func ws(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	c.SetReadLimit(64 << 20)
	ctx := context.WithoutCancel(r.Context())
	for {
		kind, data, err := c.Read(ctx)
		if err != nil {
			return
		}
		if rest, ok := strings.CutPrefix(string(data[:min(len(data), 16)]), "close "); ok && kind == websocket.MessageText {
			code, _ := strconv.Atoi(rest)
			_ = c.Close(websocket.StatusCode(code), "asked for")
			return
		}
		if err := c.Write(ctx, kind, data); err != nil {
			return
		}
	}
}
