package scenarios

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

func pause() Scenario {
	const bound = 10 * time.Second
	return Scenario{
		Key: "pause", Name: "lintel rollback --pause-argocd brings a bundle back and holds it though Git has another; --release switches the automated sync on as it was, and every replica serves what Git has",
		Needs: []string{"install"}, Asked: "≤ 10 s", Limit: 3 * time.Minute,
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			before := b.digest
			if err := b.Until(ctx, 30*time.Second, "the served bundle to be kept", func() error { return b.kept(ctx, before) }); err != nil {
				return Figure{}, err
			}
			if err := b.next(ctx); err != nil {
				return Figure{}, err
			}
			policy, err := b.policy(ctx)
			if err != nil {
				return Figure{}, err
			}
			began := time.Now()
			if err := b.ends(ctx, 0, "rolled back", "lintel", "rollback", before, "--pause-argocd", "lintel-routes.argocd"); err != nil {
				return Figure{}, err
			}
			if _, err := b.untilServed(ctx, before); err != nil {
				return Figure{}, err
			}
			back := time.Since(began)
			// Argo CD looks at another commit, and leaves it: longer than it takes for one.
			if _, err := b.change(ctx); err != nil {
				return Figure{}, err
			}
			if err := b.Until(ctx, 30*time.Second, "Argo CD to see the commit", func() error { return b.outOfSync(ctx) }); err != nil {
				return Figure{}, err
			}
			select {
			case <-ctx.Done():
			case <-time.After(4 * time.Second):
			}
			if err := b.served(ctx, before); err != nil {
				return Figure{}, fmt.Errorf("the rollback did not hold: %w", err)
			}
			released := time.Now()
			if err := b.ends(ctx, 0, "is on again", "lintel", "rollback", "--release"); err != nil {
				return Figure{}, err
			}
			if now, err := b.policy(ctx); err != nil || now != policy {
				return Figure{}, errors.Join(err, fmt.Errorf("the automated sync is %s, it was %s", now, policy))
			}
			if _, err := b.untilServed(ctx, b.digest); err != nil {
				return Figure{}, err
			}
			return Figure{Text: fmt.Sprintf("%.1f s, held; %.1f s from the release to what Git has", back.Seconds(), time.Since(released).Seconds()), Value: back, Bound: bound},
				b.synced(ctx, "Healthy")
		},
	}
}

// policy is how the Application syncs by itself, as JSON.
func (b *Bench) policy(ctx context.Context) (string, error) {
	o, err := b.Get(ctx, application())
	if err != nil {
		return "", err
	}
	sync, _ := o.Spec["syncPolicy"].(map[string]any)
	if sync["automated"] == nil {
		return "", errors.New("the Application does not sync by itself")
	}
	text, err := json.Marshal(sync["automated"])
	return string(text), err
}

// outOfSync is nil when Argo CD knows what main has, and has not applied it.
func (b *Bench) outOfSync(ctx context.Context) error {
	head, err := b.repository.head(ctx)
	if err != nil {
		return err
	}
	s, err := b.argo(ctx)
	if err == nil && (s.Sync != "OutOfSync" || s.Revision != head) {
		err = fmt.Errorf("it is %+v", s)
	}
	return err
}
