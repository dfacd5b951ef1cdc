package load

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
)

// MaxFile is the largest route file that is read, in bytes.
const MaxFile = 1 << 20

// lintelFile is the file that the compiler always replaces by its own.
const lintelFile = "lintel.cue"

// envFolder is the folder of the environments.
const envFolder = "_env"

var envName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

var domainName = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$`)

// file is one source file of package routes.
type file struct {
	name string // as positions print it: routes/shop.example/orders.cue
	data []byte
}

// module is the file's name without ".cue" or ".cases.cue".
func (f file) module() string {
	m, _ := strings.CutSuffix(path.Base(f.name), ".cue")
	m, _ = strings.CutSuffix(m, ".cases")
	return m
}

// isCases tells whether a file may hold nothing but cases.
func isCases(name string) bool { return strings.HasSuffix(name, ".cases.cue") }

// tree is what a routes directory holds.
type tree struct {
	shared  []file
	domains []folder
	lintel  []byte // the directory's own lintel.cue, nil without one
	envs    map[string]file
}

// texts maps every route file to its text.
func (t *tree) texts() map[string][]byte {
	out := map[string][]byte{}
	for _, f := range t.shared {
		out[f.name] = f.data
	}
	for _, d := range t.domains {
		for _, f := range d.files {
			out[f.name] = f.data
		}
	}
	return out
}

type folder struct {
	name  string
	files []file
}

// discover reads the route files below a directory. Mistakes in the layout are
// diagnostics; a directory that cannot be read is an error.
func discover(root dir, base string) (*tree, diag.List, error) {
	d := discovery{root: root, base: base}
	entries, err := root.list()
	if err != nil {
		return nil, nil, fmt.Errorf("read routes directory %s: %w", base, err)
	}
	t := &tree{}
	for _, e := range entries {
		switch {
		case e.Name() == envFolder && e.IsDir():
			if t.envs, err = d.environments(); err != nil {
				return nil, nil, err
			}
		case skipped(e.Name()):
		case e.IsDir():
			f, err := d.domain(e.Name())
			if err != nil {
				return nil, nil, err
			}
			if len(f.files) > 0 {
				t.domains = append(t.domains, f)
			}
		default:
			if err := d.take(root, e, "", &t.shared); err != nil {
				return nil, nil, err
			}
		}
	}
	if i := slices.IndexFunc(t.shared, func(f file) bool { return path.Base(f.name) == lintelFile }); i >= 0 {
		t.lintel = t.shared[i].data
		t.shared = slices.Delete(t.shared, i, i+1)
	}
	return t, d.found, nil
}

type discovery struct {
	root  dir
	base  string
	found diag.List
}

// folder opens a folder of the routes directory and lists its entries.
func (d *discovery) folder(name string) (in dir, entries []fs.DirEntry, err error) {
	if in, err = d.root.sub(name); err != nil {
		return nil, nil, fmt.Errorf("open the folder %s: %w", path.Join(d.base, name), err)
	}
	if entries, err = in.list(); err != nil {
		in.close()
		return nil, nil, fmt.Errorf("read the folder %s: %w", path.Join(d.base, name), err)
	}
	return in, entries, nil
}

func (d *discovery) domain(name string) (folder, error) {
	out := folder{name: name}
	in, entries, err := d.folder(name)
	if err != nil {
		return out, err
	}
	defer in.close()
	before := len(d.found)
	for _, e := range entries {
		switch {
		case skipped(e.Name()):
		case e.IsDir():
			d.report("folder-in-domain", path.Join(name, e.Name()), "a domain has no folders inside",
				"move the files up, or begin the folder's name with \"_\" to leave it out")
		default:
			if err := d.take(in, e, name, &out.files); err != nil {
				return out, err
			}
		}
	}
	if len(out.files) > 0 && !domainName.MatchString(name) {
		d.report("bad-name", name, fmt.Sprintf("the folder name %q is no domain name", name),
			"use lower-case letters, digits, \".\", \"_\" and \"-\"")
	}
	if len(out.files) == 0 && len(d.found) == before {
		d.found = append(d.found, diag.Diagnostic{
			Code: "empty-domain", Severity: diag.Warning, Pos: d.pos(name),
			Message: fmt.Sprintf("the folder %q holds no route file", name),
			Hint:    "names of route files end in .cue; begin the folder's name with \"_\" if it is no domain",
		})
	}
	// Cases come last, so that a route's place is where it is defined.
	slices.SortStableFunc(out.files, func(a, b file) int {
		if isCases(a.name) == isCases(b.name) {
			return strings.Compare(a.name, b.name)
		}
		if isCases(a.name) {
			return 1
		}
		return -1
	})
	return out, nil
}

// environments reads the files of the folder _env, one environment each.
func (d *discovery) environments() (map[string]file, error) {
	in, entries, err := d.folder(envFolder)
	if err != nil {
		return nil, err
	}
	defer in.close()
	out := map[string]file{}
	for _, e := range entries {
		if skipped(e.Name()) {
			continue
		}
		if e.IsDir() {
			d.report("folder-in-domain", path.Join(envFolder, e.Name()), "the environments have no folders inside",
				"write each environment into one file")
			continue
		}
		var list []file
		if err := d.take(in, e, envFolder, &list); err != nil {
			return nil, err
		}
		for _, f := range list {
			name := strings.TrimSuffix(e.Name(), ".cue")
			if !envName.MatchString(name) {
				d.report("bad-name", path.Join(envFolder, e.Name()), fmt.Sprintf("%q is no name of an environment", name),
					"use lower-case letters, digits and \"-\", as in staging.cue")
				continue
			}
			out[name] = f
		}
	}
	return out, nil
}

// take reads one entry of an open folder into list when it is a route file. The folder
// is called below in the routes directory, "" for that itself.
func (d *discovery) take(in dir, e fs.DirEntry, below string, list *[]file) error {
	name := path.Join(below, e.Name())
	// A link beside the domains is most likely meant to be one.
	if !strings.HasSuffix(name, ".cue") && (below != "" || e.Type()&fs.ModeSymlink == 0) {
		return nil
	}
	if !e.Type().IsRegular() {
		d.report("not-a-file", name, "route files and domain folders must not be links or devices",
			"put the content itself here")
		return nil
	}
	if strings.HasSuffix(name, "_tool.cue") || strings.HasSuffix(name, "_test.cue") {
		d.report("tool-file", name, "CUE tool and test files are not route files", "rename or remove it")
		return nil
	}
	data, err := in.read(e.Name())
	if errors.Is(err, errTooLarge) {
		d.report("file-too-large", name, fmt.Sprintf("the file is larger than %d KiB", MaxFile>>10),
			"split it into several modules")
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", path.Join(d.base, name), err)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if fault := textFault(path.Join(d.base, name), data); fault != nil {
		d.found = append(d.found, *fault)
		return nil
	}
	*list = append(*list, file{name: path.Join(d.base, name), data: data})
	return nil
}

var errTooLarge = errors.New("file too large")

func (d *discovery) pos(name string) diag.Pos {
	return diag.Pos{File: path.Join(d.base, name), Line: 1, Column: 1}
}

func (d *discovery) report(code, name, message, hint string) {
	d.found = append(d.found, diag.Diagnostic{
		Code: code, Severity: diag.Error, Pos: d.pos(name), Message: message, Hint: hint,
	})
}

// skipped tells whether CUE itself leaves the entry out.
func skipped(name string) bool {
	return strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".")
}
