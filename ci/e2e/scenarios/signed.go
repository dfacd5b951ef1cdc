package scenarios

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

func signed() Scenario {
	return Scenario{
		Key: "signed", Name: "Bundles are signed, and somebody applies one that is not: every replica ignores it, Argo CD heals it",
		Needs: []string{"install"}, Limit: 4 * time.Minute,
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			public, err := b.repository.key(filepath.Join(b.Dir, "sign.pem"))
			if err != nil {
				return Figure{}, err
			}
			unsigned, err := b.parts()
			if err != nil {
				return Figure{}, err
			}
			if err := b.next(ctx); err != nil {
				return Figure{}, err
			}
			if err := b.chart(ctx, "--set-file", "bundle.verifyKey="+public); err != nil {
				return Figure{}, err
			}
			if _, err := b.Kubectl(ctx, "", "rollout", "status", "--namespace", b.namespace, "deployment/"+instance, "--timeout=120s"); err != nil {
				return Figure{}, err
			}
			if err := b.Until(ctx, time.Minute, "old pods to be gone", func() error { return b.exactly(ctx, replicas) }); err != nil {
				return Figure{}, err
			}
			if err := b.automated(ctx, false); err != nil {
				return Figure{}, err
			}
			defer b.automated(context.WithoutCancel(ctx), true)
			began := time.Now()
			tally, err := b.underLoad(ctx, true, func() error {
				if err := b.apply(ctx, unsigned[0], asArgo); err != nil {
					return err
				}
				return b.Until(ctx, time.Minute, "every replica to refuse it", func() error { return b.unsigned(ctx) })
			})
			if err != nil {
				return Figure{}, err
			}
			refused := time.Since(began)
			if err := b.automated(ctx, true); err != nil {
				return Figure{}, err
			}
			return Figure{Text: fmt.Sprintf("refused by all after %.1f s; %s", refused.Seconds(), requests(tally))}, b.next(ctx)
		},
	}
}

// unsigned is nil when every replica refuses a bundle for its signature, and serves on.
func (b *Bench) unsigned(ctx context.Context) error {
	list, err := b.gateways(ctx)
	if err != nil {
		return err
	}
	for _, g := range list {
		if g.Code != "bundle-signature-missing" || g.Digest != b.digest || !g.Ready {
			return fmt.Errorf("%s serves %s (%s, ready %v)", g.Pod, short(g.Digest), g.Code, g.Ready)
		}
	}
	return nil
}

// key makes the repository sign from now on, and returns the file of the public key.
func (r *repository) key(file string) (public string, err error) {
	pub, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return "", err
	}
	if der, err = x509.MarshalPKIXPublicKey(pub); err != nil {
		return "", err
	}
	public = file + ".pub"
	if err := os.WriteFile(public, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		return "", err
	}
	r.signKey = file
	return public, nil
}
