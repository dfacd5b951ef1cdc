package scenarios

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/kube"
)

func agentOutage() Scenario {
	return Scenario{
		Key: "agentoutage", Name: "Without Argo CD: a second agent ends, and names the first; the API server is killed, and when it is back the agent brings what was pushed meanwhile to every replica",
		Needs: []string{"agent"}, Limit: 3 * time.Minute,
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			a := b.agentOf()
			pod, err := a.agentPod(ctx)
			if err != nil {
				return Figure{}, err
			}
			if err := a.followed(ctx); err != nil {
				return Figure{}, err
			}
			if err := a.poked(ctx); err != nil {
				return Figure{}, err
			}
			// From outside of the cluster replicas are asked through the API server.
			if err := a.ends(ctx, 0, fmt.Sprintf("%d of %[1]d replicas serve it", replicas), "lintel-sync", "status", "--via", "proxy"); err != nil {
				return Figure{}, err
			}
			if err := a.ends(ctx, 1, "another agent is at work: "+pod.Metadata.Name+" holds the lease", "lintel-sync", "run", "--source", a.repository.URL(), "--via", "proxy", "--id", "second"); err != nil {
				return Figure{}, err
			}
			b.Kill("kube-apiserver")
			if _, err := a.commit(ctx); err != nil {
				return Figure{}, err
			}
			b.step = a.step
			began := time.Now()
			if err := b.Start("kube-apiserver"); err != nil {
				return Figure{}, err
			}
			if err := b.Ready(ctx); err != nil {
				return Figure{}, err
			}
			// What has ended because nothing answered.
			if err := b.Revive(); err != nil {
				return Figure{}, err
			}
			if err := a.followed(ctx); err != nil {
				return Figure{}, err
			}
			took := time.Since(began)
			after, err := a.agentPod(ctx)
			if err == nil && (after.Metadata.Name != pod.Metadata.Name || restarts(after) != restarts(pod)) {
				err = fmt.Errorf("the agent did not live through it: %s with %d restarts, before %s with %d", after.Metadata.Name, restarts(after), pod.Metadata.Name, restarts(pod))
			}
			return Figure{Text: fmt.Sprintf("served %.1f s after the API server was started again", took.Seconds())}, err
		},
	}
}

// poked is nil when the agent has made a kubelet look at a gateway's volumes.
func (b *Bench) poked(ctx context.Context) error {
	pods, err := b.List(ctx, kube.Core(b.namespace, "pods"), selector)
	if err == nil && !slices.ContainsFunc(pods, func(o kube.Object) bool { return o.Metadata.Annotations["lintel.dev/poke"] != "" }) {
		err = errors.New("the agent has poked no pod")
	}
	return err
}

// agentPod is the one pod of lintel-sync.
func (b *Bench) agentPod(ctx context.Context) (kube.Object, error) {
	var pod kube.Object
	err := b.Until(ctx, time.Minute, "one pod of lintel-sync", func() error {
		pods, err := b.List(ctx, kube.Core(b.namespace, "pods"), "app.kubernetes.io/component=sync")
		if err == nil && len(pods) != 1 {
			err = fmt.Errorf("there are %d", len(pods))
		}
		if err == nil {
			pod = pods[0]
		}
		return err
	})
	return pod, err
}

// restarts counts how often the first container began again.
func restarts(pod kube.Object) int {
	list, _ := pod.Status["containerStatuses"].([]any)
	if len(list) == 0 {
		return 0
	}
	first, _ := list[0].(map[string]any)
	n, _ := first["restartCount"].(float64)
	return int(n)
}

// ends is nil when a verb of a program of ours ends with the code and says the words.
func (b *Bench) ends(ctx context.Context, code int, words, program, verb string, args ...string) error {
	out, err := b.Command(ctx, "", append([]string{filepath.Join(b.Programs, program), verb, "--namespace", b.namespace}, args...)...)
	var ended *exec.ExitError
	got, said := 0, out
	if errors.As(err, &ended) {
		got, said = ended.ExitCode(), out+err.Error()
	} else if err != nil {
		return err
	}
	if got != code || !strings.Contains(said, words) {
		return fmt.Errorf("%s %s ended with %d, want %d, and said, without %q:\n%s", program, verb, got, code, words, said)
	}
	return nil
}
