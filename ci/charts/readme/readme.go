// Package readme writes a chart's README: its text is README.md.tmpl, and the values are
// read out of the comments of values.yaml.
package readme

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// marker is the line of the template that the table of values stands for.
const marker = "<!-- values -->"

// notice is the first line of the README.
const notice = "<!-- Written by `sh ci/charts.sh -update` from README.md.tmpl and values.yaml; your changes would be lost. -->\n\n"

// Value is one value of a chart.
type Value struct {
	// Name is its path, such as "image.tag".
	Name string
	// Default is its default as JSON.
	Default string
	// Meaning is what its comment says behind "--".
	Meaning string
}

// Of is the README of the chart in dir.
func Of(dir string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, "README.md.tmpl"))
	if err != nil {
		return nil, err
	}
	before, after, ok := bytes.Cut(text, []byte(marker))
	if !ok {
		return nil, fmt.Errorf("%s/README.md.tmpl has no line %q", dir, marker)
	}
	values, err := Values(dir)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString(notice)
	out.Write(before)
	out.WriteString("| Value | Default | Meaning |\n|---|---|---|\n")
	for _, v := range values {
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", v.Name, code(v.Default), cell(v.Meaning))
	}
	out.Write(bytes.TrimPrefix(after, []byte("\n")))
	return out.Bytes(), nil
}

// Values are the values of the chart in dir that have a comment with "--", in their order.
func Values(dir string) ([]Value, error) {
	path := filepath.Join(dir, "values.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var out []Value
	err = walk(document.Content[0], "", false, &out)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// walk collects the values of a mapping. Every value has a meaning of its own, or lies
// below one that has, whose default it then is a part of.
func walk(node *yaml.Node, prefix string, covered bool, out *[]Value) error {
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		name := prefix + key.Value
		meaning, ok := strings.CutPrefix(lastBlock(key.HeadComment), "# -- ")
		if ok {
			text, err := flow(value)
			if err != nil {
				return err
			}
			*out = append(*out, Value{name, text, meaning})
		}
		if value.Kind == yaml.MappingNode && len(value.Content) > 0 {
			if err := walk(value, name+".", covered || ok, out); err != nil {
				return err
			}
		} else if !ok && !covered {
			return fmt.Errorf("line %d: nothing says what %s means; write \"# -- ...\" above it", key.Line, name)
		}
	}
	return nil
}

// lastBlock is the part of a comment that stands right above its key, as one line.
func lastBlock(comment string) string {
	if i := strings.LastIndex(comment, "\n\n"); i >= 0 {
		comment = comment[i+2:]
	}
	return strings.ReplaceAll(comment, "\n# ", " ")
}

// flow is a value as JSON.
func flow(node *yaml.Node) (string, error) {
	var v any
	if err := node.Decode(&v); err != nil {
		return "", err
	}
	text, err := json.Marshal(v)
	return string(text), err
}

func code(text string) string {
	return "`" + strings.ReplaceAll(text, "|", `\|`) + "`"
}

func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", `\<`).Replace(text)
}
