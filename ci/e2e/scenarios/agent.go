package scenarios

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/kube"
)

// withoutArgo is the namespace of the gateways that lintel-sync looks after.
const withoutArgo = "gateways-agent"

// agentOf is the bench as it is for the gateways of the agent.
func (b *Bench) agentOf() *Bench {
	c := *b
	c.namespace = withoutArgo
	return &c
}

// gitPort is the port of gitAddress.
const gitPort = "9418"

func agent() Scenario {
	const bound = 10 * time.Second
	return Scenario{
		Key: "agent", Name: "lintel-sync looks after gateways without Argo CD: it renders a change itself, and every replica serves it",
		Needs: []string{"install"}, Limit: 4 * time.Minute, Asked: "≤ 10 s",
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			if err := b.Run("git-daemon", "git", "-c", "safe.directory=*", "daemon", "--base-path="+filepath.Dir(b.repository.bare),
				"--export-all", "--listen="+b.gitAddress(), "--port="+gitPort, "--reuseaddr"); err != nil {
				return Figure{}, err
			}
			if err := b.apply(ctx, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+withoutArgo+", labels: {pod-security.kubernetes.io/enforce: restricted}}\n"); err != nil {
				return Figure{}, err
			}
			a := b.agentOf()
			if err := a.agentChart(ctx); err != nil {
				return Figure{}, err
			}
			if err := a.followed(ctx); err != nil {
				return Figure{}, err
			}
			var took []time.Duration
			for range 3 {
				pushed, err := a.commit(ctx)
				if err != nil {
					return Figure{}, err
				}
				if err := a.followed(ctx); err != nil {
					return Figure{}, err
				}
				took = append(took, time.Since(pushed))
			}
			return times(took, bound), nil
		},
	}
}

// gitAddress is where the repository is served to pods.
func (b *Bench) gitAddress() string { return b.Kubelets[0].Address }

// agentChart installs the chart with an agent, or brings it up to date.
func (b *Bench) agentChart(ctx context.Context, further ...string) error {
	return b.chart(ctx, append([]string{
		"--set", "sync.mode=agent", "--set", "sync.source=git://" + net.JoinHostPort(b.gitAddress(), gitPort) + "/" + filepath.Base(b.repository.bare),
		"--set", "sync.interval=1s", "--set", "sync.poke=true",
	}, further...)...)
}

// commit pushes a change of a route alone: the agent renders it.
func (b *Bench) commit(ctx context.Context) (time.Time, error) {
	b.step++
	if err := b.repository.write(map[string]string{"routes/shop.example/step.cue": stepModule(b.step)}); err != nil {
		return time.Time{}, err
	}
	err := b.repository.push(ctx, fmt.Sprintf("step %d", b.step))
	return time.Now(), err
}

// followed waits until every replica serves what the last commit says.
func (b *Bench) followed(ctx context.Context) error {
	head, err := b.repository.head(ctx)
	if err != nil {
		return err
	}
	return b.Until(ctx, 90*time.Second, "the agent to apply the commit and every replica to serve it", func() error {
		o, err := b.Get(ctx, b.bundlePath(0))
		if err != nil {
			return err
		}
		revision := o.Metadata.Annotations["lintel.dev/revision"]
		if revision == "" || !strings.HasPrefix(head, revision) {
			return fmt.Errorf("the ConfigMap has revision %q", revision)
		}
		b.digest = o.Metadata.Annotations["lintel.dev/digest"]
		return b.served(ctx, b.digest)
	})
}

// goesOn is nil when the agent of a brings the next commit, which b counts too.
func (b *Bench) goesOn(ctx context.Context, a *Bench) error {
	if _, err := a.commit(ctx); err != nil {
		return err
	}
	b.step = a.step
	return a.followed(ctx)
}

// untouched is nil when the bundle's first ConfigMap has the manifest that it had before.
func (b *Bench) untouched(ctx context.Context, before kube.Object) error {
	after, err := b.Get(ctx, b.bundlePath(0))
	if err == nil && string(after.BinaryData["manifest.json"]) != string(before.BinaryData["manifest.json"]) {
		err = errors.New("the ConfigMap is another one")
	}
	return err
}

func agentHeals() Scenario {
	return Scenario{
		Key: "agentheals", Name: "Without Argo CD: an edit by hand is healed by lintel-sync, and a commit that does not compile changes nothing",
		Needs: []string{"agent"},
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			a := b.agentOf()
			before, err := a.Get(ctx, a.bundlePath(0))
			if err != nil {
				return Figure{}, err
			}
			a.digest = before.Metadata.Annotations["lintel.dev/digest"]
			if err := a.Merge(ctx, a.bundlePath(0), map[string]any{"binaryData": map[string]any{"manifest.json": "e30="}}); err != nil {
				return Figure{}, err
			}
			began := time.Now()
			if err := a.healed(ctx, before); err != nil {
				return Figure{}, err
			}
			took := time.Since(began)
			if err := a.repository.write(map[string]string{"routes/shop.example/step.cue": notCompiling}); err != nil {
				return Figure{}, err
			}
			if err := a.repository.push(ctx, "a commit that does not compile"); err != nil {
				return Figure{}, err
			}
			// Longer than several looks of the agent.
			select {
			case <-ctx.Done():
			case <-time.After(4 * time.Second):
			}
			if err := a.untouched(ctx, before); err != nil {
				return Figure{}, err
			}
			return Figure{Text: fmt.Sprintf("healed after %.1f s", took.Seconds())}, b.goesOn(ctx, a)
		},
	}
}

func argoOwns() Scenario {
	return Scenario{
		Key: "owned", Name: "lintel rollback is refused where Argo CD would undo it, and says what to do",
		Needs: []string{"revert"},
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			before, err := b.Get(ctx, b.bundlePath(0))
			if err != nil {
				return Figure{}, err
			}
			list, err := b.List(ctx, kube.Core(b.namespace, "configmaps"), "lintel.dev/role=history")
			if err != nil {
				return Figure{}, err
			}
			if len(list) == 0 {
				return Figure{}, errors.New("no bundle is kept")
			}
			_, err = b.Command(ctx, "", filepath.Join(b.Programs, "lintel"), "rollback", list[0].Metadata.Annotations["lintel.dev/digest"], "--namespace", b.namespace)
			if err == nil || !strings.Contains(err.Error(), "git revert") {
				return Figure{}, fmt.Errorf("want advice to revert, got: %v", err)
			}
			return Figure{Text: "refused, untouched"}, b.untouched(ctx, before)
		},
	}
}

func rollback() Scenario {
	const bound = 10 * time.Second
	return Scenario{
		Key: "rollback", Name: "lintel rollback brings back a bundle that was served before, and the agent keeps it until the source changes",
		Needs: []string{"agent"}, Asked: "≤ 10 s",
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			a := b.agentOf()
			o, err := a.Get(ctx, a.bundlePath(0))
			if err != nil {
				return Figure{}, err
			}
			before := o.Metadata.Annotations["lintel.dev/digest"]
			if err := a.Until(ctx, 30*time.Second, "the served bundle to be kept", func() error { return a.kept(ctx, before) }); err != nil {
				return Figure{}, err
			}
			if _, err := a.commit(ctx); err != nil {
				return Figure{}, err
			}
			if err := a.followed(ctx); err != nil {
				return Figure{}, err
			}
			began := time.Now()
			if _, err := a.Command(ctx, "", filepath.Join(b.Programs, "lintel"), "rollback", before, "--namespace", withoutArgo); err != nil {
				return Figure{}, err
			}
			a.digest = before
			if _, err := a.untilServed(ctx, before); err != nil {
				return Figure{}, err
			}
			took := time.Since(began)
			// Longer than several looks of the agent: it must not bring the commit back.
			select {
			case <-ctx.Done():
			case <-time.After(4 * time.Second):
			}
			if err := a.served(ctx, before); err != nil {
				return Figure{}, fmt.Errorf("the rollback did not hold: %w", err)
			}
			return Figure{Text: fmt.Sprintf("%.1f s", took.Seconds()), Value: took, Bound: bound}, b.goesOn(ctx, a)
		},
	}
}

// kept is nil when the digest is among the bundles that a rollback can bring back.
func (b *Bench) kept(ctx context.Context, digest string) error {
	list, err := b.List(ctx, kube.Core(b.namespace, "configmaps"), "lintel.dev/role=history")
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.Metadata.Annotations["lintel.dev/digest"] == digest {
			return nil
		}
	}
	return fmt.Errorf("%s is not among %d that are kept", short(digest), len(list))
}
