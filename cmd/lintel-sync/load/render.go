package load

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// render compiles route files: lintel writes the ConfigMaps, which are read as any
// others are.
func render(ctx context.Context, dir string, o Options) (*bundle.Bundle, error) {
	flags := []string{"--name", o.Name, "--namespace", o.Namespace}
	for _, f := range [][2]string{{"--revision", o.Revision}, {"--env", o.Env}, {"--group", o.Group}} {
		if f[1] != "" {
			flags = append(flags, f[0], f[1])
		}
	}
	if o.SignKey != "" {
		key, err := filepath.Abs(o.SignKey)
		if err != nil {
			return nil, fmt.Errorf("the key to sign with: %w", err)
		}
		if _, err := os.Stat(key); err != nil {
			return nil, fmt.Errorf("the key to sign with is not there: mount the Secret, or leave --sign-key out (%w)", err)
		}
		flags = append(flags, "--sign-key", key)
	}
	out := &bounded{limit: maxManifests}
	if err := run(ctx, o, out, "render", dir, flags...); err != nil {
		return nil, err
	}
	return assemble("what lintel rendered of "+dir, []document{{"the output of lintel render", out.Bytes()}}, o)
}

// Replay plays the cases beside the route files and is nil when all pass; *Findings
// when one does not.
func Replay(ctx context.Context, dir string, o Options) error {
	var flags []string
	for _, f := range [][2]string{{"--env", o.Env}, {"--group", o.Group}} {
		if f[1] != "" {
			flags = append(flags, f[0], f[1])
		}
	}
	return run(ctx, o, nil, "test", dir, flags...)
}
