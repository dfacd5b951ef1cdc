package scenarios

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// largeModules are n modules of 240 routes each that do not compress: each route answers
// with a header of size bytes. A module has less than the 1 MiB that a file may have.
func largeModules(n, size int) map[string]string {
	random := rand.NewChaCha8([32]byte{1})
	files := map[string]string{}
	for m := range n {
		var b strings.Builder
		b.WriteString("package routes\n")
		for i := range 240 {
			noise := make([]byte, size*3/4)
			_, _ = random.Read(noise) // it always can
			fmt.Fprintf(&b, "\nroutes: \"large-%[1]d-%[2]d\": #Route & {hosts: [\"shop.example\"], path: exact: \"/large/%[1]d/%[2]d\", upstream: \"site\", filters: headers: response: set: \"x-noise\": %[3]q}\n",
				m, i, base64.RawURLEncoding.EncodeToString(noise))
		}
		files[fmt.Sprintf("routes/shop.example/large-%d.cue", m)] = b.String()
	}
	return files
}

func large() Scenario {
	return Scenario{
		Key: "large", Name: "A bundle of more than 256 KiB, too much for a client-side apply, is pushed: every replica serves it",
		Needs: []string{"install"},
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			if err := b.repository.write(largeModules(2, 1000)); err != nil {
				return Figure{}, err
			}
			pushed, err := b.change(ctx)
			if err != nil {
				return Figure{}, err
			}
			info, err := os.Stat(filepath.Join(b.repository.work, bundleFile))
			if err != nil {
				return Figure{}, err
			}
			if info.Size() < 256<<10 {
				return Figure{}, fmt.Errorf("the rendered bundle has only %d bytes", info.Size())
			}
			_, err = b.untilServed(ctx, b.digest)
			return Figure{Text: fmt.Sprintf("%.1f s, %d KiB of manifests", time.Since(pushed).Seconds(), info.Size()>>10)}, err
		},
	}
}

func late() Scenario {
	return Scenario{
		Key: "late", Name: "A bundle of five ConfigMaps arrives with one late: every replica waits on the bundle before, and serves it once it is whole",
		Needs: []string{"install"}, Limit: 4 * time.Minute,
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			before := b.digest
			if err := b.automated(ctx, false); err != nil {
				return Figure{}, err
			}
			defer b.automated(context.WithoutCancel(ctx), true)
			if err := b.repository.write(largeModules(6, 3000)); err != nil {
				return Figure{}, err
			}
			if err := b.untold(ctx); err != nil {
				return Figure{}, err
			}
			parts, err := b.parts()
			if err != nil {
				return Figure{}, err
			}
			if len(parts) < 5 {
				return Figure{}, fmt.Errorf("the bundle has %d parts", len(parts))
			}
			var took time.Duration
			tally, err := b.underLoad(ctx, true, func() error {
				missing := len(parts) - 2
				for i, part := range parts {
					if i == missing {
						continue
					}
					if err := b.apply(ctx, part, asArgo); err != nil {
						return err
					}
				}
				if err := b.waiting(ctx, before); err != nil {
					return err
				}
				if err := b.apply(ctx, parts[missing], asArgo); err != nil {
					return err
				}
				var err error
				took, err = b.untilServed(ctx, b.digest)
				return err
			})
			if err != nil {
				return Figure{}, err
			}
			if err := b.automated(ctx, true); err != nil {
				return Figure{}, err
			}
			if err := b.refresh(ctx); err != nil {
				return Figure{}, err
			}
			// Argo CD prunes only what it has applied itself.
			if err := b.synced(ctx, "Healthy"); err != nil {
				return Figure{}, err
			}
			for name := range largeModules(6, 0) {
				if err := os.Remove(filepath.Join(b.repository.work, name)); err != nil {
					return Figure{}, err
				}
			}
			return Figure{Text: fmt.Sprintf("%d parts, served %.1f s after the last one; %s", len(parts), took.Seconds(), requests(tally))}, b.next(ctx)
		},
	}
}

// asArgo applies as Argo CD does: what it wrote before and is no longer there goes.
const asArgo = "--field-manager=argocd-controller"

// parts are the rendered ConfigMaps of the bundle, without the candidate's.
func (b *Bench) parts() ([]string, error) {
	text, err := os.ReadFile(filepath.Join(b.repository.work, bundleFile))
	if err != nil {
		return nil, err
	}
	var parts []string
	for part := range strings.SplitSeq(string(text), "---\n") {
		if strings.Contains(part, `"lintel.dev/role": "bundle"`) {
			parts = append(parts, part)
		}
	}
	return parts, nil
}

// waiting waits until every replica has seen a bundle that is not all there, and serves
// the one before.
func (b *Bench) waiting(ctx context.Context, before string) error {
	return b.Until(ctx, time.Minute, "every replica to wait for the part", func() error {
		list, err := b.gateways(ctx)
		if err != nil {
			return err
		}
		for _, g := range list {
			if g.Digest != before || g.Code != "bundle-incomplete" || !g.Ready {
				return fmt.Errorf("%s serves %s (%s, ready %v)", g.Pod, short(g.Digest), g.Code, g.Ready)
			}
		}
		return nil
	})
}

// automated switches Argo CD's automated sync on or off.
func (b *Bench) automated(ctx context.Context, on bool) error {
	policy := map[string]any{"automated": nil}
	if on {
		policy["automated"] = map[string]any{"prune": true, "selfHeal": true}
	}
	return b.Merge(ctx, application(), map[string]any{"spec": map[string]any{"syncPolicy": policy}})
}
