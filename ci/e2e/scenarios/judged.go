package scenarios

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/kube"
)

func rendered() Scenario {
	return Scenario{
		Key: "render", Name: "The API server takes what lintel render prints of the example, with its candidate, and again unchanged",
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			text, err := b.Command(ctx, "", filepath.Join(b.Programs, "lintel"), "render", "--candidate", "--namespace", "default", "--revision", "e2e", filepath.Join(b.Root, "routes"))
			if err != nil {
				return Figure{}, err
			}
			if _, err := b.Kubectl(ctx, text, "apply", "--server-side", "-f", "-"); err != nil {
				return Figure{}, err
			}
			// What is applied twice is not changed by the second time.
			before, err := b.Get(ctx, kube.Core("default", "configmaps", bundleName+"-0"))
			if err != nil {
				return Figure{}, err
			}
			if _, err := b.Kubectl(ctx, text, "apply", "--server-side", "-f", "-"); err != nil {
				return Figure{}, err
			}
			after, err := b.Get(ctx, kube.Core("default", "configmaps", bundleName+"-0"))
			if err == nil && before.Metadata.Version != after.Metadata.Version {
				err = errors.New("applying the same again changed the ConfigMap")
			}
			return Figure{Text: fmt.Sprintf("%d ConfigMaps", strings.Count(text, "\nkind: ConfigMap\n"))}, err
		},
	}
}

func sizes() Scenario {
	return Scenario{
		Key: "sizes", Name: "A ConfigMap as large as render makes them is taken; one above the API server's limit is not; the annotation of a client-side apply is why manifests are applied by the server",
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			make := func(name string, size int) error {
				data := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", size)))
				body, err := json.Marshal(map[string]any{
					"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name}, "binaryData": map[string]any{"a": data},
				})
				if err != nil {
					return err
				}
				_, err = b.Do(ctx, "POST", kube.Core("default", "configmaps")+"?dryRun=All", "application/json", body)
				return err
			}
			if err := make("largest", 900<<10); err != nil {
				return Figure{}, err
			}
			var status *kube.Status
			if err := make("too-large", 1<<20+1); !errors.As(err, &status) || status.Code != 422 {
				return Figure{}, fmt.Errorf("a ConfigMap above 1 MiB: %v", err)
			}
			manifest := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: client-side}\ndata: {a: " + strings.Repeat("x", 300<<10) + "}\n"
			if _, err := b.Kubectl(ctx, manifest, "apply", "-f", "-"); err == nil || !strings.Contains(err.Error(), "annotations") {
				return Figure{}, fmt.Errorf("a client-side apply of 300 KiB: %v", err)
			}
			if _, err := b.Kubectl(ctx, manifest, "apply", "--server-side", "--dry-run=server", "-f", "-"); err != nil {
				return Figure{}, err
			}
			return Figure{Text: "900 KiB yes, 1 MiB and a byte no"}, nil
		},
	}
}

// agentTests are the tests of lintel-sync that want an API server.
func agentTests() Scenario {
	return Scenario{
		Key: "sync", Name: "lintel-sync passes its tests against a real API server, none skipped", Limit: 10 * time.Minute,
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			cmd := exec.CommandContext(ctx, "go", "test", "-trimpath", "./...")
			cmd.Dir = filepath.Join(b.Root, "cmd", "lintel-sync")
			// As make builds them: the libraries of Kubernetes are compiled once.
			cmd.Env = append(os.Environ(), "LINTEL_E2E=require", "GOWORK=off", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false",
				"LINTEL="+filepath.Join(b.Programs, "lintel"), "LINTEL_GATEWAY="+filepath.Join(b.Programs, "lintel-gateway"))
			out, err := cmd.CombinedOutput()
			if err != nil {
				return Figure{}, fmt.Errorf("%w:\n%s", err, out)
			}
			return Figure{Text: fmt.Sprintf("%d packages", strings.Count(string(out), "\nok")+1)}, nil
		},
	}
}
