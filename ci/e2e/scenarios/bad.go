package scenarios

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// manifestLine is the manifest in a rendered ConfigMap.
var manifestLine = regexp.MustCompile(`("manifest\.json": ")([A-Za-z0-9+/=]+)"`)

// broken makes of rendered ConfigMaps those of a bundle that every gateway refuses, as a
// compiler of the future would write it, and returns its digest.
func broken(rendered string) (text, digest string, err error) {
	before, err := digestOf(rendered)
	if err != nil {
		return "", "", err
	}
	text = manifestLine.ReplaceAllStringFunc(rendered, func(line string) string {
		m := manifestLine.FindStringSubmatch(line)
		manifest, failed := base64.StdEncoding.DecodeString(m[2])
		if failed != nil {
			err = failed
		}
		changed := strings.Replace(string(manifest), `"format":1,`, `"format":99,`, 1)
		digest = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(changed)))
		return m[1] + base64.StdEncoding.EncodeToString([]byte(changed)) + `"`
	})
	return strings.ReplaceAll(text, before, digest), digest, err
}

// pushBroken commits a bundle past the pipeline that gateways refuse. It returns its
// digest, and when it was pushed.
func (b *Bench) pushBroken(ctx context.Context) (digest string, pushed time.Time, err error) {
	file := filepath.Join(b.repository.work, bundleFile)
	rendered, err := os.ReadFile(file)
	if err != nil {
		return "", pushed, err
	}
	text, digest, err := broken(string(rendered))
	if err != nil {
		return "", pushed, err
	}
	if err := b.repository.write(map[string]string{bundleFile: text}); err != nil {
		return "", pushed, err
	}
	pushed, err = b.push(ctx, "a bundle that nobody checked")
	return digest, pushed, err
}

// refused waits until every replica refuses the digest and serves what it did before.
func (b *Bench) refused(ctx context.Context, digest, served string) error {
	return b.Until(ctx, time.Minute, "every replica to refuse the bundle", func() error {
		list, err := b.gateways(ctx)
		if err != nil {
			return err
		}
		for _, g := range list {
			if g.Rejected != digest || g.Digest != served || !g.Ready {
				return fmt.Errorf("%s serves %s and refuses %s (ready %v)", g.Pod, short(g.Digest), short(g.Rejected), g.Ready)
			}
		}
		return nil
	})
}

func bad() Scenario {
	return Scenario{
		Key: "bad", Name: "A bad bundle gets past the pipeline: every replica refuses it and serves the one before; Argo CD says Degraded and why",
		Needs: []string{"install"},
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			digest, pushed, err := b.pushBroken(ctx)
			if err != nil {
				return Figure{}, err
			}
			if err := b.refused(ctx, digest, b.digest); err != nil {
				return Figure{}, err
			}
			refused := time.Since(pushed)
			if err := b.synced(ctx, "Degraded"); err != nil {
				return Figure{}, err
			}
			degraded := time.Since(pushed)
			reason, err := b.reason(ctx)
			if err == nil && !strings.Contains(reason, "bundle-format-newer") {
				err = fmt.Errorf("the application of Argo CD does not say why: %q", reason)
			}
			if err == nil {
				err = b.status(ctx, 100, "bundle-format-newer")
			}
			return Figure{Text: fmt.Sprintf("refused by all after %.1f s, Degraded after %.1f s", refused.Seconds(), degraded.Seconds())}, err
		},
	}
}

// status is nil when lintel status ends with the code and prints the words.
func (b *Bench) status(ctx context.Context, code int, words string) error {
	return b.ends(ctx, code, words, "lintel", "status")
}

// reason is what Argo CD says of the health of the bundle's first ConfigMap.
func (b *Bench) reason(ctx context.Context) (string, error) {
	o, err := b.Get(ctx, application())
	if err != nil {
		return "", err
	}
	resources, _ := o.Status["resources"].([]any)
	for _, r := range resources {
		if text(r, "kind") == "ConfigMap" && text(r, "name") == bundleName+"-0" {
			return text(r, "health", "message"), nil
		}
	}
	return "", fmt.Errorf("the application of Argo CD has no resource %s-0", bundleName)
}

func revert() Scenario {
	const bound = 10 * time.Second
	return Scenario{
		Key: "revert", Name: "The bad change is taken back by git revert: every replica serves the bundle before, Argo CD says Healthy",
		Needs: []string{"bad"}, Asked: "≤ 10 s",
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			if _, err := b.repository.git(ctx, "revert", "--no-edit", "HEAD"); err != nil {
				return Figure{}, err
			}
			if _, err := b.repository.git(ctx, "push", "-q", "origin", "HEAD:main"); err != nil {
				return Figure{}, err
			}
			pushed := time.Now()
			if err := b.refresh(ctx); err != nil {
				return Figure{}, err
			}
			if err := b.Until(ctx, time.Minute, "no replica to refuse anything", func() error {
				list, err := b.gateways(ctx)
				for _, g := range list {
					if g.Rejected != "" {
						err = fmt.Errorf("%s refuses %s", g.Pod, short(g.Rejected))
					}
				}
				return err
			}); err != nil {
				return Figure{}, err
			}
			if _, err := b.untilServed(ctx, b.digest); err != nil {
				return Figure{}, err
			}
			took := time.Since(pushed)
			if err := b.synced(ctx, "Healthy"); err != nil {
				return Figure{}, err
			}
			return Figure{Text: fmt.Sprintf("%.1f s", took.Seconds()), Value: took, Bound: bound}, b.status(ctx, 0, short(b.digest))
		},
	}
}
