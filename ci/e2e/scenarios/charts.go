package scenarios

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// foreign are the groups of objects whose definitions are not ours to bring.
var foreign = regexp.MustCompile(`(?m)^apiVersion: "?(monitoring\.coreos\.com|keda\.sh)/`)

func charts() Scenario {
	return Scenario{
		Key: "charts", Name: "The API server takes the chart with its defaults and with every example, the Kustomize base and what is there for Argo CD; no pod violates the restricted profile",
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			if _, err := b.Kubectl(ctx, "", "apply", "--server-side", "-f", filepath.Join(b.ArgoCD, "crds")); err != nil {
				return Figure{}, err
			}
			for _, ns := range []string{home, "argocd", "lintel"} {
				text := "apiVersion: v1\nkind: Namespace\nmetadata: {name: " + ns + ", labels: {pod-security.kubernetes.io/enforce: restricted, pod-security.kubernetes.io/warn: restricted}}\n"
				if err := b.apply(ctx, text); err != nil {
					return Figure{}, err
				}
			}
			var t tried
			for _, part := range []func(context.Context, *Bench, *tried) error{chartExamples, kustomizations, argoExamples} {
				if err := part(ctx, b, &t); err != nil {
					return Figure{}, err
				}
			}
			return Figure{Text: fmt.Sprintf("%d sources, %d objects; %d of the kinds of others left out", t.sources, t.objects, t.left)}, nil
		},
	}
}

// tried counts what was judged.
type tried struct{ sources, objects, left int }

// judge has the API server judge manifests, without keeping them.
func (t *tried) judge(ctx context.Context, b *Bench, source, text string) error {
	documents := slices.DeleteFunc(regexp.MustCompile(`(?m)^---.*$`).Split(text, -1), func(d string) bool { return !strings.Contains(d, "kind:") })
	known := slices.DeleteFunc(slices.Clone(documents), foreign.MatchString)
	if len(known) == 0 {
		return fmt.Errorf("%s has no object", source)
	}
	args := []string{"apply", "--server-side", "--dry-run=server", "--warnings-as-errors", "-f", "-"}
	if !strings.Contains(text, "namespace: argocd") { // what is for Argo CD names its namespace
		args = append(args, "--namespace", home)
	}
	_, err := b.Kubectl(ctx, strings.Join(known, "\n---\n"), args...)
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	t.sources, t.objects, t.left = t.sources+1, t.objects+len(known), t.left+len(documents)-len(known)
	return nil
}

func chartExamples(ctx context.Context, b *Bench, t *tried) error {
	examples, err := filepath.Glob(filepath.Join(b.Root, "charts", "lintel", "examples", "*.yaml"))
	if err != nil {
		return err
	}
	if len(examples) == 0 {
		return errors.New("the chart has no examples")
	}
	for _, example := range append([]string{""}, examples...) {
		args := []string{filepath.Join(b.Bin, "helm"), "template", instance, filepath.Join(b.Root, "charts", "lintel"), "--namespace", home}
		if example != "" {
			args = append(args, "--values", example)
		}
		text, err := b.Command(ctx, "", args...)
		if err == nil {
			err = t.judge(ctx, b, "the chart with "+filepath.Base(example), text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func kustomizations(ctx context.Context, b *Bench, t *tried) error {
	found := false
	err := filepath.WalkDir(filepath.Join(b.Root, "charts", "kustomize"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.Name() != "kustomization.yaml" {
			return err
		}
		found = true
		text, err := b.Kubectl(ctx, "", "kustomize", filepath.Dir(path))
		if err != nil {
			return err
		}
		return t.judge(ctx, b, path, text)
	})
	if err == nil && !found {
		err = errors.New("there is no kustomization")
	}
	return err
}

// argoExamples are the files for Argo CD that are objects as they stand, its own and the
// hooks; a part of another object, such as a patch, is none.
func argoExamples(ctx context.Context, b *Bench, t *tried) error {
	found := false
	err := filepath.WalkDir(filepath.Join(b.Root, "charts", "argocd"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || !whole.Match(text) {
			return err
		}
		found = true
		return t.judge(ctx, b, path, string(text))
	})
	if err == nil && !found {
		err = errors.New("there is nothing for Argo CD")
	}
	return err
}

// whole are the kinds that stand alone in charts/argocd.
var whole = regexp.MustCompile(`(?m)^kind: "?(Application|ApplicationSet|AppProject|Job|ConfigMap)"?$`)
