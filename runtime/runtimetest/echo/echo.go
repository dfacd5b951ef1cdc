// Package echo is an upstream that answers with what it received and simulates
// faults on request. It stands behind `lintel echo`, `lintel dev` and the tests; it
// is no part of the gateway.
package echo

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of one request.
const (
	maxBody  = 1 << 20  // bytes of the body that are echoed; the rest is only counted
	maxSize  = 64 << 20 // bytes that ?size= may ask for
	maxDelay = 5 * time.Minute
)

// Answer is the JSON that a request is answered with.
type Answer struct {
	// Name is the upstream that the echo stands for; absent in `lintel echo`.
	Name    string              `json:"name,omitempty"`
	Method  string              `json:"method"`
	Scheme  string              `json:"scheme"`
	Host    string              `json:"host"`
	Path    string              `json:"path"`
	Query   string              `json:"query"`
	Proto   string              `json:"proto"`
	Headers map[string][]string `json:"headers"`
	// Trailers are those of the request.
	Trailers map[string][]string `json:"trailers"`
	// Body is the request's body when it is text; BodyBase64 otherwise.
	Body       string `json:"body"`
	BodyBase64 string `json:"bodyBase64"`
	BodySize   int64  `json:"bodySize"`
	BodySHA256 string `json:"bodySha256"`
	TLS        *TLS   `json:"tls"`
}

// TLS describes the connection when it is encrypted.
type TLS struct {
	Version    string `json:"version"`
	ServerName string `json:"serverName"`
	ALPN       string `json:"alpn"`
	// Client is the subject of the client's certificate; absent when it has none.
	Client string `json:"client,omitempty"`
}

// Server returns an HTTP server (HTTP/1.1 and HTTP/2, plain and inside TLS) that echoes.
// Name is put into every answer.
func Server(name string) *http.Server {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           Handler(name),
		Protocols:         protocols,
		ReadHeaderTimeout: 30 * time.Second,
		MaxHeaderBytes:    1 << 20,
	}
}

// Handler echoes plain requests, WebSocket messages and gRPC messages.
func Handler(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, err := faultsOf(r.Header.Get)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		// A query belongs to the application: what is no fault there is ignored.
		if q, err := faultsOf(queryOf(r)); err == nil {
			f = f.or(q)
		}
		if !f.wait(r) {
			return
		}
		switch {
		case f.abort == "head":
			panic(http.ErrAbortHandler)
		case strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
			webSocket(w, r)
		case strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc"):
			grpc(w, r, f)
		default:
			plain(w, r, name, f)
		}
	})
}

// faults are what the request asks to be simulated, by query or by x-echo-* headers.
type faults struct {
	status int
	delay  time.Duration
	drip   time.Duration // how long the body takes
	size   int64
	abort  string // head: no answer; body: half an answer
}

func queryOf(r *http.Request) func(string) string {
	query := r.URL.Query()
	return func(name string) string { return query.Get(strings.TrimPrefix(name, "x-echo-")) }
}

func (f faults) or(o faults) faults {
	if o.status != 0 {
		f.status = o.status
	}
	if o.delay != 0 {
		f.delay = o.delay
	}
	if o.drip != 0 {
		f.drip = o.drip
	}
	if o.size != 0 {
		f.size = o.size
	}
	if o.abort != "" {
		f.abort = o.abort
	}
	return f
}

// faultsOf reads the faults from a source of values by header name.
func faultsOf(get func(string) string) (f faults, err error) {
	if v := get("x-echo-status"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 200 || n > 599 {
			return f, fmt.Errorf("status %q is no number from 200 to 599", v)
		}
		f.status = n
	}
	for name, to := range map[string]*time.Duration{"delay": &f.delay, "drip": &f.drip} {
		if v := get("x-echo-" + name); v != "" {
			if *to, err = time.ParseDuration(v); err != nil || *to < 0 || *to > maxDelay {
				return f, fmt.Errorf("%s %q is no duration up to %s, such as 250ms", name, v, maxDelay)
			}
		}
	}
	if v := get("x-echo-size"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 || n > maxSize {
			return f, fmt.Errorf("size %q is no number of bytes up to %d", v, maxSize)
		}
		f.size = n
	}
	if v := get("x-echo-abort"); v != "" {
		if v != "head" && v != "body" {
			v = "head"
		}
		f.abort = v
	}
	return f, nil
}

func (f faults) wait(r *http.Request) bool {
	if f.delay == 0 {
		return true
	}
	t := time.NewTimer(f.delay)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func plain(w http.ResponseWriter, r *http.Request, name string, f faults) {
	if f.status == 0 {
		f.status = http.StatusOK
	}
	a := describe(r, name)
	body, err := json.Marshal(a)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	contentType := "application/json"
	if f.size > 0 {
		body, contentType = bytes.Repeat([]byte("lintel--"), int(f.size/8)+1)[:f.size], "application/octet-stream"
	}
	if f.status == http.StatusNoContent || f.status == http.StatusNotModified {
		body = nil
	} else {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	// Fields that the upstream's answer is to have, such as "server: tomcat".
	for _, field := range r.Header.Values("x-echo-header") {
		if name, value, ok := strings.Cut(field, ":"); ok {
			w.Header().Add(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	w.WriteHeader(f.status)
	if f.abort == "body" {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	if r.Method == http.MethodHead {
		return
	}
	if f.drip > 0 {
		drip(w, r, body, f.drip)
		return
	}
	_, _ = w.Write(body)
}

// drips is in how many parts a body that takes its time is sent.
const drips = 10

// drip sends the body in parts, over the time given.
func drip(w http.ResponseWriter, r *http.Request, body []byte, over time.Duration) {
	out := http.NewResponseController(w)
	for i := range drips {
		if !(faults{delay: over / drips}).wait(r) {
			return
		}
		if _, err := w.Write(body[i*len(body)/drips : (i+1)*len(body)/drips]); err != nil {
			return
		}
		_ = out.Flush()
	}
}

func describe(r *http.Request, name string) Answer {
	path, query, _ := strings.Cut(r.RequestURI, "?")
	a := Answer{
		Name: name, Method: r.Method, Scheme: "http", Host: r.Host, Path: path, Query: query, Proto: r.Proto,
		Headers: lower(r.Header), Trailers: map[string][]string{},
	}
	if r.TLS != nil {
		a.Scheme = "https"
		a.TLS = &TLS{Version: tls.VersionName(r.TLS.Version), ServerName: r.TLS.ServerName, ALPN: r.TLS.NegotiatedProtocol}
		if len(r.TLS.PeerCertificates) > 0 {
			a.TLS.Client = r.TLS.PeerCertificates[0].Subject.String()
		}
	}
	h := sha256.New()
	var kept bytes.Buffer
	n, _ := io.Copy(h, io.TeeReader(io.LimitReader(r.Body, maxBody), &kept))
	more, _ := io.Copy(h, r.Body)
	a.BodySize, a.BodySHA256 = n+more, hex.EncodeToString(h.Sum(nil))
	if more == 0 {
		if utf8.Valid(kept.Bytes()) {
			a.Body = kept.String()
		} else {
			a.BodyBase64 = base64.StdEncoding.EncodeToString(kept.Bytes())
		}
	}
	a.Trailers = lower(r.Trailer)
	return a
}

func lower(h http.Header) map[string][]string {
	out := make(map[string][]string, len(h))
	for k, v := range h {
		out[strings.ToLower(k)] = v
	}
	return out
}
