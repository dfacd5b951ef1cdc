package scenarios

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// pokeFile is the hook in the team's repository that pokes the pods after a sync.
const pokeFile = manifests + "/poke.yaml"

func poked() Scenario {
	const bound = 10 * time.Second
	return Scenario{
		Key: "poke", Name: "Kubelets look once a minute, as they do by default, and a PostSync Job pokes the pods: every replica serves a change",
		Needs: []string{"install"}, Asked: "≤ 10 s", Limit: 4 * time.Minute,
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			if err := b.chart(ctx, "--reuse-values", "--set", "poke.enabled=true"); err != nil {
				return Figure{}, err
			}
			hook, err := b.hook("poke")
			if err != nil {
				return Figure{}, err
			}
			if err := b.repository.write(map[string]string{pokeFile: hook}); err != nil {
				return Figure{}, err
			}
			if err := b.next(ctx); err != nil {
				return Figure{}, err
			}
			if err := b.Resync(ctx, time.Minute); err != nil {
				return Figure{}, err
			}
			var took []time.Duration
			for range 3 {
				// Not while the kubelet looks at all there is, as it does at its start.
				select {
				case <-ctx.Done():
				case <-time.After(5 * time.Second):
				}
				pushed, err := b.change(ctx)
				if err != nil {
					return Figure{}, err
				}
				if _, err := b.untilServed(ctx, b.digest); err != nil {
					return Figure{}, err
				}
				took = append(took, time.Since(pushed))
			}
			if err := b.Resync(ctx, time.Second); err != nil {
				return Figure{}, err
			}
			if err := os.Remove(filepath.Join(b.repository.work, pokeFile)); err != nil {
				return Figure{}, err
			}
			return times(took, bound), b.next(ctx)
		},
	}
}
