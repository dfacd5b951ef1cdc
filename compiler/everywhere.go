package compiler

import (
	"context"
	"fmt"
	"path"
	"slices"

	"github.com/lintel-gateway/lintel/compiler/diag"
)

// Everywhere compiles a routes directory as it stands and, when that is without an
// error, in each of its environments. The result is that of the directory as it stands
// with the findings of all: those of an environment alone name it in a note. There is
// no bundle when there is an error anywhere. It returns the names of the environments
// that were compiled.
func Everywhere(ctx context.Context, o Options) (*Result, []string, error) {
	o.AllGroups = true
	c, err := open(o)
	if err != nil {
		return nil, nil, err
	}
	defer c.kept.Trim()
	res, err := c.compile(ctx, "")
	if err != nil || res.Diagnostics.HasErrors() {
		return res, nil, err
	}
	type finding struct {
		code, message string
		pos           diag.Pos
	}
	said := map[finding]bool{}
	for _, d := range res.Diagnostics {
		said[finding{d.Code, d.Message, d.Pos}] = true
	}
	for _, s := range res.Silenced {
		said[finding{s.Code, s.Message, s.Pos}] = true
	}
	envs := c.src.Environments()
	for _, env := range envs {
		in, err := c.compile(ctx, env)
		if err != nil {
			return nil, nil, fmt.Errorf("environment %s: %w", env, err)
		}
		for name, text := range in.Program.Files {
			res.Program.Files[name] = text
		}
		for _, d := range in.Diagnostics {
			if key := (finding{d.Code, d.Message, d.Pos}); !said[key] {
				said[key] = true
				res.Diagnostics = append(res.Diagnostics, inEnvironment(d, c.src.EnvironmentFile(env), env))
			}
		}
		for _, s := range in.Silenced {
			if key := (finding{s.Code, s.Message, s.Pos}); !said[key] {
				said[key] = true
				res.Silenced = append(res.Silenced, s)
			}
		}
	}
	// A comment that allows a finding is of use when it is in one of them.
	used := map[diag.Pos]bool{}
	for _, s := range res.Silenced {
		used[s.By] = true
	}
	res.Diagnostics = slices.DeleteFunc(res.Diagnostics.Sort(), func(d diag.Diagnostic) bool {
		return d.Code == "allow-unused" && used[d.Pos]
	})
	if res.Diagnostics.HasErrors() {
		res.Bundle = nil
	}
	return res, envs, nil
}

// inEnvironment names the environment in which a finding was made, unless it stands in
// the environment's file.
func inEnvironment(d diag.Diagnostic, file, env string) diag.Diagnostic {
	if path.Clean(d.Pos.File) != file {
		d.Notes = append(d.Notes[:len(d.Notes):len(d.Notes)], diag.Note{
			Pos: diag.Pos{File: file, Line: 1, Column: 1}, Message: fmt.Sprintf("in the environment %q", env),
		})
	}
	return d
}
