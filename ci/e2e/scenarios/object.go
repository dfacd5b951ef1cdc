package scenarios

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/kube"
)

func edited() Scenario {
	return Scenario{
		Key: "edit", Name: "Somebody edits the ConfigMap by hand: Argo CD heals it, and every replica serves what Git has",
		Needs: []string{"install"},
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			before, err := b.Get(ctx, b.bundlePath(0))
			if err != nil {
				return Figure{}, err
			}
			var took time.Duration
			_, err = b.underLoad(ctx, true, func() error {
				garbage := base64.StdEncoding.EncodeToString([]byte(`{"format":1,"content":"by hand"}`))
				if err := b.Merge(ctx, b.bundlePath(0), map[string]any{"binaryData": map[string]any{"manifest.json": garbage}}); err != nil {
					return err
				}
				began := time.Now()
				err := b.healed(ctx, before)
				took = time.Since(began)
				return err
			})
			if err != nil {
				return Figure{}, err
			}
			_, err = b.untilServed(ctx, b.digest)
			return Figure{Text: fmt.Sprintf("healed after %.1f s, no request failed", took.Seconds())}, err
		},
	}
}

func deleted() Scenario {
	return Scenario{
		Key: "delete", Name: "Somebody deletes the ConfigMap: Argo CD brings it back; meanwhile every replica serves on",
		Needs: []string{"install"},
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			before, err := b.Get(ctx, b.bundlePath(0))
			if err != nil {
				return Figure{}, err
			}
			var took time.Duration
			_, err = b.underLoad(ctx, true, func() error {
				if err := b.Delete(ctx, b.bundlePath(0)); err != nil {
					return err
				}
				began := time.Now()
				err := b.healed(ctx, before)
				took = time.Since(began)
				return err
			})
			if err != nil {
				return Figure{}, err
			}
			if _, err := b.untilServed(ctx, b.digest); err != nil {
				return Figure{}, err
			}
			return Figure{Text: fmt.Sprintf("back after %.1f s, no request failed", took.Seconds())}, b.synced(ctx, "Healthy")
		},
	}
}

// healed waits until the first ConfigMap of the bundle holds what it did before.
func (b *Bench) healed(ctx context.Context, before kube.Object) error {
	return b.Until(ctx, time.Minute, "the ConfigMap to be as in Git", func() error {
		now, err := b.Get(ctx, b.bundlePath(0))
		if err == nil && string(now.BinaryData["manifest.json"]) != string(before.BinaryData["manifest.json"]) {
			err = errors.New("it has another manifest")
		}
		return err
	})
}
