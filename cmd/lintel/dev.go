package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/lintel-gateway/lintel/cmd/lintel/dev"
)

var devVerb = verb{
	name: "dev", args: "[DIR]", purpose: "compile, serve and swap on save, with an echo for every upstream that is away",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		listen := fs.String("listen", "127.0.0.1:8080", "`ADDR` of the gateway")
		admin := fs.String("admin", "127.0.0.1:8081", "`ADDR` of the gateway's admin endpoint")
		env, group := envFlag(fs), groupFlag(fs)
		secrets := fs.String("secrets", "", "folder `DIR` with the values of secrets (those that are not there are made up)")
		gateway := fs.String("gateway", "", "`PATH` of lintel-gateway (default LINTEL_GATEWAY, beside lintel, or PATH)")
		return func(ctx context.Context, s streams, args []string) error {
			dir, err := oneArg(args, "routes")
			if err != nil {
				return err
			}
			if info, err := os.Stat(dir); err != nil || !info.IsDir() {
				return fmt.Errorf("%s is no directory: name the routes directory", dir)
			}
			self, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find the program itself: %w", err)
			}
			gw, err := findProgram("lintel-gateway", *gateway, "--gateway", "LINTEL_GATEWAY")
			if err != nil {
				return err
			}
			return dev.Run(ctx, dev.Config{
				Dir: dir, Env: *env, Group: *group, Listen: *listen, Admin: *admin, Lintel: self, Gateway: gw, Secrets: *secrets, Out: s.out,
				Color: s.terminal && os.Getenv("NO_COLOR") == "",
			})
		}
	},
}

// findProgram looks for a sister program: what was given by a flag, which may be
// none, the environment, beside this program, PATH.
func findProgram(name, given, flag, env string) (string, error) {
	if given == "" {
		given = os.Getenv(env)
	}
	if given != "" {
		if _, err := os.Stat(given); err != nil {
			return "", fmt.Errorf("%s is not at %s", name, given)
		}
		return filepath.Abs(given)
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), name)
		if _, err := os.Stat(beside); err == nil {
			return beside, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		if flag != "" {
			flag += " or "
		}
		return "", errors.New(name + " was not found beside lintel or in PATH: build it with make build, or name it with " + flag + env)
	}
	return filepath.Abs(path)
}
