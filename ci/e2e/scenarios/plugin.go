package scenarios

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/lintel-gateway/lintel/ci/e2e/kube"
)

// byPlugin is the namespace of the bundle that Argo CD renders itself.
const byPlugin = "gateways-plugin"

func plugin() Scenario {
	return Scenario{
		Key: "plugin", Name: "Argo CD renders a bundle itself, with lintel as its plugin: the bundle of that environment and commit appears; a commit with a finding is told with file and line, and changes nothing",
		Needs: []string{"install"},
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			p := *b
			p.namespace = byPlugin
			defer p.clean(context.WithoutCancel(ctx), ofArgo("applications", pluginApplication),
				ofArgo("appprojects", "lintel-routes-plugin"), ofArgo("appprojects", "lintel-platform-plugin"), "/api/v1/namespaces/"+byPlugin)
			if err := p.withPlugin(ctx); err != nil {
				return Figure{}, err
			}
			began := time.Now()
			if err := p.pluginApplication(ctx); err != nil {
				return Figure{}, err
			}
			if err := p.renderedByArgo(ctx); err != nil {
				return Figure{}, err
			}
			took := time.Since(began)
			told, err := p.foundByArgo(ctx)
			return Figure{Text: fmt.Sprintf("%.1f s with its cases played, the same as lintel render prints; a finding was told %.1f s after its push, untouched", took.Seconds(), told.Seconds())}, err
		},
	}
}

// pluginApplication is the Application whose source is the plugin.
const pluginApplication = "lintel-routes-plugin"

// clean deletes what a scenario made; nobody waits for the end of it.
func (b *Bench) clean(ctx context.Context, paths ...string) {
	for _, path := range paths {
		_ = b.Delete(ctx, path) // what was not made is not there
	}
}

// withPlugin makes a repository of routes, and gives the repo-server the plugin as
// charts/argocd has it.
func (b *Bench) withPlugin(ctx context.Context) error {
	text, err := b.shipped("plugin/plugin.yaml")
	if err != nil {
		return err
	}
	var settings struct {
		Data map[string]string `json:"data"`
	}
	if err := yaml.Unmarshal([]byte(text), &settings); err != nil {
		return err
	}
	if err := b.Plugin(ctx, "lintel", settings.Data["plugin.yaml"], b.Programs); err != nil {
		return err
	}
	if b.repository, err = initRepository(ctx, b, "routes-plugin"); err != nil {
		return err
	}
	return b.repository.push(ctx, "routes of shop.example")
}

// pluginApplication makes the Application as charts/argocd has it.
func (b *Bench) pluginApplication(ctx context.Context) error {
	projects, err := b.projects("-plugin", b.namespace, b.repository.URL(), examplePlatform)
	if err != nil {
		return err
	}
	application, err := b.shipped("plugin/application.yaml", exampleRoutes, b.repository.URL(), exampleNamespace, "namespace: "+b.namespace,
		"name: lintel-routes", "name: "+pluginApplication, "project: lintel-routes", "project: lintel-routes-plugin", "value: production", "value: prod")
	if err != nil {
		return err
	}
	namespace := "apiVersion: v1\nkind: Namespace\nmetadata: {name: " + b.namespace + ", labels: {pod-security.kubernetes.io/enforce: restricted}}\n"
	return b.apply(ctx, strings.Join([]string{namespace, projects, application}, "---\n"))
}

// renderedByArgo waits until the bundle of the last commit is there, and compares it with
// what lintel renders of that commit.
func (b *Bench) renderedByArgo(ctx context.Context) error {
	head, err := b.repository.head(ctx)
	if err != nil {
		return err
	}
	rendered, err := b.repository.run(ctx, b.repository.work, "lintel", "render", "--env", "prod", "--revision", head)
	if err != nil {
		return err
	}
	if b.digest, err = digestOf(rendered); err != nil {
		return err
	}
	if err := b.Until(ctx, time.Minute, "the bundle that Argo CD renders", func() error {
		o, err := b.Get(ctx, b.bundlePath(0))
		if err != nil {
			return errors.Join(err, b.complaint(ctx))
		}
		if is := o.Metadata.Annotations; is["lintel.dev/revision"] != head || is["lintel.dev/digest"] != b.digest {
			return fmt.Errorf("it is %s of %s, want %s of %s", short(is["lintel.dev/digest"]), is["lintel.dev/revision"], short(b.digest), head)
		}
		return nil
	}); err != nil {
		return err
	}
	dir := filepath.Join(b.Dir, "bundle-plugin")
	if err := b.download(ctx, dir); err != nil {
		return err
	}
	out, err := b.repository.run(ctx, "", "lintel", "inspect", dir)
	if err == nil && !strings.Contains(out, b.digest) {
		err = fmt.Errorf("lintel inspect says of it:\n%s", out)
	}
	return err
}

// download writes the files of the applied bundle into dir, as a mount shows them.
func (b *Bench) download(ctx context.Context, dir string) error {
	parts, err := b.List(ctx, kube.Core(b.namespace, "configmaps"), "lintel.dev/role=bundle")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, part := range parts {
		for name, text := range part.BinaryData {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// finding is what the compiler says of the commit that foundByArgo pushes.
var finding = regexp.MustCompile(`routes/shop\.example/step\.cue:3:\d+: error: .*\[unknown-field\]`)

// foundByArgo pushes a commit that does not compile, and waits until Argo CD says where the
// mistake is. Nothing may change by it.
func (b *Bench) foundByArgo(ctx context.Context) (time.Duration, error) {
	before, err := b.Get(ctx, b.bundlePath(0))
	if err != nil {
		return 0, err
	}
	if err := b.repository.write(map[string]string{"routes/shop.example/step.cue": notCompiling}); err != nil {
		return 0, err
	}
	if err := b.repository.push(ctx, "a commit that does not compile"); err != nil {
		return 0, err
	}
	pushed := time.Now()
	if err := b.refreshOf(ctx, ofArgo("applications", pluginApplication)); err != nil {
		return 0, err
	}
	if err := b.Until(ctx, time.Minute, "Argo CD to tell the finding", func() error {
		said := b.complaint(ctx)
		if said == nil {
			return errors.New("it says nothing")
		}
		if !finding.MatchString(said.Error()) {
			return fmt.Errorf("it says: %w", said)
		}
		return nil
	}); err != nil {
		return 0, err
	}
	told := time.Since(pushed)
	after, err := b.Get(ctx, b.bundlePath(0))
	if err == nil && after.Metadata.Version != before.Metadata.Version {
		err = errors.New("the ConfigMap was changed")
	}
	return told, err
}

// complaint is what Argo CD says against the Application, nil when it says nothing.
func (b *Bench) complaint(ctx context.Context) error {
	o, err := b.Get(ctx, ofArgo("applications", pluginApplication))
	if err != nil {
		return err
	}
	conditions, _ := o.Status["conditions"].([]any)
	for _, c := range conditions {
		if kind := text(c, "type"); strings.HasSuffix(kind, "Error") {
			return fmt.Errorf("%s: %s", kind, text(c, "message"))
		}
	}
	return nil
}
