package main

import (
	"context"
	"flag"
	"regexp"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// What Kubernetes takes as the names of ConfigMaps and namespaces (RFC 1123 labels).
var (
	dnsName  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)
	dnsLabel = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

// maxName leaves room for "-7" below the 253 characters of Kubernetes.
const maxName = 242

var renderVerb = verb{
	name: "render", args: "[DIR|BUNDLE]", purpose: "print the bundle as Kubernetes ConfigMaps",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var findings findingFlags
		findings.declare(fs)
		name := fs.String("name", "lintel-bundle", "`NAME` of the ConfigMaps; parts are NAME-0, NAME-1, ...")
		namespace := fs.String("namespace", "", "`NAMESPACE` to write into the metadata")
		revision := fs.String("revision", "", "put the revision `R` into the manifest when DIR is compiled")
		env := envFlag(fs)
		signKey := fs.String("sign-key", "", "sign with the Ed25519 private key in the file `PEM` (PKCS #8)")
		return func(ctx context.Context, s streams, args []string) error {
			dir, err := oneArg(args, "routes")
			if err != nil {
				return err
			}
			if err := findings.valid(); err != nil {
				return err
			}
			if len(*name) > maxName || !dnsName.MatchString(*name) {
				return usageError{"--name must be lower-case letters, digits, \"-\" and \".\""}
			}
			if *namespace != "" && !dnsLabel.MatchString(*namespace) {
				return usageError{"--namespace must be at most 63 lower-case letters, digits and \"-\""}
			}
			key, err := readSignKey(*signKey)
			if err != nil {
				return err
			}
			b, err := renderSource(ctx, s, &findings, dir, *revision, *env)
			if err != nil {
				return err
			}
			if key != nil {
				b.Sign(key)
			}
			return bundle.WriteYAML(s.out, bundle.ConfigMaps(b, *name, *namespace))
		}
	},
}

func renderSource(ctx context.Context, s streams, f *findingFlags, dir, revision, env string) (*bundle.Encoded, error) {
	if isBundle(dir) {
		if revision != "" {
			return nil, usageError{"--revision goes with a routes directory; a bundle has its revision already"}
		}
		if env != "" {
			return nil, usageError{"--env goes with a routes directory; a bundle is of one environment already"}
		}
		b, err := openBundle(dir)
		if err != nil {
			return nil, err
		}
		return &b.Encoded, nil
	}
	return compileFor(ctx, s, f, compiler.Options{Dir: dir, Env: env, Revision: revision})
}
