package bundle

import (
	"fmt"
	"regexp"
)

// casesName matches the files of cases that travel beside a candidate, as package cases
// names them.
var casesName = regexp.MustCompile(`^cases(-[0-9]{1,4})?\.json\.zst$`)

func isCasesName(name string) bool { return casesName.MatchString(name) }

// CasesBytes bounds one file of cases beside a candidate: what a ConfigMap has room for.
const CasesBytes = configMapBytes - 1<<10

// The annotations that make Argo CD apply an object before a sync and replace the one
// of the sync before.
const (
	annotationHook       = "argocd.argoproj.io/hook"
	annotationHookDelete = "argocd.argoproj.io/hook-delete-policy"
	annotationWave       = "argocd.argoproj.io/sync-wave"
)

// Candidate lays the bundle out as ConfigMaps() does, called <name>-candidate-0 and so
// on, for a hook that plays the cases before the bundle of that name is changed. The
// cases are files of at most CasesBytes by name; each is in a ConfigMap of its own after
// those of the bundle.
func Candidate(b *Encoded, name, namespace string, cases []CasesFile) []ConfigMap {
	out := ConfigMaps(b, name+"-candidate", namespace)
	for _, f := range cases {
		cm := b.configMap(name+"-candidate", len(out), namespace)
		cm.BinaryData[f.Name] = f.Data
		out = append(out, cm)
	}
	for i := range out {
		out[i].Labels[LabelBundle], out[i].Labels[LabelRole] = LabelName(name), RoleCandidate
		a := out[i].Annotations
		a[AnnotationParts] = fmt.Sprint(len(out))
		a[annotationHook], a[annotationHookDelete], a[annotationWave] = "PreSync", "BeforeHookCreation", "-2"
	}
	return out
}

// CasesFile is a file of packed cases.
type CasesFile struct {
	Name string
	Data []byte
}
