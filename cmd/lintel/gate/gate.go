// Package gate replays the cases of a routes directory against a gateway that
// serves the very bundle that will ship, and gives a verdict.
package gate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/lintel-gateway/lintel/cmd/lintel/local"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// Config says what to replay. Cases and K6 are required, and Bundle and Gateway
// unless Live is set.
type Config struct {
	// Bundle is what the gateway serves, byte for byte.
	Bundle *bundle.Encoded
	// Cases are what is replayed; they belong to the bundle.
	Cases *cases.Set
	// Gateway and K6 are the paths of lintel-gateway and lintel-k6.
	Gateway, K6 string
	// Live is the URL of a gateway that runs already; nothing else is started then.
	Live string
	// Script replaces the replay script that lintel-k6 carries.
	Script string
	// Secrets is a folder with the values of declared secrets; those that are not
	// there are made up.
	Secrets string
	// Listen and Admin are the gateway's addresses; absent: free ports.
	Listen, Admin string
	// Parallel is how many cases are played at once; 0 means 8.
	Parallel int
	// Timeout bounds the whole replay; 0 means 10 minutes. CaseTimeout bounds one
	// answer; 0 is the player's own.
	Timeout, CaseTimeout time.Duration
	// Lenient lets cases fail that need a secret which the bundle does not declare.
	Lenient bool
	// Verdict, when set, is called with the outcome while the gateway still runs, and
	// its addresses; it runs until Verdict returns.
	Verdict func(ctx context.Context, v *Verdict, listen, admin string)
}

// Verdict is what a replay came to.
type Verdict struct {
	// Cases and Results belong together by index; there is a result for every case.
	Cases   []cases.Case
	Results []cases.Result
	// Crossed tells that k6 found a threshold crossed although all cases passed.
	Crossed bool
	// Took is the time of the replay alone; CPU and Peak what k6 used of processor
	// time and memory in bytes.
	Took time.Duration
	CPU  time.Duration
	Peak int64
}

// Failed counts the cases that did not pass.
func (v *Verdict) Failed() (n int) {
	for i := range v.Results {
		if !v.Results[i].Passed {
			n++
		}
	}
	return n
}

// Run replays the cases. Failed cases are part of the verdict; an error says that
// the machinery failed, and then there is no verdict. Nothing that was started is
// left running.
func Run(ctx context.Context, c Config) (*Verdict, error) {
	work, err := os.MkdirTemp("", "lintel-test-")
	if err != nil {
		return nil, fmt.Errorf("make work folder: %w", err)
	}
	defer os.RemoveAll(work)
	r := &run{Config: c, work: work}
	defer r.close()
	limit := c.Timeout
	if limit <= 0 {
		limit = 10 * time.Minute
	}
	bound, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the replay did not end within %s", limit))
	defer cancel()
	v, err := r.run(bound)
	if err != nil && ctx.Err() == nil && bound.Err() != nil {
		err = context.Cause(bound)
	}
	if err != nil {
		return nil, err
	}
	if c.Verdict != nil {
		listen, admin := "", ""
		if r.gateway != nil {
			listen, admin = r.gateway.Listen, r.gateway.Admin
		}
		c.Verdict(ctx, v, listen, admin)
	}
	return v, nil
}

// run is one replay.
type run struct {
	Config
	work    string
	echoes  *local.Echoes
	gateway *local.Gateway
	secrets *secrets
	standIn *local.StandIn
}

func (r *run) close() {
	if r.gateway != nil {
		r.gateway.Stop()
	}
	if r.echoes != nil {
		r.echoes.Close()
	}
}

func (r *run) run(ctx context.Context) (*Verdict, error) {
	k, err := newK6(ctx, r.K6, r.Script)
	if err != nil {
		return nil, err
	}
	b, err := bundle.Decode(r.Bundle.Files(), bundle.Limits{})
	if err != nil {
		return nil, err
	}
	if r.standIn, err = local.NewStandIn(); err != nil {
		return nil, err
	}
	if r.secrets, err = gather(b, r.Secrets, r.file("secrets"), r.Live != "", r.standIn); err != nil {
		return nil, err
	}
	if err := r.secrets.check(r.Cases); err != nil && !r.Lenient {
		return nil, err
	}
	if err := r.secrets.write(r.file("secrets.json")); err != nil {
		return nil, err
	}
	var t *target
	if r.Live != "" {
		t, err = liveTarget(r.Live, r.Cases)
	} else {
		t, err = r.serve(ctx, b)
	}
	if err != nil {
		return nil, err
	}
	if err := writeSet(r.file("cases.json"), r.Cases); err != nil {
		return nil, err
	}
	return r.replay(ctx, k, t)
}

// target is the gateway as lintel-k6 is told of it.
type target struct {
	// address is host:port.
	address string
	// live is not empty for a gateway that may not say which route took a request.
	live string
	// ca names the certificates to trust, as lintel-k6 has it.
	ca string
}

// serve starts the gateway on the bundle and waits until it serves just that.
func (r *run) serve(ctx context.Context, b *bundle.Bundle) (t *target, err error) {
	dir := r.file("bundle")
	if err := r.Bundle.WriteDir(dir); err != nil {
		return nil, err
	}
	ca, err := r.standIn.WriteCA(r.work)
	if err != nil {
		return nil, err
	}
	if r.echoes, err = local.StartEchoes(ctx, b, false, r.standIn); err != nil {
		return nil, err
	}
	r.gateway, err = local.StartGateway(ctx, local.GatewayConfig{
		Program: r.Gateway, Bundle: dir, Listen: r.Listen, Admin: r.Admin, Work: r.work,
		Dial: r.echoes.Dial, DialCA: ca, Secrets: r.secrets.dir,
	})
	if err != nil {
		return nil, err
	}
	if err := r.gateway.Await(ctx, r.Bundle.Digest()); err != nil {
		return nil, fmt.Errorf("the gateway did not take the bundle: %w", err)
	}
	return &target{address: r.gateway.Listen}, nil
}

// file is the path of a file in the work folder.
func (r *run) file(name string) string { return filepath.Join(r.work, name) }

func writeSet(file string, set *cases.Set) error {
	text, err := set.Encode()
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return fmt.Errorf("write cases: %w", err)
	}
	return nil
}

// gatewayDone is closed when the gateway of this run has ended; for a live gateway
// it never is.
func (r *run) gatewayDone() <-chan struct{} {
	if r.gateway == nil {
		return nil
	}
	return r.gateway.Done()
}

var errStopped = errors.New("stopped")
