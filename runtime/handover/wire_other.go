//go:build !linux

package handover

import (
	"errors"
	"net"
	"time"
)

var errSystem = errors.New("only Linux can hand sockets over")

func listenAt(string) (*net.UnixListener, error) { return nil, errSystem }
func dialTo(string) (*net.UnixConn, error)       { return nil, errSystem }
func sameUser(*net.UnixConn) error               { return errSystem }
func descriptor(net.Listener) (int, error)       { return 0, errSystem }
func listener(int) (net.Listener, error)         { return nil, errSystem }
func closeAll([]int)                             {}

func send(*net.UnixConn, message, ...int) error { return errSystem }

func receive(*net.UnixConn, time.Duration) (message, []int, error) {
	return message{}, nil, errSystem
}
