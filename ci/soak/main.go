// Command soak keeps a built gateway under mixed load for a while: swaps of bundles,
// rotations of certificates and upstreams that die meanwhile, every answer checked. It
// prints what was asked and what became of it, and how memory, goroutines and descriptors
// went, and fails when something was lost or grows.
//
//	go run ./ci/soak -gateway bin/lintel-gateway -for 30m
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.gateway, "gateway", "bin/lintel-gateway", "the gateway's program")
	flag.DurationVar(&o.span, "for", 30*time.Minute, "how long")
	flag.IntVar(&o.swaps, "swaps", 10_000, "swaps of bundles in that time")
	flag.DurationVar(&o.every, "every", time.Minute, "between two samples")
	flag.DurationVar(&o.pause, "pause", 25*time.Millisecond, "between two requests of a client")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, o, os.Stdout)
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// options say what is soaked, and for how long.
type options struct {
	gateway string
	span    time.Duration
	swaps   int
	every   time.Duration
	pause   time.Duration
}
