package runtime

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"

	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
	"github.com/lintel-gateway/lintel/runtime/upstream"
)

// openUpstreams makes the registry of upstreams, and reads who vouches for redirected
// ones.
func openUpstreams(b boot.Config, metrics *telemetry.Metrics, log *slog.Logger) (*upstream.Registry, error) {
	cfg := upstream.Config{Dial: b.Dial, Handshake: metrics.UpstreamHandshakes.Done, Log: log}
	if b.DialCA != "" {
		text, err := os.ReadFile(b.DialCA)
		if err != nil {
			return nil, fmt.Errorf("dialCA: %w", err)
		}
		cfg.DialRoots = x509.NewCertPool()
		if !cfg.DialRoots.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("dialCA: %s holds no certificate in PEM", b.DialCA)
		}
	}
	return upstream.New(cfg), nil
}
