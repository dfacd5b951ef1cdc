package replay

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

// line is a case's way to the gateway: one connection while the gateway keeps it
// open.
type line struct {
	player *Player
	spec   *cases.Spec
	// keep is how much of a body is kept, in bytes.
	keep int64
	conn *conn
}

// exchange sends the request and reads the answer. The answer may be there, in part,
// beside a mismatch.
func (l *line) exchange(ctx context.Context, q *request) (*answer, *cases.Mismatch) {
	limit := l.player.timeout(&l.spec.Expect)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		if err := l.connect(ctx); err != nil {
			return nil, l.fault(ctx, nil, err, limit)
		}
		again := l.conn.used
		l.conn.used = true
		a, err := l.once(ctx, q)
		if again && a == nil && closedUnanswered(err) {
			// The gateway had closed the connection before the request came.
			l.drop()
			continue
		}
		if err == nil && !a.close && l.conn.br.Buffered() > 0 {
			err = errors.New("more bytes came than the answer has")
		}
		if err != nil || a.close {
			l.drop()
		}
		if err != nil {
			if a != nil {
				a.cut = closedUnanswered(err) || errors.Is(err, io.ErrUnexpectedEOF)
			}
			return a, l.fault(ctx, a, err, limit)
		}
		return a, nil
	}
}

// once sends the request over the connection that there is.
func (l *line) once(ctx context.Context, q *request) (*answer, error) {
	c := l.conn
	deadline, _ := ctx.Deadline()
	_ = c.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	start := time.Now()
	var a *answer
	var err error
	if l.spec.Request.WebSocket != nil {
		a, err = l.webSocket(ctx, q)
	} else {
		a, err = c.roundTrip(q, l.keep)
	}
	stopped := stop()
	if a != nil {
		a.took = time.Since(start)
		a.close = a.close || !stopped
	}
	return a, err
}

// fault says in a sentence why there is no answer.
func (l *line) fault(ctx context.Context, a *answer, err error, limit time.Duration) *cases.Mismatch {
	m := exchangeFault(l.reason(ctx, a, err, limit))
	return &m
}

func (l *line) reason(ctx context.Context, a *answer, err error, limit time.Duration) string {
	where := "without an answer"
	if a != nil {
		where = "in the middle of the answer"
	}
	var op *net.OpError
	dialing := errors.As(err, &op) && op.Op == "dial"
	var cut *cutError
	switch {
	case errors.As(err, &cut):
		return cut.text
	case errors.Is(ctx.Err(), context.Canceled):
		return "the replay was stopped"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "no whole answer within " + limit.String()
	case dialing && errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens on " + l.player.Address
	case dialing:
		return "cannot connect to " + l.player.Address + ": " + op.Err.Error()
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection was reset " + where
	case errors.Is(err, io.EOF):
		return "the connection was closed " + where
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed in the middle of the answer"
	case op != nil:
		return op.Err.Error()
	}
	return err.Error()
}

// closedUnanswered tells that the connection ended where an answer was to begin.
func closedUnanswered(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// ofConnection tells an error of the connection from one in what it carried.
func ofConnection(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) || errors.Is(err, os.ErrDeadlineExceeded)
}
