package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/lintel-gateway/lintel/ci/e2e/archive"
	"github.com/lintel-gateway/lintel/ci/e2e/binaries"
	"github.com/lintel-gateway/lintel/ci/e2e/cluster"
	"github.com/lintel-gateway/lintel/ci/e2e/sandbox"
)

// setup is what the program in the sandbox is told: it builds and downloads nothing.
type setup struct {
	Bin, Debian, ArgoCD string
	Images              []string
	Programs, Root      string
}

const setupFile = "setup.json"

// images are those that the nodes get.
var images = []string{"lintel-gateway", "lintel", "lintel-sync", "lintel-k6"}

// kind is what continuous integration should run: the whole when it can run here and
// nothing has to be built for it, or when it is required; otherwise api, and why.
func kind(folder string) (string, error) {
	if os.Getenv("LINTEL_E2E") == "require" {
		return "whole", nil
	}
	if err := sandbox.Possible(); err != nil {
		return "api", err
	}
	if missing := binaries.Missing(folder, binaries.All()); len(missing) > 0 {
		return "api", fmt.Errorf("%d programs of the cluster are not built, %s is one; make e2e builds them, some ten minutes", len(missing), missing[0].Name)
	}
	if err := binaries.DebianMissing(); err != nil {
		return "api", err
	}
	return "whole", nil
}

// everything brings the cache up to date.
func everything(ctx context.Context, o options, folder string) error {
	if err := binaries.Build(ctx, o.e2e, folder, binaries.All(), os.Stderr); err != nil {
		return err
	}
	if _, err := binaries.ArgoCD(ctx, o.e2e, folder); err != nil {
		return err
	}
	_, err := binaries.Debian(ctx, os.Stderr)
	return err
}

// whole runs the scenarios on a whole cluster.
func whole(ctx context.Context, o options, folder string) (err error) {
	if err := sandbox.Possible(); err != nil {
		return skipped{err}
	}
	if err := everything(ctx, o, folder); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "lintel-e2e-")
	if err != nil {
		return err
	}
	defer func() { leave(dir, o.keep || err != nil) }()
	s, err := prepare(ctx, o, folder, dir)
	if err != nil {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, setupFile), text, 0o644); err != nil {
		return err
	}
	err = sandbox.Run(ctx, dir, []string{"-inside", dir, "-run", o.run}, os.Stdout)
	if table, failed := os.ReadFile(filepath.Join(dir, resultsFile)); failed == nil && o.results != "" {
		err = errors.Join(err, os.WriteFile(o.results, table, 0o644))
	}
	return err
}

func prepare(ctx context.Context, o options, folder, dir string) (s setup, err error) {
	if s.Root, err = os.Getwd(); err != nil {
		return s, err
	}
	if s.Programs, err = filepath.Abs(o.programs); err != nil {
		return s, err
	}
	for _, name := range []string{"lintel", "lintel-gateway"} {
		if _, err := os.Stat(filepath.Join(s.Programs, name)); err != nil {
			return s, fmt.Errorf("there is no %s in %s: make build", name, o.programs)
		}
	}
	s.Bin = folder
	if s.ArgoCD, err = binaries.ArgoCD(ctx, o.e2e, folder); err != nil {
		return s, err
	}
	if s.Debian, err = binaries.Debian(ctx, os.Stderr); err != nil {
		return s, err
	}
	for _, name := range images {
		file, err := filepath.Abs(filepath.Join(o.images, name+".tar"))
		if err != nil {
			return s, err
		}
		if _, err := os.Stat(file); err != nil {
			return s, fmt.Errorf("there is no image %s in %s: make image", name, o.images)
		}
		s.Images = append(s.Images, file)
	}
	// It is first: no pod begins without it.
	pause, err := pauseImage(ctx, o, dir)
	s.Images = append([]string{pause}, s.Images...)
	return s, err
}

func pauseImage(ctx context.Context, o options, dir string) (string, error) {
	program, file := filepath.Join(dir, "pause"), filepath.Join(dir, "pause.tar")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./"+o.e2e+"/pause")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building pause: %w: %s", err, out)
	}
	f, err := os.Create(file)
	if err != nil {
		return "", err
	}
	err = archive.Write(f, archive.Image{
		Name: cluster.Pause, Entrypoint: []string{"/pause"}, User: "65535:65535", Files: map[string]string{"/pause": program},
	})
	return file, errors.Join(err, f.Close())
}

// leave removes the folder of a run, or says where it is.
func leave(dir string, keep bool) {
	if keep {
		fmt.Fprintf(os.Stderr, "the logs are in %s\n", filepath.Join(dir, "logs"))
		return
	}
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", strings.TrimSpace(err.Error()))
	}
}
