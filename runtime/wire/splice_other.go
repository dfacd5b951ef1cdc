//go:build !linux

package wire

import "errors"

const canSplice = false

// Pipe is empty where splice(2) does not exist.
type Pipe struct{}

// NewPipe fails.
func NewPipe() (*Pipe, error) { return nil, errors.ErrUnsupported }

// Held is 0.
func (p *Pipe) Held() int { return 0 }

// Close does nothing.
func (p *Pipe) Close() {}

func (r *rawConn) fill(*Pipe, int) (int, error) { return 0, errors.ErrUnsupported }
func (r *rawConn) drain(*Pipe) (int, error)     { return 0, errors.ErrUnsupported }
