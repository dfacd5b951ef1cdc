package k6

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/replay"
)

// settings are the options of a script.
type settings struct {
	Target  string `json:"target"`
	Results string `json:"results"`
	Bundle  string `json:"bundle"`
	Live    bool   `json:"live"`
	Timeout string `json:"timeout"`
	Reuse   bool   `json:"reuse"`
	Secrets string `json:"secrets"`
	CA      string `json:"ca"`
}

// maxSecrets bounds the file of secrets, and that of certificates, in bytes.
const maxSecrets = 4 << 20

// options says against which gateway the cases are played, and how. Virtual users
// with the same options share a player.
func (i *instance) options(given map[string]any) error {
	if i.vu.State() != nil {
		return errors.New("lintel.options belongs in the init context: call it outside of functions")
	}
	raw, err := json.Marshal(given)
	if err != nil {
		return fmt.Errorf("lintel.options: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var s settings
	if err := dec.Decode(&s); err != nil {
		return fmt.Errorf("lintel.options: %w", err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.player = i.players[string(raw)]; i.player == nil {
		if i.player, err = newPlayer(&s); err != nil {
			return fmt.Errorf("lintel.options: %w", err)
		}
		i.players[string(raw)] = i.player
	}
	if s.Results == "" {
		i.out = nil
		return nil
	}
	if i.out = i.results[s.Results]; i.out != nil {
		return nil
	}
	i.out, err = os.OpenFile(s.Results, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the results: %w", err)
	}
	i.results[s.Results] = i.out
	return nil
}

func newPlayer(s *settings) (*replay.Player, error) {
	if _, _, err := net.SplitHostPort(s.Target); err != nil {
		return nil, fmt.Errorf("target %q is no host:port of a gateway (LINTEL_TARGET)", s.Target)
	}
	p := &replay.Player{Address: s.Target, Bundle: s.Bundle, Live: s.Live, Reuse: s.Reuse}
	if s.Timeout != "" {
		d, err := time.ParseDuration(s.Timeout)
		if err != nil || d <= 0 {
			return nil, fmt.Errorf("timeout %q is no duration such as 15s (LINTEL_TIMEOUT)", s.Timeout)
		}
		p.Timeout = d
	}
	if s.Secrets != "" {
		raw, err := readFile(s.Secrets)
		if err != nil {
			return nil, fmt.Errorf("read the secrets: %w", err)
		}
		// The decoder's own message may quote a value.
		if json.Unmarshal(raw, &p.Secrets) != nil {
			return nil, fmt.Errorf("%s is no JSON object of texts: the values of secrets by \"domain/name\" (LINTEL_SECRETS)", s.Secrets)
		}
	}
	switch s.CA {
	case "":
	case "system":
		p.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	default:
		raw, err := readFile(s.CA)
		if err != nil {
			return nil, fmt.Errorf("read the certificates: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(raw) {
			return nil, fmt.Errorf("%s holds no certificate in PEM (LINTEL_CA)", s.CA)
		}
		p.TLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	}
	return p, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxSecrets+1))
	if err == nil && len(raw) > maxSecrets {
		err = fmt.Errorf("%s is larger than %d bytes", path, maxSecrets)
	}
	return raw, err
}
