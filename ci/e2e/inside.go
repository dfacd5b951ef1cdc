package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/binaries"
	"github.com/lintel-gateway/lintel/ci/e2e/cluster"
	"github.com/lintel-gateway/lintel/ci/e2e/results"
	"github.com/lintel-gateway/lintel/ci/e2e/sandbox"
	"github.com/lintel-gateway/lintel/ci/e2e/scenarios"
)

const resultsFile = "RESULTS.md"

// inside is the program in the sandbox: it boots the cluster and plays the scenarios.
func inside(ctx context.Context, o options) error {
	text, err := os.ReadFile(filepath.Join(o.inside, setupFile))
	if err != nil {
		return err
	}
	var s setup
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	began := time.Now()
	co := cluster.Options{Dir: o.inside, Bin: s.Bin, Debian: s.Debian, ArgoCD: s.ArgoCD, Images: s.Images, Report: report}
	for i, name := range []string{"node0", "node1"} {
		group, err := sandbox.Subgroup(name)
		if err != nil {
			return err
		}
		co.Kubelets = append(co.Kubelets, cluster.Kubelet{Name: name, Address: sandbox.Address(i), Group: group, Sync: time.Second})
	}
	c, err := cluster.Whole(ctx, co)
	if err != nil {
		return err
	}
	boot := time.Since(began)
	if err := c.Imported(); err != nil {
		return err
	}
	all, err := choose(scenarios.All(), o.run)
	if err != nil {
		return err
	}
	return play(ctx, all, &scenarios.Bench{Cluster: c, Programs: s.Programs, Root: s.Root, Boot: boot}, began)
}

// onlyAPI plays the scenarios that need no node.
func onlyAPI(ctx context.Context, o options, folder string) (err error) {
	if err := binaries.Build(ctx, o.e2e, folder, binaries.API(), os.Stderr); err != nil {
		return err
	}
	argo, err := binaries.ArgoCD(ctx, o.e2e, folder)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "lintel-e2e-")
	if err != nil {
		return err
	}
	defer func() { leave(dir, o.keep || err != nil) }()
	began := time.Now()
	c, err := cluster.API(ctx, cluster.Options{Dir: dir, Bin: folder, ArgoCD: argo, Report: report})
	if err != nil {
		return err
	}
	defer c.Close()
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	programs, err := filepath.Abs(o.programs)
	if err != nil {
		return err
	}
	all, err := choose(scenarios.API(), o.run)
	if err != nil {
		return err
	}
	return play(ctx, all, &scenarios.Bench{Cluster: c, Programs: programs, Root: root, Boot: time.Since(began)}, began)
}

func play(ctx context.Context, list []scenarios.Scenario, b *scenarios.Bench, began time.Time) error {
	played := scenarios.Play(ctx, list, b, os.Stdout)
	table := results.Table(played, b.Boot, time.Since(began))
	if err := os.WriteFile(filepath.Join(b.Dir, resultsFile), []byte(table), 0o644); err != nil {
		return err
	}
	var failed []string
	for _, r := range played {
		if r.Err != nil {
			failed = append(failed, r.Key)
		}
	}
	fmt.Printf("%d scenarios, %d failed, in %.0f s\n", len(played), len(failed), time.Since(began).Seconds())
	if len(failed) > 0 {
		return fmt.Errorf("failed, as told above: %s", strings.Join(failed, ", "))
	}
	return nil
}

func report(what string, since time.Duration) {
	fmt.Printf("%5.1fs  %s\n", since.Seconds(), what)
}

func choose(all []scenarios.Scenario, match string) ([]scenarios.Scenario, error) {
	re, err := regexp.Compile(match)
	if err != nil {
		return nil, fmt.Errorf("-run: %w", err)
	}
	chosen := scenarios.Choose(all, re)
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no scenario matches -run %s; -list names them", match)
	}
	return chosen, nil
}

func list(o options) error {
	all := scenarios.All()
	if o.api {
		all = scenarios.API()
	}
	for _, s := range all {
		fmt.Printf("%-12s %s\n", s.Key, s.Name)
	}
	return nil
}
