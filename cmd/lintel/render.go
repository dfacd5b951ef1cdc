package main

import (
	"context"
	"flag"
	"regexp"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/cases"
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
		env, group := envFlag(fs), groupFlag(fs)
		argocd := argocdFlag(fs)
		candidate := fs.Bool("candidate", false, "print the candidate too: ConfigMaps NAME-candidate-0, ... with the bundle and its cases, which a PreSync hook of Argo CD tests before NAME-0, ... change")
		signKey := fs.String("sign-key", "", "sign with the Ed25519 private key in the file `PEM` (PKCS #8)")
		return func(ctx context.Context, s streams, args []string) error {
			dir, err := oneArg(args, "routes")
			if err != nil {
				return err
			}
			if err := findings.valid(); err != nil {
				return err
			}
			if *argocd {
				if err := renderByArgocd(fs, dir); err != nil {
					return err
				}
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
			o := compiler.Options{Dir: dir, Revision: *revision, Env: *env, Group: *group, BundleOnly: !*candidate}
			b, set, err := renderSource(ctx, s, &findings, o)
			if err != nil {
				return err
			}
			if key != nil {
				b.Sign(key)
			}
			list := bundle.ConfigMaps(b, *name, *namespace)
			if *candidate {
				more, err := candidateOf(b, set, *name, *namespace)
				if err != nil {
					return err
				}
				list = append(list, more...)
			}
			return bundle.WriteYAML(s.out, list)
		}
	},
}

// renderByArgocd sets the flags of render that Argo CD tells a plugin. A bundle has its
// revision already; the commit that it lies in is another one.
func renderByArgocd(fs *flag.FlagSet, dir string) error {
	if isBundle(dir) {
		return tellByArgocd(fs, "revision")
	}
	return tellByArgocd(fs)
}

// candidateOf is the ConfigMaps of the candidate, with the cases.
func candidateOf(b *bundle.Encoded, set *cases.Set, name, namespace string) ([]bundle.ConfigMap, error) {
	if set == nil {
		return nil, usageError{"--candidate goes with a routes directory; a bundle has no cases"}
	}
	set.Bundle = b.Digest()
	packed, err := set.Pack(bundle.CasesBytes)
	if err != nil {
		return nil, err
	}
	files := make([]bundle.CasesFile, len(packed))
	for i, f := range packed {
		files[i] = bundle.CasesFile(f)
	}
	return bundle.Candidate(b, name, namespace, files), nil
}

// renderSource reads a bundle, or compiles a routes directory; only that has cases, and
// only when they are asked for.
func renderSource(ctx context.Context, s streams, f *findingFlags, o compiler.Options) (*bundle.Encoded, *cases.Set, error) {
	if isBundle(o.Dir) {
		if o.Revision != "" {
			return nil, nil, usageError{"--revision goes with a routes directory; a bundle has its revision already"}
		}
		if o.Env != "" || o.Group != "" {
			return nil, nil, usageError{"--env and --group go with a routes directory; a bundle is of one environment and group already"}
		}
		b, err := openBundle(o.Dir)
		if err != nil {
			return nil, nil, err
		}
		return &b.Encoded, nil, nil
	}
	res, err := compileResult(ctx, s, f, o)
	if err != nil || o.BundleOnly {
		return bundleOf(res), nil, err
	}
	set, err := res.Cases()
	return res.Bundle, set, err
}
