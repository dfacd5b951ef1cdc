package scenarios

import (
	"context"
	"fmt"
	"strings"
	"time"
)

func agentReplay() Scenario {
	return Scenario{
		Key: "agentreplay", Name: "Without Argo CD: lintel-sync plays the cases with k6 in its pod; a commit whose cases fail changes nothing, the fix is served by every replica",
		Needs: []string{"agent"}, Limit: 4 * time.Minute,
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			a := b.agentOf()
			if err := a.agentChart(ctx, "--set", "sync.replay=true"); err != nil {
				return Figure{}, err
			}
			if _, err := a.Kubectl(ctx, "", "rollout", "status", "--namespace", a.namespace, "deployment/"+instance+"-sync", "--timeout=60s"); err != nil {
				return Figure{}, err
			}
			pushed, err := a.commit(ctx)
			if err != nil {
				return Figure{}, err
			}
			if err := a.followed(ctx); err != nil {
				return Figure{}, err
			}
			took := time.Since(pushed)
			before, err := a.Get(ctx, a.bundlePath(0))
			if err != nil {
				return Figure{}, err
			}
			a.step++
			if err := a.repository.write(map[string]string{"routes/shop.example/step.cue": wrongStep(a.step)}); err != nil {
				return Figure{}, err
			}
			if err := a.repository.push(ctx, "a case that fails"); err != nil {
				return Figure{}, err
			}
			if err := a.Until(ctx, time.Minute, "an event that names the case", func() error { return a.told(ctx, "RoutesHaveFindings", `"counts"`) }); err != nil {
				return Figure{}, err
			}
			if err := a.untouched(ctx, before); err != nil {
				return Figure{}, err
			}
			return Figure{Text: fmt.Sprintf("%.1f s, the replay included; refused, untouched", took.Seconds())}, b.goesOn(ctx, a)
		},
	}
}

// wrongStep is the module of a step whose case wants another number than the route gives.
func wrongStep(step int) string {
	return strings.Replace(stepModule(step), `expect: {status: 200, headers: "x-step": "`, `expect: {status: 200, headers: "x-step": "not `, 1)
}

// told is nil when an event of the reason has the words.
func (b *Bench) told(ctx context.Context, reason, words string) error {
	text, err := b.Kubectl(ctx, "", "get", "events", "--namespace", b.namespace, "--field-selector", "reason="+reason, "--output", "jsonpath={.items[*].message}")
	if err == nil && !strings.Contains(text, words) {
		err = fmt.Errorf("the events say %q", text)
	}
	return err
}
