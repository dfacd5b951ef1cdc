package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// source says how a program is built.
type source struct {
	// dir is the folder of its module below the repository, pkg its package there.
	dir, pkg string
}

// sources are the programs but lintel-k6, which has a script of its own.
func sources() map[string]source {
	return map[string]source{
		"lintel":         {".", "./cmd/lintel"},
		"lintel-gateway": {".", "./cmd/lintel-gateway"},
		"lintel-sync":    {"cmd/lintel-sync", "."},
	}
}

// program builds a program for a platform and returns where it is. The flags leave out
// all that differs from one machine to the next.
func program(o options, p platform, name string) (string, error) {
	if o.bin != "" {
		path := filepath.Join(o.bin, name)
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("the program %s is not in %s: build it first", name, o.bin)
		}
		return path, nil
	}
	out := filepath.Join(o.out, "programs", p.os+"-"+p.arch, name)
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return "", err
	}
	out, err := filepath.Abs(out)
	if err != nil {
		return "", err
	}
	var cmd *exec.Cmd
	if from, ok := sources()[name]; ok {
		cmd = exec.Command(o.go_, "build", "-trimpath", "-ldflags", "-s -w -buildid=", "-o", out, from.pkg)
		cmd.Dir = filepath.Join(o.root, filepath.FromSlash(from.dir))
	} else {
		cmd = exec.Command("sh", filepath.Join("k6", "build.sh"), out)
		cmd.Dir = o.root
	}
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOTOOLCHAIN=local", "GO="+o.go_,
		"GOOS="+p.os, "GOARCH="+p.arch, "LINTEL_K6_BUILD=go")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build %s for %s: %w", name, p, err)
	}
	return out, nil
}
