package schema

import (
	"strings"

	"sigs.k8s.io/yaml"
)

// strict is a schema without what is only for readers, that takes no field that it does
// not name.
func strict(schema map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range schema {
		switch key {
		case "description", "title", "default", "example":
			continue
		case "properties", "definitions":
			named := map[string]any{}
			for name, one := range value.(map[string]any) {
				named[name] = strict(one.(map[string]any))
			}
			out[key] = named
			continue
		}
		if strings.HasPrefix(key, "x-kubernetes-") {
			continue
		}
		if inner, ok := value.(map[string]any); ok {
			value = strict(inner)
		}
		out[key] = value
	}
	if schema["format"] == "int-or-string" || schema["x-kubernetes-int-or-string"] == true {
		return map[string]any{"type": []string{"string", "integer"}}
	}
	// The formats of Kubernetes are no formats of JSON schemas.
	delete(out, "format")
	_, open := out["additionalProperties"]
	if _, named := out["properties"]; named && !open && schema["x-kubernetes-preserve-unknown-fields"] != true {
		out["additionalProperties"] = false
	}
	return out
}

// custom makes the schema of a custom resource out of its definition: of its first
// version that is served.
func custom(text []byte) ([]byte, error) {
	var definition struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema map[string]any `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(text, &definition); err != nil {
		return nil, err
	}
	schema := strict(definition.Spec.Versions[0].Schema.OpenAPIV3Schema)
	properties := schema["properties"].(map[string]any)
	delete(properties, "status")
	delete(properties, "operation")
	shorten(properties)
	return write(schema)
}

// shorten takes out what an ApplicationSet says over and over: the templates inside its
// generators, and generators inside generators. The top's are checked.
func shorten(properties map[string]any) {
	spec, _ := properties["spec"].(map[string]any)
	inner, _ := spec["properties"].(map[string]any)
	generators, _ := inner["generators"].(map[string]any)
	items, _ := generators["items"].(map[string]any)
	kinds, _ := items["properties"].(map[string]any)
	anything := map[string]any{"type": "object"}
	for name, kind := range kinds {
		if name == "matrix" || name == "merge" {
			kinds[name] = anything
			continue
		}
		if fields, ok := kind.(map[string]any)["properties"].(map[string]any); ok && fields["template"] != nil {
			fields["template"] = anything
		}
	}
}
