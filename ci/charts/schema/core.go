package schema

import (
	"encoding/json"
	"fmt"
	"strings"
)

// shared is the file with the definitions that the kinds' files refer to.
const shared = "kubernetes.json"

// kinds are the kinds of Kubernetes that charts/ has, by the file that describes each.
func kinds() map[string]string {
	return map[string]string{
		"configmap-v1.json":                           "io.k8s.api.core.v1.ConfigMap",
		"service-v1.json":                             "io.k8s.api.core.v1.Service",
		"serviceaccount-v1.json":                      "io.k8s.api.core.v1.ServiceAccount",
		"namespace-v1.json":                           "io.k8s.api.core.v1.Namespace",
		"deployment-apps-v1.json":                     "io.k8s.api.apps.v1.Deployment",
		"daemonset-apps-v1.json":                      "io.k8s.api.apps.v1.DaemonSet",
		"job-batch-v1.json":                           "io.k8s.api.batch.v1.Job",
		"cronjob-batch-v1.json":                       "io.k8s.api.batch.v1.CronJob",
		"horizontalpodautoscaler-autoscaling-v2.json": "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
		"networkpolicy-networking-v1.json":            "io.k8s.api.networking.v1.NetworkPolicy",
		"poddisruptionbudget-policy-v1.json":          "io.k8s.api.policy.v1.PodDisruptionBudget",
		"role-rbac-v1.json":                           "io.k8s.api.rbac.v1.Role",
		"rolebinding-rbac-v1.json":                    "io.k8s.api.rbac.v1.RoleBinding",
	}
}

// core makes the schemas of Kubernetes' own kinds out of its OpenAPI file.
func core(text []byte) (map[string][]byte, error) {
	var api struct {
		Definitions map[string]map[string]any `json:"definitions"`
	}
	if err := json.Unmarshal(text, &api); err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	used := map[string]any{}
	for file, name := range kinds() {
		if err := take(api.Definitions, used, name); err != nil {
			return nil, err
		}
		text, err := write(map[string]any{"$ref": shared + "#/definitions/" + name})
		if err != nil {
			return nil, err
		}
		out[file] = text
	}
	var err error
	out[shared], err = write(map[string]any{"definitions": used})
	return out, err
}

// take puts a definition and all that it refers to into used.
func take(from map[string]map[string]any, used map[string]any, name string) error {
	if _, done := used[name]; done {
		return nil
	}
	definition, ok := from[name]
	if !ok {
		return fmt.Errorf("there is no definition %s", name)
	}
	used[name] = nil // it may refer to itself
	if strings.HasSuffix(name, ".Quantity") {
		used[name] = map[string]any{"type": []string{"string", "number"}}
		return nil
	}
	plain := strict(definition)
	if properties, ok := plain["properties"].(map[string]any); ok {
		delete(properties, "status")
	}
	used[name] = plain
	var err error
	refs(plain, func(ref string) {
		if err == nil {
			err = take(from, used, ref)
		}
	})
	return err
}

// refs calls f with the name of every definition that a schema refers to.
func refs(schema any, f func(string)) {
	switch s := schema.(type) {
	case map[string]any:
		for key, value := range s {
			if name, ok := value.(string); ok && key == "$ref" {
				f(strings.TrimPrefix(name, "#/definitions/"))
				continue
			}
			refs(value, f)
		}
	case []any:
		for _, value := range s {
			refs(value, f)
		}
	}
}
