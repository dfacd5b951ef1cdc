package author

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"

	"github.com/lintel-gateway/lintel/compiler/format"
	"github.com/lintel-gateway/lintel/compiler/load"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// Plan is a change of one file that was proven.
type Plan struct {
	// File is the path below the routes directory, with slashes.
	File string
	// Before is what stands there; nil when there is no such file.
	Before []byte
	// After is what is to stand there.
	After []byte
	// Added is what After has more than Before, in its form.
	Added []byte
	// Line is the line of After at which Added begins.
	Line int
	// Template is the template that a route was written with; "" without one.
	Template string
	// Cases is how many cases were written.
	Cases int
	// Taken are the cases of other routes whose requests the new route takes: they
	// will fail, and say that it takes too much or that they are to be changed.
	Taken []cases.Case
}

// clause begins every file.
const clause = "package routes\n"

// plan adds text to a file, or makes the file. The text is brought into its form; the
// file too when it was in its form before, and otherwise what stands there stays as it
// is, byte for byte.
func (r *Repo) plan(name, text string) (*Plan, error) {
	added, err := format.Source(name, []byte(clause+"\n"+text))
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	p := &Plan{File: name, Added: bytes.TrimLeft(bytes.TrimPrefix(added, []byte(clause)), "\n")}
	if p.Before, err = r.read(name); err != nil {
		return nil, err
	}
	if p.Before == nil {
		p.After, p.Line = added, 3
		return p, nil
	}
	kept := bytes.TrimRight(p.Before, " \t\r\n")
	p.Line = bytes.Count(kept, []byte("\n")) + 3
	p.After = bytes.Join([][]byte{kept, p.Added}, []byte("\n\n"))
	if formed, err := format.Source(name, p.Before); err == nil && bytes.Equal(formed, p.Before) {
		if p.After, err = format.Source(name, p.After); err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
	}
	if len(p.After) > load.MaxFile {
		return nil, mistake("module", "%s would have more than %d KiB: name another module", name, load.MaxFile>>10)
	}
	return p, nil
}

// Write puts the file in its place, whole or not at all. It fails when the file is no
// longer what the plan was made on.
func (r *Repo) Write(p *Plan) error {
	now, err := r.read(p.File)
	if err != nil {
		return err
	}
	if (now == nil) != (p.Before == nil) || !bytes.Equal(now, p.Before) {
		return fmt.Errorf("write %s: it was changed in the meantime; nothing was written", p.File)
	}
	name, mode := filepath.FromSlash(p.File), fs.FileMode(0o644)
	if err := r.root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", p.File, err)
	}
	switch info, err := r.root.Lstat(name); {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("write %s: it is no regular file", p.File)
	case err == nil:
		mode = info.Mode().Perm()
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("write %s: %w", p.File, err)
	}
	tmp := name + ".new"
	err = r.root.WriteFile(tmp, p.After, mode)
	if err == nil {
		err = r.root.Rename(tmp, name)
	}
	if err != nil {
		_ = r.root.Remove(tmp)
		return fmt.Errorf("write %s: %w", p.File, err)
	}
	return nil
}

var moduleName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

// file is the path of a domain's module.
func file(domain, module string) (string, error) {
	if !moduleName.MatchString(module) {
		return "", mistake("module", "%q is no name of a module: use letters, digits, \"_\" and \"-\"", module)
	}
	name := path.Join(domain, module+".cue")
	for _, bad := range []string{"_tool", "_test"} {
		if len(module) > len(bad) && module[len(module)-len(bad):] == bad {
			return "", mistake("module", "a module's name cannot end in %q: CUE has another use for such files", bad)
		}
	}
	return name, nil
}
