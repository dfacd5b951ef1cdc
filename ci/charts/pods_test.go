package main_test

import (
	"encoding/json"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// templates are the pod templates of a document: of a workload, or of a CronJob's Job.
func template(o object) map[string]any {
	for _, path := range [][]string{{"spec", "template"}, {"spec", "jobTemplate", "spec", "template"}} {
		if pod, ok := o.at(path...).(map[string]any); ok && pod["spec"] != nil {
			return pod
		}
	}
	return nil
}

func decode[T any](t *testing.T, from any) (out T) {
	t.Helper()
	text, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestPodSecurity asks the API server's own rules whether every pod keeps to the
// restricted profile, and wants what they do not ask for: a read-only root, and the
// resources that a pod may count on.
func TestPodSecurity(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	n := 0
	for from, text := range manifests(t) {
		for _, o := range objects(t, text) {
			pod := template(o)
			if pod == nil || o["apiVersion"] == "argoproj.io/v1alpha1" {
				continue
			}
			n++
			is := decode[corev1.PodTemplateSpec](t, pod)
			for _, r := range evaluator.EvaluatePod(restricted, &is.ObjectMeta, &is.Spec) {
				if !r.Allowed {
					t.Errorf("%s: %s: %s: %s", from, o.name(), r.ForbiddenReason, r.ForbiddenDetail)
				}
			}
			for _, c := range is.Spec.Containers {
				if c.SecurityContext == nil || c.SecurityContext.ReadOnlyRootFilesystem == nil || !*c.SecurityContext.ReadOnlyRootFilesystem {
					t.Errorf("%s: %s: container %s may write to its root", from, o.name(), c.Name)
				}
				if c.Resources.Requests.Memory().IsZero() || c.Resources.Limits.Memory().IsZero() {
					t.Errorf("%s: %s: container %s says nothing of its memory", from, o.name(), c.Name)
				}
				for _, m := range c.VolumeMounts {
					if m.SubPath != "" && from != patch {
						t.Errorf("%s: %s: %s is mounted by subPath, and never updated", from, o.name(), m.MountPath)
					}
				}
			}
		}
	}
	if n < 19 {
		t.Errorf("only %d pod templates were found", n)
	}
}

// TestGrace wants every gateway's pod to have the time that its drain takes.
func TestGrace(t *testing.T) {
	for from, text := range manifests(t) {
		config := bootOf(t, text)
		for _, o := range objects(t, text) {
			pod := template(o)
			if pod == nil || o.at("metadata", "labels", "app.kubernetes.io/component") != "gateway" {
				continue
			}
			is := decode[corev1.PodTemplateSpec](t, pod)
			least := (config.Drain.Timeout.D() + config.Drain.ReadinessDelay.D()).Seconds()
			if got := float64(*is.Spec.TerminationGracePeriodSeconds); got < least+5 {
				t.Errorf("%s: %s ends after %v seconds, but drains for %v", from, o.name(), got, least)
			}
		}
	}
}
