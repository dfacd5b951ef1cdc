package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"regexp"
	"time"

	"github.com/lintel-gateway/lintel/cmd/lintel/gate"
	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/diff/gitfs"
	"github.com/lintel-gateway/lintel/compiler/load"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// testFlags are the flags of the verb test.
type testFlags struct {
	findingFlags
	run, domain, junit, json, live, base, k6 string
	coverageHTML, coverageJSON               string
	script, secrets, listen, admin, revision string
	env, group, cases                        string
	keep                                     bool
	parallel                                 int
	minCoverage                              float64
	timeout, caseTimeout                     time.Duration
	chosen                                   *regexp.Regexp
}

func (f *testFlags) declare(fs *flag.FlagSet) {
	f.findingFlags.declare(fs)
	fs.StringVar(&f.run, "run", "", "play only the cases whose \"domain/route name\" the regular expression `PATTERN` finds")
	fs.StringVar(&f.domain, "domain", "", "play only the cases of the domain `NAME`")
	fs.StringVar(&f.junit, "junit", "", "write the verdict to `FILE` as JUnit XML")
	fs.StringVar(&f.json, "json", "", "write verdict, results and coverage to `FILE` as JSON")
	fs.StringVar(&f.coverageHTML, "coverage-html", "", "write the coverage to `FILE` as a page for people")
	fs.StringVar(&f.coverageJSON, "coverage-json", "", "write the coverage to `FILE` as JSON")
	fs.Float64Var(&f.minCoverage, "min-coverage", 0, "fail below `PERCENT` of coverage (settings: minCoverage when absent)")
	fs.StringVar(&f.base, "base", "", "routes directory, bundle, Git revision or admin URL `BASE` to compare with: only routes that are not in it are new, and cases that are answered otherwise are told")
	fs.BoolVar(&f.keep, "keep", false, "leave the gateway running after the verdict, to try by hand")
	fs.StringVar(&f.live, "gateway", "", "play the read-only cases against the gateway at `URL` instead of starting one")
	fs.StringVar(&f.secrets, "secrets", "", "folder `DIR` with the values of secrets (those that are not there are made up)")
	fs.StringVar(&f.script, "script", "", "k6 script `FILE` to run instead of the built-in replay")
	fs.StringVar(&f.k6, "k6", "", "`PATH` of lintel-k6 (default LINTEL_K6, beside lintel, or PATH)")
	fs.StringVar(&f.listen, "listen", "", "`ADDR` of the gateway (default a free port)")
	fs.StringVar(&f.admin, "admin", "", "`ADDR` of the gateway's admin endpoint (default a free port)")
	fs.StringVar(&f.revision, "revision", "", "put the revision `R` into the manifest, as compile does")
	fs.StringVar(&f.env, "env", "", "compile for the environment `NAME` (routes/_env/NAME.cue), the base too")
	fs.StringVar(&f.group, "group", "", "compile what the gateway group `NAME` serves, of the base too (default \"default\")")
	fs.StringVar(&f.cases, "cases", "", "`FILE` with the cases of a bundle, as compile --cases or render --candidate write them: for a BUNDLE in the place of DIR")
	fs.IntVar(&f.parallel, "parallel", 8, "play `N` cases at once")
	fs.DurationVar(&f.caseTimeout, "case-timeout", 15*time.Second, "`TIME` that one answer may take")
	fs.DurationVar(&f.timeout, "timeout", 10*time.Minute, "give up after this `TIME`")
}

func (f *testFlags) valid() (err error) {
	if err := f.findingFlags.valid(); err != nil {
		return err
	}
	if f.chosen, err = regexp.Compile(f.run); err != nil {
		return usageError{fmt.Sprintf("--run %q is no regular expression: %v", f.run, err)}
	}
	if f.timeout <= 0 || f.caseTimeout <= 0 {
		return usageError{"--timeout and --case-timeout are times such as 30s"}
	}
	if f.parallel < 1 || f.parallel > 256 {
		return usageError{"--parallel is a number from 1 to 256"}
	}
	if f.minCoverage < 0 || f.minCoverage > 100 {
		return usageError{"--min-coverage is a number from 0 to 100"}
	}
	if f.live != "" {
		if u, err := url.Parse(f.live); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" {
			return usageError{fmt.Sprintf("--gateway %q is no URL such as http://127.0.0.1:8080", f.live)}
		}
		if f.keep || f.listen != "" || f.admin != "" {
			return usageError{"--gateway starts nothing: --keep, --listen and --admin have no meaning with it"}
		}
	}
	return nil
}

var testVerb = verb{
	name: "test", args: "[DIR|BUNDLE]", purpose: "replay every case with k6 on the bundle that would ship, and give a verdict",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var f testFlags
		f.declare(fs)
		return func(ctx context.Context, s streams, args []string) error {
			dir, err := oneArg(args, "routes")
			if err != nil {
				return err
			}
			if err := f.valid(); err != nil {
				return err
			}
			f.dir = dir
			if isBundle(dir) {
				return f.testBundle(ctx, s)
			}
			if f.cases != "" {
				return usageError{"--cases goes with a bundle; a routes directory has its cases beside the routes"}
			}
			return f.test(ctx, s)
		}
	},
}

// test compiles, replays and judges.
func (f *testFlags) test(ctx context.Context, s streams) error {
	base, err := f.baseBundle(ctx, s)
	if err != nil {
		return err
	}
	res, err := compile(ctx, s, compiler.Options{Dir: f.dir, Env: f.env, Group: f.group, Revision: f.revision})
	if err != nil {
		return err
	}
	if err := f.print(s, s.err, res); err != nil {
		return err
	}
	j, err := newJudge(f, s, res, base)
	if err != nil {
		return err
	}
	set, err := f.choose(j.all, j.bundle, s)
	if err != nil {
		return err
	}
	if len(set.Cases) == 0 {
		return j.judge(&gate.Verdict{})
	}
	c, err := f.config(res.Bundle, set)
	if err != nil {
		return err
	}
	defer f.sayReplaying(s, set)()
	if base != nil && f.live == "" {
		if j.earlier, err = f.replayBase(ctx, c, base); err != nil {
			return err
		}
	}
	var verdict error
	c.Verdict = func(ctx context.Context, v *gate.Verdict, listen, admin string) {
		if f.keep {
			j.base = "http://" + listen
		}
		verdict = j.judge(v)
		if f.keep {
			fmt.Fprintf(s.err, "the gateway goes on at http://%s, its admin endpoint at http://%s/-/routes; Ctrl-C ends it\n", listen, admin)
			<-ctx.Done()
		}
	}
	if _, err := gate.Run(ctx, c); err != nil {
		return err
	}
	return verdict
}

// config is what the gate needs for a replay.
func (f *testFlags) config(b *bundle.Encoded, set *cases.Set) (c gate.Config, err error) {
	c = gate.Config{
		Bundle: b, Cases: set, Live: f.live, Script: f.script, Secrets: f.secrets,
		Listen: f.listen, Admin: f.admin, Parallel: f.parallel, Timeout: f.timeout, CaseTimeout: f.caseTimeout,
	}
	if c.K6, err = findProgram("lintel-k6", f.k6, "--k6", "LINTEL_K6"); err != nil {
		return c, err
	}
	if f.live == "" {
		c.Gateway, err = findProgram("lintel-gateway", "", "", "LINTEL_GATEWAY")
	}
	return c, err
}

// sayReplaying tells a person on a terminal what goes on when it takes more than a
// second.
func (f *testFlags) sayReplaying(s streams, set *cases.Set) (stop func()) {
	if !s.terminal {
		return func() {}
	}
	t := time.AfterFunc(time.Second, func() { fmt.Fprintf(s.err, "replaying %s ...\n", count(len(set.Cases), "case")) })
	return func() { t.Stop() }
}

// choose picks the cases that the flags ask for.
func (f *testFlags) choose(all *cases.Set, b *bundle.Bundle, s streams) (*cases.Set, error) {
	set := &cases.Set{Bundle: all.Bundle}
	for _, c := range all.Cases {
		if (f.domain == "" || c.Domain() == f.domain) && f.chosen.MatchString(c.ID()) {
			set.Cases = append(set.Cases, c)
		}
	}
	if len(set.Cases) == 0 && f.partial() {
		return nil, fmt.Errorf("none of the %s fits --run and --domain", count(len(all.Cases), "case"))
	}
	if f.live == "" {
		return set, nil
	}
	from := len(set.Cases)
	live, secret := gate.ReadOnly(set, b, f.secrets != "")
	fmt.Fprintf(s.err, "%d of %s can be played against a live gateway: read-only, and no stand-in has to answer\n", len(live.Cases), count(from, "case"))
	if secret > 0 {
		fmt.Fprintf(s.err, "%s left out that need the values of secrets: name their folder with --secrets DIR\n", count(secret, "case"))
	}
	if len(live.Cases) == 0 {
		return nil, errors.New("there is no case to play")
	}
	return live, nil
}

// partial tells that not every case is played, so that coverage says nothing.
func (f *testFlags) partial() bool { return f.run != "" || f.domain != "" || f.live != "" }

// baseBundle is the bundle that was there before; nil when nobody says.
func (f *testFlags) baseBundle(ctx context.Context, s streams) (*bundle.Bundle, error) {
	if f.base == "" {
		return nil, nil
	}
	side, err := (&diffFlags{dir: f.dir, env: f.env, group: f.group}).side(f.base)
	if err != nil {
		return nil, err
	}
	base, err := side.open(ctx, s)
	var absent *gitfs.NoFolderError
	var none *load.NoEnvironment
	switch {
	case errors.As(err, &none):
		fmt.Fprintf(s.err, "%s has no environment %s yet: every route is new\n", f.base, none.Name)
		return nil, nil
	case errors.As(err, &absent):
		fmt.Fprintf(s.err, "%s has no folder %s yet: every route is new\n", f.base, absent.Folder)
		return nil, nil
	case errors.Is(err, errFindings):
		fmt.Fprintf(s.err, "%s is left out, for it does not compile: every route counts as new\n", f.base)
		return nil, nil
	}
	return base.Bundle, err
}

// replayBase plays the same cases on the base, to see what is answered otherwise.
func (f *testFlags) replayBase(ctx context.Context, c gate.Config, base *bundle.Bundle) (*gate.Verdict, error) {
	c.Bundle, c.Cases = &base.Encoded, &cases.Set{Bundle: base.Digest(), Cases: c.Cases.Cases}
	c.Listen, c.Admin, c.Script, c.Lenient = "", "", "", true
	v, err := gate.Run(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("replay on %s: %w", f.base, err)
	}
	return v, nil
}
