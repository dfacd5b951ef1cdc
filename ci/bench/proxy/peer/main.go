// Command peer is what stands around the proxies of the benchmark and cannot be had as
// a package: a blind relay as the floor, a backend for gRPC and WebSocket, and load
// clients for WebSocket, TLS handshakes and idle connections.
//
//	peer relay -listen ADDR -to ADDR [-loops N]
//	peer backend -grpc ADDR -websocket ADDR
//	peer websocket|handshake -addr ADDR -conns N -for 2s
//	peer hold -addr ADDR -conns N
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

// options are the flags of all commands.
type options struct {
	listen, to      string
	loops           int
	grpc, websocket string
	addr            string
	host, path      string
	tls             bool
	conns           int
	span            time.Duration
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "peer: say which: relay, backend, websocket, handshake or hold")
		os.Exit(2)
	}
	run, ok := map[string]func(options) error{
		"relay": relay, "backend": backend, "websocket": websocketLoad, "handshake": handshakeLoad, "hold": hold,
	}[os.Args[1]]
	if !ok {
		fmt.Fprintf(os.Stderr, "peer: there is no %q\n", os.Args[1])
		os.Exit(2)
	}
	var o options
	fs := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	fs.StringVar(&o.listen, "listen", "", "address of the relay")
	fs.StringVar(&o.to, "to", "", "where the relay leads to")
	fs.IntVar(&o.loops, "loops", 1, "loops of the relay, each on a thread of its own")
	fs.StringVar(&o.grpc, "grpc", "", "address that takes HTTP/2 by prior knowledge")
	fs.StringVar(&o.websocket, "websocket", "", "address that takes WebSockets")
	fs.StringVar(&o.addr, "addr", "", "address of the proxy")
	fs.StringVar(&o.host, "host", "", "host that requests ask for")
	fs.StringVar(&o.path, "path", "/", "path that they ask for")
	fs.BoolVar(&o.tls, "tls", false, "speak TLS")
	fs.IntVar(&o.conns, "conns", 1, "connections")
	fs.DurationVar(&o.span, "for", time.Second, "how long")
	_ = fs.Parse(os.Args[2:])
	if err := run(o); err != nil {
		fmt.Fprintf(os.Stderr, "peer %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}
