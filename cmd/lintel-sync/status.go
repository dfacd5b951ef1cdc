package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/observe"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/poke"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/replicas"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/standing"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/state"
)

var statusVerb = verb{
	name: "status", purpose: "say what every replica serves; exit 0 when all serve the wanted bundle, 100 when not",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var t target
		var g gateways
		w := watcher{target: &t, gateways: &g}
		t.declare(fs)
		g.declare(fs)
		fs.BoolVar(&w.watch, "watch", false, "look again until all replicas serve the wanted bundle, or the time is over")
		fs.StringVar(&w.digest, "digest", "", "want the bundle with the `DIGEST`, or the beginning of one (default the one in the cluster)")
		fs.DurationVar(&w.timeout, "timeout", time.Minute, "how long --watch looks")
		fs.BoolVar(&w.poke, "poke", false, "make kubelets look at once where a replica is behind")
		format := formatFlag(fs)
		return func(ctx context.Context, s streams, args []string) error {
			if len(args) > 0 {
				return usageError{"takes no arguments"}
			}
			if err := errors.Join(validFormat(*format), g.valid()); err != nil {
				return err
			}
			w.format = *format
			c, err := t.open()
			if err != nil {
				return err
			}
			return w.run(ctx, s, c)
		}
	},
}

// watcher looks at replicas until they serve a bundle.
type watcher struct {
	target   *target
	gateways *gateways
	digest   string
	timeout  time.Duration
	poke     bool
	watch    bool
	format   string
}

// lookAgain is how long the watcher rests between two looks.
const lookAgain = 300 * time.Millisecond

func (w *watcher) run(ctx context.Context, s streams, c *cluster.Cluster) error {
	finder, err := w.gateways.finder(c)
	if err != nil {
		return err
	}
	needs := append(cluster.Needs("", "configmaps", "get"), w.gateways.needs(finder, w.poke)...)
	if err := c.Missing(ctx, needs); err != nil {
		return err
	}
	began, last := time.Now(), ""
	var pokes poke.Memory
	for {
		v, held, err := w.look(ctx, c, finder)
		// Who waits for a bundle may have begun before there is one.
		if waits := cluster.Lost(err) || errors.Is(err, observe.ErrAbsent); err != nil && !(w.watch && waits) {
			return err
		}
		over := !w.watch || time.Since(began) > w.timeout
		switch {
		case err != nil && over:
			return err
		case err != nil:
		case v.Settled() || over:
			if err := w.print(s.out, v, held); err != nil {
				return err
			}
			if !v.Settled() {
				return errFindings
			}
			return nil
		default:
			if line := progress(v); line != last {
				fmt.Fprintln(s.err, line)
				last = line
			}
			if w.poke {
				if err := pokes.Pods(ctx, c, v, time.Now()); err != nil {
					return err
				}
			}
		}
		if !pause(ctx, lookAgain) {
			return ctx.Err()
		}
	}
}

func (w *watcher) look(ctx context.Context, c *cluster.Cluster, f *replicas.Finder) (standing.Standing, *state.Hold, error) {
	digest, revision := w.digest, ""
	m, err := observe.Wanted(ctx, c, w.target.name)
	switch {
	case err == nil:
		annotated := m.Annotations[layout.Digest]
		if w.digest == "" || begins(annotated, w.digest) {
			digest, revision = annotated, m.Annotations[layout.Revision]
		}
	case !errors.Is(err, observe.ErrAbsent) || w.digest == "":
		return standing.Standing{}, nil, err
	}
	list, err := f.Find(ctx)
	if err != nil {
		return standing.Standing{}, nil, err
	}
	// A digest that is given in short is whole as soon as a replica has such a bundle.
	for _, r := range list {
		if r.Status != nil && w.digest != "" && begins(r.Status.Digest, w.digest) {
			digest, revision = r.Status.Digest, r.Status.Revision
		}
	}
	if len(list) == 0 {
		return standing.Standing{}, nil, fmt.Errorf("no gateway was found: no pod in namespace %s has the labels %s; is it another --namespace or --selector?", c.Namespace, f.Selector)
	}
	st, err := state.Read(ctx, c, w.target.name)
	if err != nil {
		return standing.Standing{}, nil, err
	}
	return standing.Judge(digest, revision, list), st.Hold, nil
}

// begins tells whether a digest begins with what was given, "sha256:" or not.
func begins(digest, given string) bool {
	given = strings.TrimPrefix(given, "sha256:")
	return len(given) >= 6 && strings.HasPrefix(strings.TrimPrefix(digest, "sha256:"), given)
}

func progress(v standing.Standing) string {
	line := fmt.Sprintf("%s: %d of %d replicas serve it", layout.Short(v.Wanted), v.Serving, v.All)
	for _, r := range v.Replicas {
		if r.State != standing.Serving {
			return line + "; " + r.Name + " is " + string(r.State)
		}
	}
	return line
}

// row is a replica as JSON has it.
type row struct {
	Name      string              `json:"name"`
	State     standing.State      `json:"state"`
	Digest    string              `json:"digest"`
	Revision  string              `json:"revision"`
	Since     *time.Time          `json:"since"`
	OnLast    bool                `json:"onLastGood"`
	OldUsers  int64               `json:"connectionsOnOldBundles"`
	LastError *replicas.LastError `json:"lastError"`
	Why       string              `json:"why"`
}

func (w *watcher) print(out io.Writer, v standing.Standing, held *state.Hold) error {
	rows := []row{}
	for _, r := range v.Replicas {
		one := row{Name: r.Name, State: r.State, OldUsers: r.Old, Why: r.Why}
		if s := r.Status; s != nil {
			one.Digest, one.Revision, one.Since, one.OnLast, one.LastError = s.Digest, s.Revision, s.LoadedAt, s.OnLastGood, s.LastError
		}
		rows = append(rows, one)
	}
	if w.format == "json" {
		return json.NewEncoder(out).Encode(map[string]any{
			"wanted": v.Wanted, "revision": v.Revision, "serving": v.Serving, "replicas": rows, "all": v.All,
			"rejected": v.Rejected, "reason": v.Reason, "hold": held,
		})
	}
	fmt.Fprintf(out, "wanted %s%s: %d of %d replicas serve it\n", v.Wanted, revisionText(v.Revision), v.Serving, v.All)
	if held != nil {
		fmt.Fprintf(out, "held by a rollback from %s: lintel-sync rollback --release ends that\n", layout.Short(held.From.Digest))
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nREPLICA\tSTATE\tDIGEST\tREVISION\tSINCE\tOLD")
	for _, r := range rows {
		since := "-"
		if r.Since != nil && !r.Since.IsZero() {
			since = r.Since.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\n", r.Name, r.State, dash(layout.Short(r.Digest)), dash(r.Revision), since, r.OldUsers)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the status: %w", err)
	}
	for _, r := range rows {
		if r.Why != "" {
			fmt.Fprintf(out, "%s: %s\n", r.Name, r.Why)
		}
		if r.State == standing.Serving && r.LastError != nil {
			fmt.Fprintf(out, "%s: it serves the wanted bundle, but not from its mount: %s: %s\n", r.Name, r.LastError.Code, r.LastError.Message)
		}
		if r.OldUsers > 0 {
			fmt.Fprintf(out, "%s: connections still on old bundles: %d\n", r.Name, r.OldUsers)
		}
	}
	return nil
}

func revisionText(r string) string {
	if r == "" {
		return ""
	}
	return " (" + r + ")"
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
