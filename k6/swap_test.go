package k6

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// maintenance makes a bundle with one route that answers 503 by itself.
func maintenance(t *testing.T, text string) *bundle.Bundle {
	t.Helper()
	return runtimetest.Bundle(t, text, runtimetest.Domain("other.example", route.Route{
		ID: "all", Match: route.Match{Path: route.Path{Prefix: "/"}},
		Filters: route.Filters{"respond": fmt.Appendf(nil, `{"body":%q,"contentType":"text/plain","status":503}`, text)},
	}))
}

func TestSwap(t *testing.T) {
	alpha := mounted(t, runtimetest.Answering(t, "shop.example", "alpha"))
	beta := mounted(t, runtimetest.Answering(t, "shop.example", "beta"))
	away, alsoAway := mounted(t, maintenance(t, "1")), mounted(t, maintenance(t, "2"))
	set := caseFile(t, "", `{"request": {"host": "shop.example", "path": "/"}, "expect": {"status": 200, "route": "shop.example/all", "body": "alpha"}}`)
	for name, c := range map[string]struct {
		env  map[string]string
		code int
		say  string
	}{
		"under load":        {nil, 0, ""},
		"its own 503":       {map[string]string{"LINTEL_CASES": caseFile(t, "", `{"request": {"host": "other.example", "path": "/"}, "expect": {"status": 503, "route": "other.example/all"}}`), "LINTEL_BUNDLES": away + "," + alsoAway}, 0, ""},
		"answers differ":    {map[string]string{"LINTEL_STRICT": "1"}, 99, `body: want \"alpha\", got \"beta\"`},
		"one bundle":        {map[string]string{"LINTEL_BUNDLES": alpha}, 107, "two directories or more"},
		"no bundle":         {map[string]string{"LINTEL_BUNDLES": alpha + "," + t.TempDir()}, 99, "read bundle"},
		"nothing to swap":   {map[string]string{"LINTEL_BUNDLES": t.TempDir() + "," + alpha}, 107, "read bundle"},
		"somebody's folder": {map[string]string{"LINTEL_MOUNT": alpha}, 107, "is in the way"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mount := filepath.Join(t.TempDir(), "mount")
			if err := os.Mkdir(mount, 0o700); err != nil {
				t.Fatal(err)
			}
			g := startGateway(t, mount)
			env := map[string]string{
				"LINTEL_CASES": set, "LINTEL_TARGET": g.target, "LINTEL_ADMIN": g.admin, "LINTEL_MOUNT": mount, "LINTEL_BUNDLES": alpha + "," + beta,
				"LINTEL_DURATION": "2s", "LINTEL_SWAP_EVERY": "0.2", "LINTEL_RATE": "100",
			}
			for k, v := range c.env {
				env[k] = v
			}
			if got := runScript(t, scriptText(t, "swap.js"), env); got.code != c.code || !strings.Contains(got.stderr, c.say) {
				t.Errorf("exit %d, want %d with %s\n%s", got.code, c.code, c.say, got.stderr)
			}
		})
	}
	for _, dir := range []string{alpha, beta} {
		if _, err := os.Stat(filepath.Join(dir, "manifest.json")); err != nil {
			t.Errorf("a bundle was touched: %v", err)
		}
	}
}
