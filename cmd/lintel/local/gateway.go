package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// answerTime bounds the wait for the gateway to start, or to take a bundle.
const answerTime = 10 * time.Second

// GatewayConfig says how to run a gateway. Program, Bundle and Work are required.
type GatewayConfig struct {
	// Program is the path of lintel-gateway.
	Program string
	// Bundle is the directory of the bundle; it need not be there yet.
	Bundle string
	// Listen and Admin are the addresses; absent: a free port of the loopback.
	Listen, Admin string
	// Work is a folder for the boot config.
	Work string
	// Dial leads connects from an endpoint's address to another one.
	Dial map[string]string
	// DialCA is a file with the authority that vouches for what Dial leads to.
	DialCA string
	// Secrets is the folder of the secret files; absent: none.
	Secrets string
}

// Gateway is a gateway in a child process.
type Gateway struct {
	*Child
	// Listen and Admin are the addresses as they came to be.
	Listen, Admin string
	client        *http.Client
}

// StartGateway starts a gateway in its development mode and waits until its admin
// address answers.
func StartGateway(ctx context.Context, o GatewayConfig) (*Gateway, error) {
	// JSON is YAML.
	boot := map[string]any{"dial": o.Dial, "accessLog": "off"}
	if o.DialCA != "" && len(o.Dial) > 0 {
		boot["dialCA"] = o.DialCA
	}
	if o.Secrets != "" {
		boot["secretsDir"] = o.Secrets
	}
	text, err := json.Marshal(boot)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(o.Work, "boot.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, fmt.Errorf("write boot config: %w", err)
	}
	const free = "127.0.0.1:0"
	listen, admin := orElse(o.Listen, free), orElse(o.Admin, free)
	child, err := Start("the gateway", exec.Command(o.Program, "--bundle", o.Bundle, "--listen", listen, "--admin", admin,
		"--config", file, "--dev"))
	if err != nil {
		return nil, err
	}
	g := &Gateway{Child: child, client: &http.Client{Timeout: 2 * time.Second}}
	if err := g.poll(ctx, g.live); err != nil {
		g.Stop()
		return nil, err
	}
	return g, nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// live tells whether the admin address, which the gateway's log names, answers.
func (g *Gateway) live() (bool, error) {
	if g.Admin == "" {
		var started struct {
			Msg    string   `json:"msg"`
			Listen []string `json:"listen"`
			Admin  string   `json:"admin"`
		}
		for line := range strings.Lines(g.Log()) {
			if json.Unmarshal([]byte(line), &started) == nil && started.Msg == "gateway started" && len(started.Listen) > 0 {
				g.Listen, g.Admin = started.Listen[0], started.Admin
			}
		}
		if g.Admin == "" {
			return false, nil
		}
	}
	res, err := g.client.Get("http://" + g.Admin + "/-/live")
	if err != nil {
		return false, nil
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK, nil
}

// Await waits until the gateway serves the bundle with this digest, or says why it
// does not.
func (g *Gateway) Await(ctx context.Context, digest string) error {
	return g.poll(ctx, func() (bool, error) {
		res, err := g.client.Get("http://" + g.Admin + "/-/bundle")
		if err != nil {
			return false, nil
		}
		defer res.Body.Close()
		var state struct {
			Digest         string `json:"digest"`
			RejectedDigest string `json:"rejected_digest"`
			LastError      *struct {
				Code    string `json:"code"`
				Message string `json:"message"`
			} `json:"last_error"`
		}
		if err := json.NewDecoder(res.Body).Decode(&state); err != nil {
			return false, nil
		}
		if state.RejectedDigest == digest && state.LastError != nil {
			return false, fmt.Errorf("%s [%s]", state.LastError.Message, state.LastError.Code)
		}
		return state.Digest == digest, nil
	})
}

func (g *Gateway) poll(ctx context.Context, ask func() (bool, error)) error {
	end := time.NewTimer(answerTime)
	defer end.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := ask(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-g.Done():
			return g.Err()
		case <-end.C:
			return errors.New("the gateway did not answer in time")
		case <-tick.C:
		}
	}
}
