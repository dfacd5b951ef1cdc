package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/docs"
	"github.com/lintel-gateway/lintel/compiler/docs/markdown"
	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
)

// references makes every document but that of the command line, by its name.
func references(ctx context.Context, root string) (map[string]string, error) {
	language, err := docs.Language()
	if err != nil {
		return nil, err
	}
	filters, err := docs.Filters(ctx, language, os.DirFS(filepath.Join(root, "runtime", "filter")))
	if err != nil {
		return nil, err
	}
	codes, err := docs.Codes(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"schemas/REFERENCE.md":           docs.Schema(language),
		"runtime/filter/REFERENCE.md":    filters,
		"compiler/codes/REFERENCE.md":    codes,
		"runtime/telemetry/REFERENCE.md": metrics(),
		"runtime/reason/REFERENCE.md":    reasons(),
		"runtime/boot/REFERENCE.md":      settings(),
	}, nil
}

func metrics() string {
	var b strings.Builder
	b.WriteString(markdown.Generated("runtime/telemetry/catalog.go"))
	b.WriteString("# Metrics\n\nWhat `/metrics` on the admin address shows, in Prometheus' text format, beside the metrics of the Go runtime (`go_`) and the process (`process_`).\n\n")
	var rows [][]string
	for _, m := range telemetry.Catalog() {
		var labels []string
		for _, l := range m.Labels {
			labels = append(labels, "["+markdown.Code(l)+"](#"+l+")")
		}
		rows = append(rows, []string{markdown.Anchor(m.Name) + markdown.Code(m.Name), m.Type, strings.Join(labels, ", "), markdown.Text(m.Help)})
	}
	markdown.Table(&b, []string{"Metric", "Type", "Labels", "Meaning"}, rows)
	b.WriteString("## Labels\n\n")
	rows = nil
	for _, l := range telemetry.Labels() {
		meaning := markdown.Text(l.Meaning)
		if l.Name == "reason" {
			meaning += " [All codes](../reason/REFERENCE.md)."
		}
		rows = append(rows, []string{markdown.Anchor(l.Name) + markdown.Code(l.Name), meaning})
	}
	markdown.Table(&b, []string{"Label", "Meaning"}, rows)
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func reasons() string {
	var b strings.Builder
	b.WriteString(markdown.Generated("runtime/reason/reason.go"))
	b.WriteString("# Why the gateway itself answered\n\nThe code stands in the body of the answer (`code`), in the access log (`reason`) and in the label `reason` of `lintel_request_errors_total`. What a route or an upstream answers has none.\n\n")
	var rows [][]string
	for _, c := range reason.All() {
		status := "the filter's"
		if c.Status() != 0 {
			status = fmt.Sprint(c.Status())
		}
		rows = append(rows, []string{markdown.Anchor(c.String()) + markdown.Code(c.String()), status, markdown.Text(c.Meaning()), markdown.Text(c.Advice())})
	}
	markdown.Table(&b, []string{"Code", "Status", "What happened", "What to do"}, rows)
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func settings() string {
	var b strings.Builder
	b.WriteString(markdown.Generated("runtime/boot/keys.go"))
	b.WriteString("# Settings of the gateway\n\nKeys of the boot config (`--config FILE`, [how it is written](README.md)) and flags of `lintel-gateway`. A flag wins over the file. None of them changes while a gateway runs.\n\n")
	var rows [][]string
	for _, k := range boot.Keys() {
		flag := ""
		if k.Flag != "" {
			flag = markdown.Code(strings.TrimSpace("--" + k.Flag + " " + k.Value))
		}
		rows = append(rows, []string{markdown.Code(k.Name), flag, markdown.Code(k.Default()), markdown.Text(k.Meaning)})
	}
	markdown.Table(&b, []string{"Key", "Flag", "Default", "Meaning"}, rows)
	return strings.TrimRight(b.String(), "\n") + "\n"
}
