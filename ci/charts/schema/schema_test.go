package schema

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCore(t *testing.T) {
	text := `{"definitions": {"unused": {"type": "object"}`
	for _, name := range kinds() {
		text += `, "` + name + `": {"type": "object", "description": "about", "properties": {
			"size": {"$ref": "#/definitions/x.Quantity"}, "port": {"type": "string", "format": "int-or-string"},
			"self": {"$ref": "#/definitions/` + name + `"}, "status": {"$ref": "#/definitions/nowhere"}}}`
	}
	files, err := core([]byte(text + `, "x.Quantity": {"type": "string"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(kinds())+1 {
		t.Errorf("there are %d files", len(files))
	}
	if diff := cmp.Diff(`{"$ref":"kubernetes.json#/definitions/io.k8s.api.core.v1.ConfigMap"}`+"\n", string(files["configmap-v1.json"])); diff != "" {
		t.Error(diff)
	}
	if _, err := core([]byte(`{"definitions": {}}`)); err == nil {
		t.Error("kinds that are not there are taken for described")
	}
}

func TestStrict(t *testing.T) {
	got := strict(map[string]any{
		"type": "object", "description": "about",
		"properties": map[string]any{
			"description": map[string]any{"type": "string", "format": "byte"},
			"free":        map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": map[string]any{}},
			"map":         map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "string"}},
			"port":        map[string]any{"x-kubernetes-int-or-string": true},
		},
	})
	want := map[string]any{
		"type": "object", "additionalProperties": false,
		"properties": map[string]any{
			"description": map[string]any{"type": "string"},
			"free":        map[string]any{"type": "object", "properties": map[string]any{}},
			"map":         map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "string"}},
			"port":        map[string]any{"type": []string{"string", "integer"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
