package scenarios

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// gateFile is the hook in the team's repository that plays the cases of the candidate.
const gateFile = manifests + "/gate.yaml"

func gatePasses() Scenario {
	return Scenario{
		Key: "gate", Name: "A PreSync Job plays the cases on the candidate with k6, they pass: every replica serves the change",
		Needs: []string{"install"},
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			hook, err := b.hook("candidate")
			if err != nil {
				return Figure{}, err
			}
			if err := b.repository.write(map[string]string{gateFile: hook}); err != nil {
				return Figure{}, err
			}
			b.repository.candidate = true
			pushed, err := b.change(ctx)
			if err != nil {
				return Figure{}, err
			}
			if _, err := b.untilServed(ctx, b.digest); err != nil {
				return Figure{}, err
			}
			return Figure{Text: fmt.Sprintf("%.1f s, the replay included", time.Since(pushed).Seconds())}, b.synced(ctx, "Healthy")
		},
	}
}

func gateFails() Scenario {
	return Scenario{
		Key: "gatefails", Name: "The cases fail in the PreSync Job: the sync fails, and the ConfigMap is as it was",
		Needs: []string{"gate"},
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			before, err := b.Get(ctx, b.bundlePath(0))
			if err != nil {
				return Figure{}, err
			}
			served := b.digest
			// The case wants another number than the route gives.
			b.step++
			wrong := strings.Replace(stepModule(b.step), `expect: {status: 200, headers: "x-step": "`, `expect: {status: 200, headers: "x-step": "not `, 1)
			if err := b.repository.write(map[string]string{"routes/shop.example/step.cue": wrong}); err != nil {
				return Figure{}, err
			}
			if _, err := b.repository.render(ctx, "wrong"); err != nil {
				return Figure{}, err
			}
			pushed, err := b.push(ctx, "a case that fails")
			if err != nil {
				return Figure{}, err
			}
			if err := b.Until(ctx, time.Minute, "the sync to fail", func() error {
				s, err := b.argo(ctx)
				if err == nil && s.Phase != "Failed" && !(s.Phase == "Running" && strings.Contains(s.Message, "failed")) {
					err = fmt.Errorf("it is %+v", s)
				}
				return err
			}); err != nil {
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
			// Without the gate from here on: it has a Job of its own for every change.
			if err := os.Remove(filepath.Join(b.repository.work, gateFile)); err != nil {
				return Figure{}, err
			}
			b.repository.candidate = false
			if err := b.terminate(ctx); err != nil {
				return Figure{}, err
			}
			return Figure{Text: fmt.Sprintf("failed after %.1f s, untouched", failed.Seconds())}, b.next(ctx)
		},
	}
}

// hook is a hook of Argo CD as charts/argocd has it.
func (b *Bench) hook(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(b.Root, "charts", "argocd", "hooks", name+".yaml"))
	return string(text), err
}

// terminate ends the operation that Argo CD would go on trying.
func (b *Bench) terminate(ctx context.Context) error {
	s, err := b.argo(ctx)
	if err != nil || s.Phase != "Running" {
		return err
	}
	return b.Merge(ctx, application(), map[string]any{"status": map[string]any{"operationState": map[string]any{"phase": "Terminating"}}})
}
