//go:build !linux

package wire

import (
	"errors"
	"net"
)

// rawConn is empty where raw access is not implemented: Conn goes through
// net.Conn.
type rawConn struct{}

func (r *rawConn) bind(net.Conn)            {}
func (r *rawConn) bound() bool              { return false }
func (r *rawConn) read([]byte) (int, error) { return 0, errors.ErrUnsupported }
func (r *rawConn) try([]byte) (int, error)  { return 0, errors.ErrUnsupported }
func (r *rawConn) send([]byte) (int, error) { return 0, errors.ErrUnsupported }
func (r *rawConn) loop(func() bool) error   { return errors.ErrUnsupported }
func (r *rawConn) quiet() bool              { return true }
func (r *rawConn) peer() PeerState          { return Open }
func (r *rawConn) exchange([]byte, []byte) (int, int, error) {
	return 0, 0, errors.ErrUnsupported
}
