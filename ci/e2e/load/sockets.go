package load

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// Sockets are WebSockets that are kept open, each with a message every 100 ms that must
// come back. One that ends is opened again at once.
type Sockets struct {
	cancel context.CancelFunc
	wait   sync.WaitGroup
	mu     sync.Mutex
	tally  SocketTally
}

// SocketTally is what became of the sockets.
type SocketTally struct {
	Messages int           // that came back
	Ended    int           // sockets that the other side ended
	Open     int           // sockets at this moment
	Wrong    []string      // answers that were none, and sockets that could not be opened
	Longest  time.Duration // without an answer
}

// Err is nil when messages came back, every answer was right and every socket could be
// opened.
func (t SocketTally) Err() error {
	switch {
	case len(t.Wrong) > 0:
		return fmt.Errorf("WebSockets: %q", t.Wrong)
	case t.Messages == 0:
		return fmt.Errorf("no message came back over a WebSocket")
	}
	return nil
}

// Open opens n sockets to ws://address/path with the host.
func Open(ctx context.Context, n int, address, host, path string) *Sockets {
	ctx, cancel := context.WithCancel(ctx)
	s := &Sockets{cancel: cancel}
	for i := range n {
		s.wait.Go(func() {
			for ctx.Err() == nil {
				s.one(ctx, i, "ws://"+address+path, host)
			}
		})
	}
	return s
}

// Now is the tally so far.
func (s *Sockets) Now() SocketTally {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tally
}

// Stop closes the sockets and says what became of all.
func (s *Sockets) Stop() SocketTally {
	s.cancel()
	s.wait.Wait()
	return s.Now()
}

func (s *Sockets) one(ctx context.Context, i int, url, host string) {
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Host: host})
	if err != nil {
		s.wrong(ctx, fmt.Errorf("opening: %w", err))
		return
	}
	defer conn.CloseNow()
	s.add(func(t *SocketTally) { t.Open++ })
	defer s.add(func(t *SocketTally) { t.Open-- })
	for n := 0; ctx.Err() == nil; n++ {
		want := fmt.Sprintf("%d:%d", i, n)
		began := time.Now()
		err := conn.Write(ctx, websocket.MessageText, []byte(want))
		var got []byte
		if err == nil {
			_, got, err = conn.Read(ctx)
		}
		if err != nil {
			if ctx.Err() == nil {
				s.add(func(t *SocketTally) { t.Ended++ })
			}
			return
		}
		if string(got) != want {
			s.wrong(ctx, fmt.Errorf("sent %q, got %q", want, got))
			return
		}
		s.add(func(t *SocketTally) { t.Messages++; t.Longest = max(t.Longest, time.Since(began)) })
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *Sockets) add(change func(*SocketTally)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.tally)
}

func (s *Sockets) wrong(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	s.add(func(t *SocketTally) {
		if len(t.Wrong) < 5 {
			t.Wrong = append(t.Wrong, fmt.Sprintf("%s %v", time.Now().UTC().Format("15:04:05.000"), err))
		}
	})
}
