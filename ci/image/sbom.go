package main

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"fmt"
	"slices"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// bill lists, as CycloneDX, what the programs of an image are made of: every module
// with its version and checksum, as the Go linker wrote them into the programs.
func bill(image, tag string, programs map[string]string) ([]byte, error) {
	b := cdx.NewBOM()
	b.Metadata = &cdx.Metadata{Component: &cdx.Component{BOMRef: image, Type: cdx.ComponentTypeContainer, Name: image, Version: tag}}
	seen := map[string]bool{}
	var parts []cdx.Component
	var needs []cdx.Dependency
	for name, path := range programs {
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read what %s is made of: %w", name, err)
		}
		refs := []string{"pkg:golang/std@" + info.GoVersion[len("go"):]}
		modules := []component{{"std", info.GoVersion[len("go"):], ""}}
		for _, dep := range info.Deps {
			version, sum := dep.Version, dep.Sum
			if dep.Replace != nil && dep.Replace.Version != "" {
				version, sum = dep.Replace.Version, dep.Replace.Sum
			}
			if dep.Version == "(devel)" || dep.Replace != nil && dep.Replace.Version == "" {
				version, sum = tag, ""
			}
			modules = append(modules, component{dep.Path, version, sum})
			refs = append(refs, "pkg:golang/"+dep.Path+"@"+version)
		}
		for _, m := range modules {
			if c := m.part(); !seen[c.BOMRef] {
				seen[c.BOMRef] = true
				parts = append(parts, c)
			}
		}
		ref := "program:" + name
		parts = append(parts, cdx.Component{BOMRef: ref, Type: cdx.ComponentTypeApplication, Name: name, Version: tag})
		slices.Sort(refs)
		refs = slices.Compact(refs)
		needs = append(needs, cdx.Dependency{Ref: ref, Dependencies: &refs})
	}
	slices.SortFunc(parts, func(a, b cdx.Component) int { return cmp.Compare(a.BOMRef, b.BOMRef) })
	slices.SortFunc(needs, func(a, b cdx.Dependency) int { return cmp.Compare(a.Ref, b.Ref) })
	b.Components, b.Dependencies = &parts, &needs
	var out bytes.Buffer
	e := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true)
	if err := e.Encode(b); err != nil {
		return nil, fmt.Errorf("write the bill of %s: %w", image, err)
	}
	return out.Bytes(), nil
}

// component is a Go module in a program.
type component struct{ path, version, sum string }

func (m component) part() cdx.Component {
	ref := "pkg:golang/" + m.path + "@" + m.version
	c := cdx.Component{BOMRef: ref, Type: cdx.ComponentTypeLibrary, Name: m.path, Version: m.version, PackageURL: ref}
	if m.sum != "" {
		// The checksum of a module is of its file list, not of an archive: no hash in
		// CycloneDX's sense.
		c.Properties = &[]cdx.Property{{Name: "go:sum", Value: m.sum}}
	}
	return c
}
