package layout

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestPartOf(t *testing.T) {
	for name, want := range map[string]int{
		"b-0": 0, "b-12": 12, "b-": -1, "b": -1, "b-01": -1, "b-1x": -1, "b--1": -1, "b-+1": -1, "b-lastgood-0": -1, "c-0": -1, "b-99999": -1,
	} {
		if got, ok := PartOf(name, "b"); ok != (want >= 0) || ok && got != want {
			t.Errorf("%s: %d, %v", name, got, ok)
		}
	}
}

// TestOwns wants all three labels, the name and the namespace.
func TestOwns(t *testing.T) {
	p := Place{Name: "b", Namespace: "n", Role: RoleBundle}
	cm := func(change func(*corev1.ConfigMap)) *corev1.ConfigMap {
		c := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "b-0", Namespace: "n", Labels: map[string]string{LabelManagedBy: Lintel, LabelBundle: "b", LabelRole: "bundle"}}}
		change(c)
		return c
	}
	if !p.Owns(cm(func(*corev1.ConfigMap) {})) {
		t.Error("its own is not owned")
	}
	for name, change := range map[string]func(*corev1.ConfigMap){
		"name":      func(c *corev1.ConfigMap) { c.Name = "b-lastgood-0" },
		"namespace": func(c *corev1.ConfigMap) { c.Namespace = "m" },
		"manager":   func(c *corev1.ConfigMap) { delete(c.Labels, LabelManagedBy) },
		"bundle":    func(c *corev1.ConfigMap) { c.Labels[LabelBundle] = "c" },
		"role":      func(c *corev1.ConfigMap) { c.Labels[LabelRole] = "lastgood" },
	} {
		if p.Owns(cm(change)) {
			t.Errorf("another %s, and it is owned", name)
		}
	}
}

func TestFilesThatContradict(t *testing.T) {
	part := func(name, text string) corev1.ConfigMap {
		return corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, BinaryData: map[string][]byte{"x": []byte(text)}}
	}
	if _, err := Files([]corev1.ConfigMap{part("b-0", "1"), part("b-1", "2")}, "b"); err == nil || !strings.Contains(err.Error(), "b-0 and b-1 both hold x") {
		t.Errorf("two files of one name: %v", err)
	}
	if got, err := Files([]corev1.ConfigMap{part("b-0", "1"), part("b-1", "1"), part("c-0", "2")}, "b"); err != nil || len(got) != 1 {
		t.Errorf("the same file twice: %v, %v", got, err)
	}
}
