package table

import "sync/atomic"

// Counter counts requests. It is safe for concurrent use.
type Counter struct{ n atomic.Uint64 }

// Add counts one and returns how many there were before it: a number that no other
// call gets.
func (c *Counter) Add() uint64 { return c.n.Add(1) - 1 }

// Value is the count so far.
func (c *Counter) Value() uint64 { return c.n.Load() }
