package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/h2"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// call makes one unary call of gRPC and looks at all of the answer: h2load, which makes
// the many, sees no trailers. The message must come back.
func call(addr, host, path string, message []byte) error {
	nc, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return err
	}
	defer nc.Close()
	c := h2.NewClient(wire.New(nc), h2.Config{})
	ended := make(chan error, 1)
	go func() { ended <- c.Run() }()
	defer func() {
		c.Interrupt()
		<-ended
	}()
	late := time.AfterFunc(10*time.Second, c.Interrupt)
	defer late.Stop()
	s, err := c.Open()
	if err != nil {
		return err
	}
	defer s.Close()
	head := h2.Head{Method: "POST", Scheme: "http", Authority: host, Path: path, Length: -1, Trailers: true}
	head.Header.Add("content-type", "application/grpc")
	if n, err := s.Request(&head, message, true); err != nil || n < len(message) {
		return fmt.Errorf("a call took %d bytes: %w", n, errors.Join(err))
	}
	answer, err := s.Await()
	if err != nil {
		return err
	}
	body, err := io.ReadAll(s)
	if err != nil {
		return err
	}
	if answer.Status != 200 || !bytes.Equal(body, message) {
		return fmt.Errorf("a call was answered with %d and %d bytes", answer.Status, len(body))
	}
	if status := trailer(s.Trailer(), "grpc-status"); status != "0" {
		return fmt.Errorf("a call ended with the status %q of gRPC", status)
	}
	return nil
}

func trailer(h *filter.Header, name string) string {
	if h == nil {
		return ""
	}
	for _, f := range h.Fields() {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}
