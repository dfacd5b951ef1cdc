package scenarios

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/kube"
)

// gateFile is the hook that plays the cases of the candidate, where ci/deploy.sh of the
// team's repository puts it.
const gateFile = manifests + "/candidate.yaml"

func gatePasses() Scenario {
	return Scenario{
		Key: "gate", Name: "The repository's own pipeline proves, renders and commits a change, a PreSync Job plays the cases on the candidate with k6, they pass: every replica serves it",
		Needs: []string{"install"}, Limit: 3 * time.Minute,
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			b.step++
			if err := b.repository.write(map[string]string{"routes/shop.example/step.cue": stepModule(b.step)}); err != nil {
				return Figure{}, err
			}
			began := time.Now()
			digest, err := b.repository.pipeline(ctx, fmt.Sprintf("step %d", b.step))
			if err != nil {
				return Figure{}, err
			}
			b.digest = digest
			// It stays until the next scenario takes it away.
			b.repository.candidate = true
			pushed := time.Now()
			if err := b.refresh(ctx); err != nil {
				return Figure{}, err
			}
			if _, err := b.untilServed(ctx, b.digest); err != nil {
				return Figure{}, err
			}
			return Figure{Text: fmt.Sprintf("%.1f s, the replay in the cluster included, after %.1f s of pipeline", time.Since(pushed).Seconds(), pushed.Sub(began).Seconds())},
				b.synced(ctx, "Healthy")
		},
	}
}

func gateFails() Scenario {
	return Scenario{
		Key: "gatefails", Name: "The cases fail in the PreSync Job: the sync fails, and the ConfigMap is as it was",
		Needs: []string{"gate"}, Limit: 3 * time.Minute,
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			before, err := b.Get(ctx, b.bundlePath(0))
			if err != nil {
				return Figure{}, err
			}
			served := b.digest
			b.step++
			if err := b.repository.write(map[string]string{"routes/shop.example/step.cue": wrongStep(b.step)}); err != nil {
				return Figure{}, err
			}
			if _, err := b.repository.render(ctx, "wrong"); err != nil {
				return Figure{}, err
			}
			pushed, err := b.push(ctx, "a case that fails")
			if err != nil {
				return Figure{}, err
			}
			if err := b.Until(ctx, time.Minute, "the Job to fail", func() error { return b.gateFailed(ctx) }); err != nil {
				return Figure{}, err
			}
			failed := time.Since(pushed)
			after, err := b.Get(ctx, b.bundlePath(0))
			if err != nil {
				return Figure{}, err
			}
			if before.Metadata.Annotations["lintel.dev/digest"] != after.Metadata.Annotations["lintel.dev/digest"] {
				return Figure{}, fmt.Errorf("the ConfigMap has another digest: %s", after.Metadata.Annotations["lintel.dev/digest"])
			}
			if err := b.served(ctx, served); err != nil {
				return Figure{}, err
			}
			// The fix need not wait until Argo CD gives up. Without the gate from here on: it
			// costs every change a Job.
			if err := os.Remove(filepath.Join(b.repository.work, gateFile)); err != nil {
				return Figure{}, err
			}
			b.repository.candidate = false
			fixed := time.Now()
			err = b.next(ctx)
			return Figure{Text: fmt.Sprintf("failed after %.1f s, untouched; the fix was served %.1f s after its push", failed.Seconds(), time.Since(fixed).Seconds())}, err
		},
	}
}

// gateFailed is nil when the Job on the candidate has failed, and Argo CD with it.
func (b *Bench) gateFailed(ctx context.Context) error {
	job, err := b.Get(ctx, kube.Group("batch/v1", b.namespace, "jobs", bundleName+"-candidate"))
	if err != nil {
		return err
	}
	if !kube.Condition(job, "Failed") {
		return errors.New("the Job has not failed")
	}
	s, err := b.argo(ctx)
	if err == nil && s.Phase != "Failed" && !strings.Contains(s.Message, "Retrying") && !strings.Contains(s.Message, "failed") {
		err = fmt.Errorf("it is %+v", s)
	}
	return err
}
