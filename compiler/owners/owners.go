// Package owners writes who owns what in a routes repository into a CODEOWNERS file.
package owners

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/ir"
)

// The lines around what is written; all else in the file is its authors'.
const (
	begin = "# lintel owners: written by `lintel owners --write`, from the route files"
	end   = "# lintel owners: end"
)

// Owner is a folder or a pattern of files and the team to ask.
type Owner struct {
	// Path is relative to the repository, with a slash at its end when it is a folder.
	Path string `json:"path"`
	// Domain is "" for what all domains share.
	Domain string `json:"domain,omitempty"`
	// Team is "" when nobody is named.
	Team string `json:"team"`
}

// Of lists the owners of a program whose routes directory is dir in the repository:
// first what domains share, then the domains by name.
func Of(prog *ir.Program, dir string) []Owner {
	team := prog.Shared.Settings.Owner
	out := []Owner{{Path: path.Join(dir, "*.cue"), Team: team}, {Path: path.Join(dir, "_env") + "/", Team: team}}
	for _, d := range prog.Domains {
		out = append(out, Owner{Path: path.Join(dir, d.Def.Name) + "/", Domain: d.Def.Name, Team: d.Owner})
	}
	slices.SortStableFunc(out[2:], func(a, b Owner) int { return cmp.Compare(a.Domain, b.Domain) })
	return out
}

// Codeowners is the part of a CODEOWNERS file that the list makes, with its first and
// last line. Who has no team is left out. org goes before the names of teams, as GitHub
// wants it ("@org/team"); a name with "@" is taken as it is.
func Codeowners(list []Owner, org string) []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, begin)
	for _, o := range list {
		if o.Team != "" {
			fmt.Fprintf(&b, "/%s %s\n", o.Path, handle(o.Team, org))
		}
	}
	fmt.Fprintln(&b, end)
	return b.Bytes()
}

func handle(team, org string) string {
	switch {
	case strings.Contains(team, "@"):
		return team
	case org != "" && !strings.Contains(team, "/"):
		return "@" + org + "/" + team
	}
	return "@" + team
}

// ErrNoEnd says that a file has the first line of the part and not its last.
var ErrNoEnd = errors.New("the line \"" + end + "\" is missing: everything after it would be lost")

// Splice puts the part into the text of a file in the place of the one that is there, or
// after the text when there is none.
func Splice(file, part []byte) ([]byte, error) {
	from := bytes.Index(file, []byte(begin+"\n"))
	if from < 0 {
		if len(file) > 0 && !bytes.HasSuffix(file, []byte("\n")) {
			file = append(slices.Clone(file), '\n')
		}
		if len(file) > 0 {
			file = append(slices.Clone(file), '\n')
		}
		return append(file, part...), nil
	}
	length := bytes.Index(file[from:], []byte(end+"\n"))
	if length < 0 {
		return nil, ErrNoEnd
	}
	return slices.Concat(file[:from], part, file[from+length+len(end)+1:]), nil
}
