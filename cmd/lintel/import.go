package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/importer"
	"github.com/lintel-gateway/lintel/compiler/importer/accesslog"
	"github.com/lintel-gateway/lintel/compiler/importer/casefile"
	"github.com/lintel-gateway/lintel/compiler/importer/har"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// importFlags are the flags of the verb import.
type importFlags struct {
	findingFlags
	out, host string
	o         importer.Options
}

func (f *importFlags) declare(fs *flag.FlagSet) {
	f.findingFlags.declare(fs)
	list := func(into *[]string) func(string) error {
		return func(s string) error {
			*into = append(*into, s)
			return nil
		}
	}
	fs.StringVar(&f.out, "o", "", "add the cases to <domain>/<module>.cases.cue below `OUTDIR`, such as DIR itself (default: print them)")
	fs.StringVar(&f.host, "host", "", "`HOST` of the lines of an access log that name none")
	fs.IntVar(&f.o.PerRoute, "per-route", importer.DefaultPerRoute, "at most `N` cases for a route")
	fs.Func("redact", "redact also the values of headers, parameters and fields called `NAME` (repeatable)", list(&f.o.Redact.Redact))
	fs.Func("keep", "do not redact values because they are called `NAME`; what looks like a credential is redacted all the same (repeatable)", list(&f.o.Redact.Keep))
}

// recorded is what a reader read, for the summary.
type recorded struct {
	requests int
	// left says what could not be used, such as "3 too large".
	left []string
	// told are sentences of their own.
	told []string
	// none says why nothing was read.
	none string
}

// readers are the kinds of records.
func readers() map[string]func(f *importFlags, r io.Reader, add func(*importer.Exchange)) (recorded, error) {
	return map[string]func(*importFlags, io.Reader, func(*importer.Exchange)) (recorded, error){"har": readHAR, "accesslog": readAccessLog}
}

var importVerb = verb{
	name: "import", args: "KIND FILE [DIR]", purpose: "turn recorded requests (KIND har or accesslog) into redacted cases beside their routes",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var f importFlags
		f.declare(fs)
		return func(ctx context.Context, s streams, args []string) error {
			if len(args) == 0 || readers()[args[0]] == nil {
				return usageError{`takes "har" or "accesslog", a FILE, and a routes directory`}
			}
			if len(args) < 2 {
				return usageError{`FILE is missing ("-" is standard input)`}
			}
			dir, err := oneArg(args[2:], "routes")
			if err != nil {
				return usageError{fmt.Sprintf("takes one FILE and one DIR, not %d arguments", len(args)-1)}
			}
			if err := f.valid(); err != nil {
				return err
			}
			if f.o.PerRoute < 1 || f.o.PerRoute > 1000 {
				return usageError{"--per-route is a number from 1 to 1000"}
			}
			if f.host != "" && args[0] == "har" {
				return usageError{"--host is for access logs: an archive names the host of each request"}
			}
			f.dir = dir
			return f.run(ctx, s, args[0], args[1])
		}
	},
}

func (f *importFlags) run(ctx context.Context, s streams, format, name string) error {
	file, err := openRecord(name)
	if err != nil {
		return err
	}
	defer file.Close()
	res, err := compile(ctx, s, compiler.Options{Dir: f.dir})
	if err != nil {
		return err
	}
	if err := f.print(s, s.err, res); err != nil {
		return err
	}
	b, err := bundle.Decode(res.Bundle.Files(), bundle.Limits{})
	if err != nil {
		return err
	}
	t, err := compiler.Table(b)
	if err != nil {
		return err
	}
	defer t.Close()
	c := importer.New(res.Program, t, f.o)
	read, err := readers()[format](f, file, func(x *importer.Exchange) {
		if ctx.Err() == nil {
			c.Add(x)
		}
	})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	for _, line := range read.told {
		fmt.Fprintf(s.err, "%s: %s\n", name, line)
	}
	if read.none != "" {
		return fmt.Errorf("read %s: %s", name, read.none)
	}
	plan, err := f.write(s, res, c.Finish())
	if err != nil {
		return err
	}
	f.summary(s, read, c.Summary(), plan)
	return nil
}

// openRecord opens a record; "-" is standard input.
func openRecord(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(os.Stdin), nil
	}
	info, err := os.Stat(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s does not exist: name the recorded file", name)
	}
	if err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a directory: name the recorded file", name)
	}
	return os.Open(name)
}

func readHAR(_ *importFlags, r io.Reader, add func(*importer.Exchange)) (recorded, error) {
	st, err := har.Read(r, add)
	out := recorded{requests: st.Entries}
	out.leave(st.Foreign, "not HTTP")
	out.leave(st.Unanswered, "without an answer")
	out.leave(st.TooLarge, fmt.Sprintf("larger than %d MiB", har.MaxEntry>>20))
	out.leave(st.Unreadable, "unreadable")
	if st.Entries == 0 {
		out.none = "the archive holds no request"
	}
	return out, err
}

func readAccessLog(f *importFlags, r io.Reader, add func(*importer.Exchange)) (recorded, error) {
	read := 0
	st, err := accesslog.Read(r, accesslog.Options{Host: f.host}, func(x *importer.Exchange) {
		read++
		add(x)
	})
	out := recorded{requests: st.Lines}
	out.leave(st.Foreign, "not HTTP")
	out.leave(st.Unreadable, "unreadable")
	out.leave(st.Hostless, "without a host")
	for _, bad := range st.Bad {
		out.told = append(out.told, fmt.Sprintf("line %d: %s", bad.Line, bad.Why))
	}
	if more := st.Unreadable - len(st.Bad); more > 0 {
		out.told = append(out.told, fmt.Sprintf("and %d more that cannot be read", more))
	}
	switch {
	case read > 0:
	case st.Hostless > 0:
		out.none = "no line names a host: name it with --host"
	default:
		out.none = "no line can be read"
	}
	return out, err
}

func (r *recorded) leave(n int, why string) {
	if n > 0 {
		r.left = append(r.left, fmt.Sprintf("%s %s", thousands(n), why))
	}
}

// write adds the cases to their files, or prints them.
func (f *importFlags) write(s streams, res *compiler.Result, list []importer.Case) (*casefile.Plan, error) {
	existing, err := res.Cases()
	if err != nil {
		return nil, err
	}
	if f.out == "" {
		plan, err := casefile.New(list, existing, nil)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		for i, file := range plan.Files {
			if i > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "// %s\n%s", file.Name, file.After)
		}
		_, err = s.out.Write(b.Bytes())
		return plan, err
	}
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return nil, fmt.Errorf("write cases: %w", err)
	}
	root, err := os.OpenRoot(f.out)
	if err != nil {
		return nil, fmt.Errorf("write cases: %w", err)
	}
	defer root.Close()
	plan, err := casefile.New(list, existing, root)
	if err != nil {
		return nil, err
	}
	for i := range plan.Files {
		if err := plan.Files[i].Write(root); err != nil {
			return nil, err
		}
	}
	return plan, nil
}

// summary says what became of every request.
func (f *importFlags) summary(s streams, read recorded, sum importer.Summary, plan *casefile.Plan) {
	for _, line := range sum.Listed {
		fmt.Fprintf(s.err, "no route takes %s\n", line)
	}
	if sum.Unlisted {
		fmt.Fprintln(s.err, "no route takes others, which are not listed")
	}
	added, routes := 0, 0
	for _, file := range plan.Files {
		added += file.Added
		routes += file.Routes
	}
	if sum.Foreign > 0 {
		read.leave(sum.Foreign, "that a gateway refuses")
	}
	out := fmt.Sprintf("read %s: %s for %s in %s", some(read.requests, "request"), some(added, "case"), some(routes, "route"), some(len(plan.Files), "file"))
	var parts []string
	if sum.Repeats > 0 {
		parts = append(parts, some(sum.Repeats, "repeat"))
	}
	for _, p := range []struct {
		n    int
		what string
	}{
		{plan.Had, "there already"},
		{sum.Unmatched, "no route takes (listed)"},
		{sum.Elsewhere, "taken by another route when recorded"},
		{sum.Undone, "dropped (no case without what is private in them)"},
	} {
		if p.n > 0 {
			parts = append(parts, thousands(p.n)+" "+p.what)
		}
	}
	if parts = append(parts, read.left...); len(parts) > 0 {
		out += "; " + strings.Join(parts, ", ")
	}
	total, kinds := 0, []string{}
	for i, c := range sum.Redacted {
		if total += c.N; i < 8 {
			kinds = append(kinds, fmt.Sprintf("%s %s", c.What, thousands(c.N)))
		}
	}
	if len(sum.Redacted) > len(kinds) {
		kinds = append(kinds, "...")
	}
	if total > 0 {
		out += fmt.Sprintf("; redacted %s (%s)", some(total, "value"), strings.Join(kinds, ", "))
	}
	fmt.Fprintln(s.err, out)
}

// some is count with a point for thousands.
func some(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(n) + " " + what + "s"
}

// thousands writes 1204 as 1,204.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
