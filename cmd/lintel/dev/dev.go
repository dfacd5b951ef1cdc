// Package dev runs a routes directory on one machine: it compiles in a child
// process, starts the gateway and an echo for every upstream that is not reachable,
// and swaps on save. What it serves is the bundle that compile emits, byte for byte.
package dev

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/cmd/lintel/local"
	"github.com/lintel-gateway/lintel/cmd/lintel/watch"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// Config says what to run. All fields but Color and Secrets are required.
type Config struct {
	// Dir is the routes directory.
	Dir string
	// Group is the gateway group that is served; "" means "default".
	Group string
	// Env is the environment that is served; "" means none.
	Env string
	// Listen and Admin are the addresses of the gateway.
	Listen, Admin string
	// Lintel and Gateway are the paths of the two programs.
	Lintel, Gateway string
	// Secrets is a folder with the values of secrets; those that are not there, or all
	// without one, are made up.
	Secrets string
	// Out receives what a person reads.
	Out io.Writer
	// Color asks the compiler for coloured diagnostics.
	Color bool
}

// session is one run.
type session struct {
	Config
	work    string // temporary folder
	current *bundle.Bundle
	standIn *local.StandIn
	gateway *local.Gateway
	echoes  *local.Echoes
}

// Run compiles, serves and watches until ctx ends or the gateway ends by itself. A
// routes directory with mistakes is served as soon as they are mended.
func Run(ctx context.Context, c Config) error {
	work, err := os.MkdirTemp("", "lintel-dev-")
	if err != nil {
		return fmt.Errorf("make work folder: %w", err)
	}
	s := &session{Config: c, work: work}
	defer s.close()
	saved, err := watch.Open(c.Dir)
	if err != nil {
		return err
	}
	defer saved.Close()
	if err := s.begin(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	if ctx.Err() != nil { // told to stop while it was starting
		fmt.Fprintln(s.Out, "stopping")
		return nil
	}
	for {
		select {
		case <-ctx.Done():
			fmt.Fprintln(s.Out, "stopping")
			return nil
		case <-s.gateway.Done():
			return s.gateway.Err()
		case err := <-saved.Failed:
			return err
		case <-saved.Changed:
			if err := s.change(ctx); err != nil {
				return err
			}
		}
	}
}

// begin compiles once and starts everything.
func (s *session) begin(ctx context.Context) error {
	text, ok, err := s.compile(ctx)
	if err != nil {
		return err
	}
	if !ok {
		fmt.Fprint(s.Out, text)
	} else if s.current, err = bundle.Open(s.bundleDir(), bundle.Limits{}); err != nil {
		return err
	}
	if s.standIn, err = local.NewStandIn(); err != nil {
		return err
	}
	ca, err := s.standIn.WriteCA(s.work)
	if err != nil {
		return err
	}
	if s.echoes, err = local.StartEchoes(ctx, s.current, true, s.standIn); err != nil {
		return err
	}
	if err := s.makeSecrets(s.current); err != nil {
		return err
	}
	s.gateway, err = local.StartGateway(ctx, local.GatewayConfig{
		Program: s.Gateway, Bundle: s.bundleDir(), Listen: s.Listen, Admin: s.Admin, Work: s.work, Dial: s.echoes.Dial, DialCA: ca,
		Secrets: s.secretsDir(),
	})
	if err != nil {
		return err
	}
	s.Listen, s.Admin = chosen(s.Listen, s.gateway.Listen), chosen(s.Admin, s.gateway.Admin)
	if s.current != nil {
		if err := s.gateway.Await(ctx, s.current.Digest()); err != nil {
			return err
		}
	}
	s.greet(text)
	return nil
}

// change compiles what was saved and waits for the gateway to swap.
func (s *session) change(ctx context.Context) error {
	start := time.Now()
	text, ok, err := s.compile(ctx)
	if err != nil || ctx.Err() != nil {
		return err
	}
	if !ok {
		fmt.Fprint(s.Out, text)
		if s.current != nil {
			s.say("the mistakes above keep the new routes out; still serving %s", short(s.current.Digest()))
		}
		return nil
	}
	next, err := bundle.Open(s.bundleDir(), bundle.Limits{})
	if err != nil {
		return err
	}
	before := s.current
	if before != nil && before.Digest() == next.Digest() {
		return nil
	}
	if err := s.makeSecrets(next); err != nil {
		return err
	}
	s.standIn.Know(next)
	if err := s.gateway.Await(ctx, next.Digest()); err != nil {
		s.say("the gateway did not take %s: %v", short(next.Digest()), err)
		return nil
	}
	s.current = next
	fmt.Fprint(s.Out, text) // warnings
	s.say("swapped to %s in %d ms: %s", short(next.Digest()), time.Since(start).Milliseconds(), changes(before, next))
	return nil
}

// chosen is the address as it was given, or as it came to be for a free port.
func chosen(given, actual string) string {
	if strings.HasSuffix(given, ":0") {
		return actual
	}
	return given
}

// makeSecrets writes the values of a bundle's secrets, which may be nil, to where the
// gateway looks for them.
func (s *session) makeSecrets(b *bundle.Bundle) error {
	if err := os.MkdirAll(s.secretsDir(), 0o700); err != nil || b == nil {
		return err
	}
	_, err := local.Secrets(b, s.Secrets, s.secretsDir(), s.standIn)
	return err
}

func (s *session) secretsDir() string { return filepath.Join(s.work, "secrets") }

func (s *session) bundleDir() string { return filepath.Join(s.work, "bundle") }

func (s *session) say(format string, args ...any) {
	fmt.Fprintf(s.Out, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// short is a digest as people compare it.
func short(digest string) string {
	if len(digest) > 19 {
		return digest[:19]
	}
	return digest
}

func (s *session) close() {
	if s.gateway != nil {
		s.gateway.Stop()
	}
	if s.echoes != nil {
		s.echoes.Close()
	}
	_ = os.RemoveAll(s.work)
}
