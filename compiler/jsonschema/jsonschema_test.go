package jsonschema_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/check"
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/jsonschema"
	"github.com/lintel-gateway/lintel/compiler/lang"
	"github.com/lintel-gateway/lintel/schemas"
)

func language(t *testing.T) *lang.Language {
	t.Helper()
	l, err := lang.Read(schemas.Files())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// compiled checks a schema against the meta-schema and makes a validator of it.
func compiled(t *testing.T, text []byte) *validator.Schema {
	t.Helper()
	s, err := loaded(t, text).Compile("lintel.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// loaded checks a schema against the meta-schema and gives it the name lintel.json.
// Nothing is fetched: the meta-schemas are part of the library.
func loaded(t *testing.T, text []byte) *validator.Compiler {
	t.Helper()
	doc, err := validator.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := validator.NewCompiler()
	c.UseLoader(validator.SchemeURLLoader{})
	meta, err := c.Compile("https://json-schema.org/draft/2020-12/schema")
	if err != nil {
		t.Fatal(err)
	}
	if err := meta.Validate(doc); err != nil {
		t.Fatalf("the export is no JSON Schema of draft 2020-12: %v", err)
	}
	if err := c.AddResource("lintel.json", doc); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefinitions(t *testing.T) {
	l := language(t)
	for _, d := range l.Definitions {
		text, err := jsonschema.Definition(l, strings.TrimPrefix(d.Name, "#"))
		if err != nil {
			t.Fatal(err)
		}
		s := compiled(t, text)
		if d.Struct() == nil {
			continue
		}
		for _, f := range d.Struct().Fields {
			if f.Default == nil || d.Name == "#Route" && f.Name == "path" {
				continue
			}
			if err := s.Validate(map[string]any{f.Name: decoded(t, f.Default), "none": 1}); err == nil {
				t.Errorf("%s takes the field none", d.Name)
			}
		}
	}
	if _, err := jsonschema.Definition(l, "Rout"); !errors.Is(err, jsonschema.ErrUnknown) {
		t.Errorf("an unknown definition is %v", err)
	}
}

// TestDefaultsAndExamples: what the schema offers an editor, it takes.
func TestDefaultsAndExamples(t *testing.T) {
	text, err := jsonschema.Domain(language(t))
	if err != nil {
		t.Fatal(err)
	}
	var root struct {
		Defs map[string]struct {
			Properties map[string]json.RawMessage
		} `json:"$defs"`
	}
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	c := loaded(t, text)
	offered := 0
	for def, d := range root.Defs {
		for name, raw := range d.Properties {
			var p map[string]any
			if err := json.Unmarshal(raw, &p); err != nil {
				t.Fatal(err)
			}
			values, _ := p["examples"].([]any)
			if v, ok := p["default"]; ok {
				values = append(values, v)
			}
			s, err := c.Compile("lintel.json#/$defs/" + def + "/properties/" + name)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				offered++
				if err := s.Validate(v); err != nil {
					t.Errorf("%s.%s does not take %v: %v", def, name, v, err)
				}
			}
			if p["description"] == nil {
				t.Errorf("%s.%s has no description", def, name)
			}
		}
	}
	if offered < 120 {
		t.Errorf("only %d defaults and examples", offered)
	}
}

func TestExampleIsValid(t *testing.T) {
	text, err := jsonschema.Domain(language(t))
	if err != nil {
		t.Fatal(err)
	}
	s := compiled(t, text)
	for name, d := range exampleDomains(t) {
		if err := s.Validate(d); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAsCUE changes data of the example at random, in one place each time, and holds
// the export to the compiler: both take it, or neither does.
func TestAsCUE(t *testing.T) {
	text, err := jsonschema.Domain(language(t))
	if err != nil {
		t.Fatal(err)
	}
	s := compiled(t, text)
	domains := exampleDomains(t)
	names := slices.Sorted(maps.Keys(domains))
	random := rand.New(rand.NewPCG(7, 9))
	taken, refused := 0, 0
	for i := range 300 {
		doc := excerpt(random, domains[names[i%len(names)]])
		what := mutate(random, doc)
		raw, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		codes := said(t, raw)
		var again any
		if again, err = validator.UnmarshalJSON(bytes.NewReader(raw)); err != nil {
			t.Fatal(err)
		}
		valid := s.Validate(again)
		if (valid == nil) == (len(codes) == 0) {
			if valid == nil {
				taken++
			} else {
				refused++
			}
			continue
		}
		t.Errorf("%d: after %s JSON Schema says %v, the compiler says %q", i, what, valid, codes)
	}
	t.Logf("%d mutations: both took %d and refused %d", taken+refused, taken, refused)
	if taken < 60 || refused < 150 {
		t.Errorf("both took %d and refused %d: the mutations show too little", taken, refused)
	}
}

// said are the codes with which CUE refuses data; what the rules of check find in data
// that CUE takes is beyond a schema.
func said(t *testing.T, data []byte) (codes []string) {
	t.Helper()
	res, err := compiler.Compile(context.Background(), compiler.Options{Cache: "off", FS: fstest.MapFS{
		"data.example/data.cue": {Data: append([]byte("package routes\n\n"), data...)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]bool{"empty-list": true, "bad-name": true}
	for _, r := range check.Rules() {
		rules[r.Code] = true
	}
	for _, d := range res.Diagnostics {
		if d.Severity == diag.Error && !rules[d.Code] && d.Message != "the domain owns no host" {
			codes = append(codes, d.Code+": "+d.Message)
		}
	}
	return codes
}

// TestHowTo holds the data file in the schema's README to the export and the compiler.
func TestHowTo(t *testing.T) {
	readme, err := os.ReadFile("../../schemas/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(readme), "```yaml\n")
	block, _, _ = strings.Cut(block, "```")
	data, err := yaml.YAMLToJSON([]byte(block))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jsonschema.Domain(language(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled(t, text).Validate(decoded(t, data)); err != nil {
		t.Error(err)
	}
	res, err := compiler.Compile(context.Background(), compiler.Options{Cache: "off", FS: fstest.MapFS{
		"shop.example/orders.cue": {Data: append([]byte("package routes\n\n"), data...)},
	}})
	if err != nil || len(res.Diagnostics) > 0 {
		t.Errorf("the compiler says %v, %+v", err, res.Diagnostics)
	}
}

// TestDifferences holds what is known to differ: an export that says it too would make
// this fail, and the README wrong.
func TestDifferences(t *testing.T) {
	text, err := jsonschema.Domain(language(t))
	if err != nil {
		t.Fatal(err)
	}
	s := compiled(t, text)
	const route = `"domain": {"hosts": ["a.example"]}, "upstreams": {"a": {"endpoints": ["a.svc:80"]}}, "routes": {"r": {"upstream": "a", %s}}`
	for what, c := range map[string]struct{ field, code string }{
		"a whole number with a point is one in JSON Schema": {`"priority": 1.0`, "wrong-type"},
		"one of several fields":                             {`"path": {"exact": "/a", "prefix": "/b"}`, "path-one-of"},
		"names that stand elsewhere":                        {`"split": [{"upstream": "b", "weight": 1}]`, "target-one-of"},
		"whether an expression is one":                      {`"path": {"regex": "("}`, "path-invalid"},
	} {
		data := "{" + strings.Replace(route, "%s", c.field, 1) + "}"
		if err := s.Validate(decoded(t, []byte(data))); err != nil {
			t.Errorf("%s: JSON Schema refuses it: %v", what, err)
		}
		res, err := compiler.Compile(context.Background(), compiler.Options{Cache: "off", FS: fstest.MapFS{
			"data.example/data.cue": {Data: []byte("package routes\n\n" + data)},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(res.Diagnostics, func(d diag.Diagnostic) bool { return d.Code == c.code }) {
			t.Errorf("%s: the compiler does not say %s: %+v", what, c.code, res.Diagnostics)
		}
	}
}

func decoded(t *testing.T, raw []byte) any {
	t.Helper()
	v, err := validator.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
