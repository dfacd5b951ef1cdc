package layout

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// A part of a larger bundle that was there before does not keep the one that is served
// from being read, as it does not keep gateways from it.
func TestMounted(t *testing.T) {
	d := route.Domain{Name: "h.example", Hosts: []string{"h.example"}, MethodMismatch: 405, Routes: []route.Route{{
		ID: "h.example/r", OnRouteChange: "keep",
		Match:    route.Match{Hosts: []string{"h.example"}, Path: route.Path{Prefix: "/"}},
		Timeouts: route.Timeouts{Connect: 5e9, Read: 60e9, Write: 60e9, Idle: 3600e9},
		Filters:  route.Filters{"respond": []byte(`{"body":"x","contentType":"text/plain","status":200}`)},
	}}}
	b, err := bundle.Encode(bundle.Content{Domains: []route.Domain{d}}, bundle.Meta{Compiler: "test"})
	if err != nil {
		t.Fatal(err)
	}
	list := ConfigMaps(&b.Encoded, Place{Name: "edge", Namespace: "gateways", Role: RoleBundle})
	left := corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "edge-1"},
		BinaryData: map[string][]byte{strings.Repeat("0", 64) + ".json.zst": []byte("of the bundle before")},
	}
	if got, err := Mounted(append(list, left), "edge"); err != nil || got.Digest() != b.Digest() {
		t.Errorf("with a part of another bundle: %v", err)
	}
	if _, err := Read(append(list, left), "edge"); err == nil {
		t.Error("what is rendered may hold no such part")
	}
	left.BinaryData = map[string][]byte{"more.txt": []byte("by somebody")}
	if _, err := Mounted(append(list, left), "edge"); err == nil {
		t.Error("another file is passed over")
	}
	for name := range list[0].BinaryData {
		if name != bundle.ManifestName {
			delete(list[0].BinaryData, name)
			break
		}
	}
	if _, err := Mounted(list, "edge"); err == nil {
		t.Error("a shard is missing")
	}
}
