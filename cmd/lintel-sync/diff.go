package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/owned"
)

var diffVerb = verb{
	name: "diff", args: "[DIR|BUNDLE|FILE.yaml]", purpose: "say what apply would change in the cluster, and what drifted there; exit 100 when anything differs",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var t target
		var o compiling
		t.declare(fs)
		o.declare(fs)
		fs.StringVar(&o.revision, "revision", "", "put the revision `R` into the manifest when DIR is compiled (default that of the cluster)")
		adopt := fs.Bool("adopt", false, "compare with ConfigMaps that another program applied, too")
		format := formatFlag(fs)
		return func(ctx context.Context, s streams, args []string) error {
			path, err := oneArg(args)
			if err != nil {
				return err
			}
			if err := validFormat(*format); err != nil {
				return err
			}
			c, err := t.open()
			if err != nil {
				return err
			}
			if err := c.Missing(ctx, cluster.Needs("", "configmaps", "get", "list")); err != nil {
				return err
			}
			live, err := owned.Live(ctx, c, t.place(c), nil, *adopt)
			if err != nil {
				return err
			}
			// What differs in nothing but the commit is not worth a word, unless asked.
			if o.revision == "" && len(live) > 0 {
				o.revision = live[0].Annotations[layout.Revision]
			}
			b, err := loadBundle(ctx, s, path, o.options(t.name, c.Namespace))
			if err != nil {
				return err
			}
			want := wanted(b, t.place(c))
			if live, err = owned.Live(ctx, c, t.place(c), want, *adopt); err != nil {
				return err
			}
			changes := layout.Compare(want, live)
			if *format == "json" {
				err = json.NewEncoder(s.out).Encode(map[string]any{"digest": b.Digest(), "changes": append([]layout.Change{}, changes...)})
			} else {
				printChanges(s.out, changes)
				if len(changes) == 0 {
					_, err = fmt.Fprintf(s.out, "no difference: the cluster holds %s\n", b.Digest())
				}
			}
			if err != nil {
				return fmt.Errorf("write the report: %w", err)
			}
			if len(changes) > 0 {
				return errFindings
			}
			return nil
		}
	},
}
