package load

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/echo"
)

// run asks h for a moment and says what became of it.
func run(t *testing.T, h http.HandlerFunc, until func(Tally) bool) Tally {
	t.Helper()
	s := httptest.NewServer(h)
	defer s.Close()
	l := Start(context.Background(), time.Millisecond, Target{Address: s.Listener.Addr().String(), Host: "a.example", Path: "/", Clients: 2, Step: "x-step"})
	for end := time.Now().Add(20 * time.Second); !until(l.Now()) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	return l.Stop()
}

// TestLoad: only an answer of 200 with a step that does not go back is a good one.
func TestLoad(t *testing.T) {
	var n atomic.Int64
	good := run(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("x-step", fmt.Sprint(n.Add(1)/20))
		if n.Load()%7 == 0 {
			w.Header().Set("Connection", "close")
		}
	}, func(t Tally) bool { return t.Requests > 40 })
	if err := good.Err(); err != nil || good.Connections < 3 || len(good.Steps) < 2 {
		t.Errorf("%+v: %v", good, err)
	}
	for want, h := range map[string]http.HandlerFunc{
		"went back":               func(w http.ResponseWriter, r *http.Request) { w.Header().Set("x-step", fmt.Sprint(1000-n.Add(1))) },
		"answered without x-step": func(http.ResponseWriter, *http.Request) {},
		"503":                     func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503) },
		"EOF":                     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		tally := run(t, h, func(t Tally) bool { return t.Failed > 1 })
		if err := tally.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if (Tally{}).Err() == nil {
		t.Error("no request at all is no failure")
	}
}

// TestSockets: messages come back, and a socket that is ended is opened again.
func TestSockets(t *testing.T) {
	var kill atomic.Bool
	handler := echo.Handler("")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if kill.Load() {
			w.WriteHeader(503)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	defer s.Close()
	sockets := Open(context.Background(), 2, s.Listener.Addr().String(), "a.example", "/x")
	for end := time.Now().Add(20 * time.Second); sockets.Now().Messages < 4 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if now := sockets.Now(); now.Err() != nil || now.Open != 2 {
		t.Errorf("%+v: %v", now, now.Err())
	}
	sockets.Stop()
	kill.Store(true)
	sockets = Open(context.Background(), 1, s.Listener.Addr().String(), "a.example", "/x")
	for end := time.Now().Add(20 * time.Second); len(sockets.Now().Wrong) == 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if err := sockets.Stop().Err(); err == nil || !strings.Contains(err.Error(), "opening") {
		t.Errorf("sockets that cannot be opened: %v", err)
	}
}
