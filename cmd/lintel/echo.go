package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/echo"
)

var echoVerb = verb{
	name: "echo", purpose: "serve an upstream that answers with what it received",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		listen := fs.String("listen", "127.0.0.1:8090", "`ADDR` to listen on")
		name := fs.String("name", "", "`NAME` to put into every answer")
		return func(ctx context.Context, s streams, args []string) error {
			if len(args) > 0 {
				return usageError{"takes no arguments"}
			}
			l, err := net.Listen("tcp", *listen)
			if err != nil {
				return fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", *listen, err)
			}
			fmt.Fprintf(s.err, "echo listens on http://%s; ask for faults with ?status= ?delay= ?drip= ?size= ?abort= or x-echo-* headers\n", l.Addr())
			server := echo.Server(*name)
			stopped := make(chan struct{})
			go func() {
				<-ctx.Done()
				end, cancel := context.WithTimeout(context.Background(), 2*time.Second)
				defer cancel()
				_ = server.Shutdown(end)
				_ = server.Close()
				close(stopped)
			}()
			err = server.Serve(l)
			if ctx.Err() != nil {
				<-stopped
				return nil
			}
			return err
		}
	},
}
