package handover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"
)

// stepTime bounds the steps that need no work: a greeting, the sockets, an answer.
const stepTime = 10 * time.Second

// Socket is a socket and the name that it is known by in both processes.
type Socket struct {
	Name string
	net.Listener
}

// ownName is the name of the socket on which handovers are asked for.
const ownName = "handover"

// Offer waits for a process that takes the sockets over.
type Offer struct {
	ln  *net.UnixListener
	log *slog.Logger
	// patience bounds the time from the sockets to the word that their new owner serves.
	patience time.Duration
}

// Open listens at path for the process that will replace this one. A file that nobody
// listens on any more is replaced.
func Open(path string, log *slog.Logger) (*Offer, error) {
	ln, err := listenAt(path)
	if err != nil {
		return nil, fmt.Errorf("handover: %w", err)
	}
	return &Offer{ln, log, 2 * Patience}, nil
}

// Close ends the offer, and removes the socket's file.
func (o *Offer) Close() {
	_ = o.ln.Close() // there is nobody to tell
}

// Run offers the sockets until ctx ends or they were handed over. Then it calls handed,
// which stops what must not go on beside the new owner, tells that one, and returns true.
// A new owner that dies or never serves changes nothing.
func (o *Offer) Run(ctx context.Context, list []Socket, handed func()) bool {
	defer context.AfterFunc(ctx, func() { o.Close() })()
	for {
		nc, err := o.ln.AcceptUnix()
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
				o.log.Warn("handover: nobody can take over any more", "error", err)
			}
			return false
		}
		err = o.serve(ctx, nc, list, handed)
		_ = nc.Close()
		if err == nil {
			return true
		}
		o.log.Warn("handover failed; this gateway goes on", "error", err)
	}
}

// serve makes one handover.
func (o *Offer) serve(ctx context.Context, nc *net.UnixConn, list []Socket, handed func()) error {
	defer context.AfterFunc(ctx, func() { _ = nc.SetDeadline(time.Unix(1, 0)) })()
	if err := sameUser(nc); err != nil {
		_ = send(nc, message{kind: refusal, text: err.Error()})
		return err
	}
	if err := expect(nc, hello, stepTime); err != nil {
		_ = send(nc, message{kind: refusal, text: err.Error()})
		return err
	}
	if err := o.pass(nc, list); err != nil {
		return fmt.Errorf("pass the sockets: %w", err)
	}
	o.log.Info("handover: another process has the sockets and starts")
	if err := expect(nc, ready, o.patience); err != nil {
		return fmt.Errorf("the new process is not ready: %w", err)
	}
	// From here on the files of Unix sockets are the new owner's.
	for _, s := range append(list, Socket{ownName, o.ln}) {
		if u, ok := s.Listener.(*net.UnixListener); ok {
			u.SetUnlinkOnClose(false)
		}
	}
	_ = o.ln.Close()
	handed()
	_ = send(nc, message{kind: going}) // a new owner that has died cannot be told
	return nil
}

// pass sends duplicates of the sockets.
func (o *Offer) pass(nc *net.UnixConn, list []Socket) error {
	m := message{kind: sockets}
	var descriptors []int
	defer func() { closeAll(descriptors) }()
	for _, s := range append(list, Socket{ownName, o.ln}) {
		fd, err := descriptor(s.Listener)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		descriptors = append(descriptors, fd)
		m.names = append(m.names, s.Name)
	}
	return send(nc, m, descriptors...)
}

// expect waits for a message without descriptors.
func expect(nc *net.UnixConn, want kind, patience time.Duration) error {
	m, descriptors, err := receive(nc, patience)
	closeAll(descriptors)
	switch {
	case err != nil:
		return err
	case m.kind == refusal:
		return errors.New(m.text)
	case m.kind != want:
		return errMalformed
	}
	return nil
}
