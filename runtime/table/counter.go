package table

import "sync/atomic"

// Counter counts the requests of one route.
type Counter struct{ n atomic.Uint64 }

// Add counts one.
func (c *Counter) Add() { c.n.Add(1) }

// Value is the count so far.
func (c *Counter) Value() uint64 { return c.n.Load() }
