package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/lintel-gateway/lintel/cmd/lintel/local"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/echo"
)

var echoVerb = verb{
	name: "echo", purpose: "serve an upstream that answers with what it received",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		listen := fs.String("listen", "127.0.0.1:8090", "`ADDR` to listen on")
		name := fs.String("name", "", "`NAME` to put into every answer")
		var t echoTLS
		fs.BoolVar(&t.made, "tls", false, "take TLS too, with a certificate made for whatever name is asked for")
		fs.StringVar(&t.ca, "tls-ca", "", "write the authority of the certificates that --tls makes to `FILE`")
		fs.StringVar(&t.cert, "tls-cert", "", "take TLS too, with the certificate (PEM) in `FILE`")
		fs.StringVar(&t.key, "tls-key", "", "its private key (PEM) in `FILE`")
		return func(ctx context.Context, s streams, args []string) error {
			if len(args) > 0 {
				return usageError{"takes no arguments"}
			}
			if err := t.check(); err != nil {
				return err
			}
			l, err := net.Listen("tcp", *listen)
			if err != nil {
				return fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", *listen, err)
			}
			defer l.Close()
			config, err := t.config(l.Addr())
			if err != nil {
				return err
			}
			scheme := "http"
			if config != nil {
				scheme = "https"
			}
			fmt.Fprintf(s.err, "echo listens on %s://%s; ask for faults with ?status= ?delay= ?drip= ?size= ?abort= or x-echo-* headers\n", scheme, l.Addr())
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
			err = server.Serve(echo.Listen(l, config))
			if ctx.Err() != nil {
				<-stopped
				return nil
			}
			return err
		}
	},
}

// echoTLS are the flags of the echo that concern TLS.
type echoTLS struct {
	made          bool
	ca, cert, key string
}

func (t *echoTLS) check() error {
	switch {
	case (t.cert == "") != (t.key == ""):
		return usageError{"--tls-cert and --tls-key go together"}
	case t.made && t.cert != "":
		return usageError{"--tls makes a certificate, and --tls-cert gives one: choose"}
	case t.ca != "" && !t.made:
		return usageError{"--tls-ca says where to write the authority of --tls"}
	}
	return nil
}

// config is nil when the echo takes no TLS.
func (t *echoTLS) config(at net.Addr) (*tls.Config, error) {
	switch {
	case t.made:
		s, err := local.NewStandIn()
		if err != nil {
			return nil, err
		}
		host, _, err := net.SplitHostPort(at.String())
		if err != nil {
			return nil, err
		}
		s.Have("localhost", "127.0.0.1", "::1", host)
		if t.ca != "" {
			if err := os.WriteFile(t.ca, s.PEM(), 0o644); err != nil {
				return nil, fmt.Errorf("write the authority: %w", err)
			}
		}
		return s.Config(), nil
	case t.cert != "":
		pair, err := tls.LoadX509KeyPair(t.cert, t.key)
		if err != nil {
			return nil, fmt.Errorf("read --tls-cert and --tls-key: %w", err)
		}
		return &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert, NextProtos: []string{"h2", "http/1.1"}}, nil
	}
	return nil, nil
}
