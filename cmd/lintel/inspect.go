package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// inspection is what inspect prints as JSON.
type inspection struct {
	Digest   string           `json:"digest"`
	Manifest *bundle.Manifest `json:"manifest"`
	// Signed tells whether there is a signature; Verified whether it was checked.
	Signed   bool             `json:"signed"`
	Verified bool             `json:"verified"`
	Routes   []inspectedRoute `json:"routes"`
}

type inspectedRoute struct {
	route.Route
	Source *bundle.Source `json:"source,omitempty"`
}

var inspectVerb = verb{
	name: "inspect", args: "[BUNDLE|DIR]", purpose: "print what a bundle holds, after verifying every digest",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		findings := findingFlags{format: "text"}
		format := fs.String("format", "text", "`FORMAT`: text or json")
		verifyKey := fs.String("verify-key", "", "verify the signature with the Ed25519 public key in the file `PEM`")
		return func(ctx context.Context, s streams, args []string) error {
			dir, err := oneArg(args, "routes")
			if err != nil {
				return err
			}
			if *format != "text" && *format != "json" {
				return usageError{fmt.Sprintf("--format %q is neither text nor json", *format)}
			}
			b, err := openOrCompile(ctx, s, &findings, dir)
			if err != nil {
				return err
			}
			_, signed := b.Files()["manifest.sig"]
			in := inspection{Digest: b.Digest(), Manifest: b.Manifest(), Signed: signed}
			if *verifyKey != "" {
				pem, err := os.ReadFile(*verifyKey)
				if err != nil {
					return fmt.Errorf("read verify key: %w", err)
				}
				key, err := bundle.ParsePublicKey(pem)
				if err != nil {
					return fmt.Errorf("read verify key %s: %w", *verifyKey, err)
				}
				if err := b.Verify(key); err != nil {
					return err
				}
				in.Verified = true
			}
			sources, err := b.Sources()
			if err != nil {
				return err
			}
			for _, d := range b.Domains() {
				for _, r := range d.Def.Routes {
					ir := inspectedRoute{Route: r}
					if src, ok := sources[r.ID]; ok {
						ir.Source = &src
					}
					in.Routes = append(in.Routes, ir)
				}
			}
			if *format == "json" {
				enc := json.NewEncoder(s.out)
				enc.SetIndent("", "  ")
				enc.SetEscapeHTML(false)
				return enc.Encode(in)
			}
			return in.text(s.out)
		}
	},
}

func (in inspection) text(w io.Writer) error {
	m := in.Manifest
	size := int64(0)
	for _, refs := range [][]bundle.ShardRef{m.Shards, m.Sources} {
		for _, r := range refs {
			size += r.Size
		}
	}
	signature := "none"
	if in.Verified {
		signature = "verified"
	} else if in.Signed {
		signature = "present, not verified"
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, kv := range [][2]string{
		{"digest", in.Digest},
		{"content", m.Content},
		{"revision", or(m.Revision, "none")},
		{"compiler", m.Compiler},
		{"format", fmt.Sprint(m.Format)},
		{"signature", signature},
		{"size", fmt.Sprintf("%s in %s", bytesText(size), count(len(m.Shards)+len(m.Sources), "shard"))},
		{"counts", fmt.Sprintf("%s, %s, %s", count(m.Counts.Domains, "domain"), count(m.Counts.Routes, "route"), count(m.Counts.Upstreams, "upstream"))},
	} {
		fmt.Fprintf(t, "%s\t%s\n", kv[0], kv[1])
	}
	fmt.Fprintln(t, "\nROUTE\tHOSTS\tPATH\tMETHODS\tTARGET\tSOURCE")
	for _, r := range in.Routes {
		source := ""
		if r.Source != nil {
			source = fmt.Sprintf("%s:%d", r.Source.File, r.Source.Line)
		}
		kind, value := r.Path.Kind(), r.Path.Value()
		if kind == "" {
			kind, value = "prefix", "/"
		}
		fmt.Fprintf(t, "%s\t%s\t%s %s\t%s\t%s\t%s\n", r.ID, strings.Join(r.Hosts, " "), kind, value, or(strings.Join(r.Methods, " "), "any"), r.Target(), source)
	}
	return t.Flush()
}

func or(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

func bytesText(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	if n < 1<<20 {
		return fmt.Sprintf("%.1f KiB", float64(n)/1024)
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
