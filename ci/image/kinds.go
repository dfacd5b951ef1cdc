package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// kind is one image: its name, what it starts and which programs are in it.
type kind struct {
	name     string
	programs []string
	about    string
}

// kinds are all images. The data plane's holds the gateway and nothing else.
func kinds() []kind {
	return []kind{
		{"lintel-gateway", []string{"lintel-gateway"}, "The data plane of Lintel."},
		{"lintel", []string{"lintel", "lintel-gateway"}, "The author's tool of Lintel: check, compile, render; a config management plugin of Argo CD."},
		{"lintel-sync", []string{"lintel-sync", "lintel", "lintel-gateway"}, "The GitOps agent of Lintel."},
		{"lintel-k6", []string{"lintel-k6", "lintel", "lintel-gateway", "lintel-sync"}, "k6 with Lintel's extension, and what plays the cases of a bundle; the GitOps agent that does so."},
	}
}

// choose is the kinds of the names; all when there are none.
func choose(names []string) ([]kind, error) {
	all := kinds()
	if len(names) == 0 {
		return all, nil
	}
	var out []kind
	for _, name := range names {
		i := slices.IndexFunc(all, func(k kind) bool { return k.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no image %q; there are lintel-gateway, lintel, lintel-sync and lintel-k6", name)
		}
		out = append(out, all[i])
	}
	return out, nil
}

// entrypoint is the program that the image starts.
func (k kind) entrypoint() string { return "/usr/local/bin/" + k.name }

// platform is what programs are built for.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "/" + p.arch }

// parsePlatforms reads a list of OS/ARCH; the machine's own when it is empty.
func parsePlatforms(s string) ([]platform, error) {
	if s == "" {
		return []platform{{"linux", runtime.GOARCH}}, nil
	}
	var out []platform
	for _, one := range strings.Split(s, ",") {
		system, arch, ok := strings.Cut(one, "/")
		if !ok || system != "linux" || arch == "" {
			return nil, fmt.Errorf("%q is no platform such as linux/amd64", one)
		}
		out = append(out, platform{system, arch})
	}
	return out, nil
}

var version = regexp.MustCompile(`(?m)^const Version = "([^"]+)"$`)

// releaseOf reads the release out of the repository.
func releaseOf(root string) (string, error) {
	file := filepath.Join(root, "schemas", "release", "release.go")
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	m := version.FindSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("%s has no line that gives the version", file)
	}
	return string(m[1]), nil
}
