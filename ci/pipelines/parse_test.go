package pipelines

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// pipelines are the kinds that ship. steps reads the file as its system does and says
// what it would run.
var pipelines = []struct {
	name  string
	steps func(t *testing.T, r *repo, base string) []step
}{
	{"shell", shellSteps},
	{"github", githubSteps},
	{"gitlab", gitlabSteps},
}

var stageCall = regexp.MustCompile(`\bci/lintel\.sh ([a-z]+)`)

// stageIn is the stage of lintel.sh that a command runs.
func stageIn(script string) string {
	if m := stageCall.FindStringSubmatch(script); m != nil {
		return m[1]
	}
	return ""
}

// shellSteps runs the stages one by one, as the script itself does.
func shellSteps(t *testing.T, _ *repo, base string) []step {
	t.Helper()
	text, err := os.ReadFile("lintel.sh")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^\[ \$# -gt 0 \] \|\| set -- (.*)$`).FindSubmatch(text)
	if m == nil {
		t.Fatal("lintel.sh does not say which stages it runs")
	}
	var out []step
	for _, stage := range strings.Fields(string(m[1])) {
		out = append(out, step{stage: stage, script: "sh ci/lintel.sh " + stage, env: []string{"BASE=" + base}})
	}
	return out
}

// workflow is a GitHub workflow as far as it is used. Parsing is strict, so that a
// misspelt key is found here and not by its system.
type workflow struct {
	Name string `json:"name"`
	// YAML 1.1 reads the key "on" as true.
	On          map[string]any    `json:"true"`
	Permissions map[string]string `json:"permissions"`
	Concurrency map[string]any    `json:"concurrency"`
	Jobs        map[string]struct {
		RunsOn  string            `json:"runs-on"`
		Timeout int               `json:"timeout-minutes"`
		Env     map[string]string `json:"env"`
		Steps   []struct {
			Name string         `json:"name"`
			Uses string         `json:"uses"`
			With map[string]any `json:"with"`
			Run  string         `json:"run"`
			If   string         `json:"if"`
		} `json:"steps"`
	} `json:"jobs"`
}

var (
	expression = regexp.MustCompile(`\$\{\{\s*(.*?)\s*\}\}`)
	pinned     = regexp.MustCompile(`^actions/[a-z-]+@v\d+$`)
	hashFiles  = regexp.MustCompile(`^hashFiles\((\s*'[^']+'\s*,?)+\)$`)
)

func githubSteps(t *testing.T, r *repo, base string) (out []step) {
	t.Helper()
	var w workflow
	read(t, "github.yml", &w)
	if len(w.Jobs) != 1 || w.Permissions["contents"] != "read" || w.On["pull_request"] == nil {
		t.Fatalf("the workflow is %+v", w)
	}
	job := w.Jobs["gate"]
	paths := r.dir + "/github-path"
	values := map[string]string{
		"github.event.pull_request.base.sha": base, "github.workspace": r.dir, "runner.os": "Linux", "runner.arch": "X64", "github.ref": "x",
	}
	fill := func(s string) string {
		return expression.ReplaceAllStringFunc(s, func(e string) string {
			name := expression.FindStringSubmatch(e)[1]
			value, ok := values[name]
			if !ok && !hashFiles.MatchString(name) {
				t.Errorf("github.yml: the expression %q is not known", name)
			}
			return value
		})
	}
	var env []string
	for k, v := range job.Env {
		env = append(env, k+"="+fill(v))
	}
	env = append(env, "GITHUB_PATH="+paths, "GITHUB_STEP_SUMMARY="+r.dir+"/github-summary", "GITHUB_WORKSPACE="+r.dir)
	for _, s := range job.Steps {
		if s.Uses != "" {
			if !pinned.MatchString(s.Uses) {
				t.Errorf("github.yml: %q is not pinned to a version", s.Uses)
			}
			for _, v := range s.With {
				if text, ok := v.(string); ok {
					fill(text)
				}
			}
			continue
		}
		out = append(out, step{stage: stageIn(s.Run), script: fill(s.Run), env: env})
	}
	return out
}

// gitlabJob is a job of a GitLab pipeline.
type gitlabJob struct {
	Extends       string           `json:"extends"`
	Stage         string           `json:"stage"`
	Image         string           `json:"image"`
	Timeout       string           `json:"timeout"`
	Interruptible bool             `json:"interruptible"`
	Cache         []map[string]any `json:"cache"`
	BeforeScript  []string         `json:"before_script"`
	Script        []string         `json:"script"`
	Coverage      string           `json:"coverage"`
	Artifacts     map[string]any   `json:"artifacts"`
}

func gitlabSteps(t *testing.T, r *repo, base string) (out []step) {
	t.Helper()
	var top struct {
		Stages    []string          `json:"stages"`
		Workflow  map[string]any    `json:"workflow"`
		Variables map[string]string `json:"variables"`
		Lintel    gitlabJob         `json:".lintel"`
		Format    gitlabJob         `json:"format"`
		Check     gitlabJob         `json:"check"`
		Test      gitlabJob         `json:"test"`
		Render    gitlabJob         `json:"render"`
	}
	read(t, "gitlab.yml", &top)
	env := []string{"CI_PROJECT_DIR=" + r.dir, "CI_MERGE_REQUEST_DIFF_BASE_SHA=" + base}
	expand := func(s string) string {
		return os.Expand(s, func(name string) string {
			for _, v := range env {
				if value, ok := strings.CutPrefix(v, name+"="); ok {
					return value
				}
			}
			t.Errorf("gitlab.yml: the variable %s is not known", name)
			return ""
		})
	}
	for _, name := range []string{"BASE", "GIT_DEPTH", "LINTEL_CACHE"} {
		env = append(env, name+"="+expand(top.Variables[name]))
	}
	for _, job := range []gitlabJob{top.Format, top.Check, top.Test, top.Render} {
		if job.Extends != ".lintel" || !slices.Contains(top.Stages, job.Stage) {
			t.Errorf("gitlab.yml: the job %+v is in no stage", job)
		}
		before := strings.Join(top.Lintel.BeforeScript, "\n") + "\n"
		for _, line := range job.Script {
			out = append(out, step{stage: stageIn(line), script: before + line, env: env})
		}
	}
	return out
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// TestCoverageLine: the expression by which GitLab reads the coverage finds it.
func TestCoverageLine(t *testing.T) {
	text, err := os.ReadFile("gitlab.yml")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^  coverage: '/(.*)/'$`).FindSubmatch(text)
	if m == nil {
		t.Fatal("gitlab.yml has no expression for the coverage")
	}
	line := regexp.MustCompile("(?m)" + string(m[1]))
	for text, want := range map[string]string{
		"all                 2/2    2/2         1/1      3/3   98.6 %":           "98.6",
		"x\nall                 2/2    2/2         1/1      3/3  100 %\n2 cases": "100",
	} {
		if got := line.FindStringSubmatch(text); got == nil || got[1] != want {
			t.Errorf("%q yields %q", text, got)
		}
	}
}
