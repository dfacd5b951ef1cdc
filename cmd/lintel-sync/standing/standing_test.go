package standing

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/replicas"
)

const (
	wanted = "sha256:1111111111111111"
	before = "sha256:0000000000000000"
)

func TestJudge(t *testing.T) {
	failed := func(code string) *replicas.LastError { return &replicas.LastError{Code: code, Message: "m"} }
	for name, c := range map[string]struct {
		status *replicas.Status
		state  State
		why    string
	}{
		"serves":                 {&replicas.Status{Digest: wanted}, Serving, ""},
		"serves, bad mount":      {&replicas.Status{Digest: wanted, LastError: failed("bundle-malformed")}, Serving, ""},
		"behind":                 {&replicas.Status{Digest: before}, Behind, "the kubelet has not"},
		"refuses":                {&replicas.Status{Digest: before, RejectedDigest: wanted, LastError: failed("bundle-refused")}, Refusing, "bundle-refused: m"},
		"waits":                  {&replicas.Status{Digest: before, RejectedDigest: wanted, LastError: failed("bundle-incomplete")}, Waiting, "not all parts"},
		"refuses something else": {&replicas.Status{Digest: before, RejectedDigest: "sha256:2222222222222222", LastError: failed("bundle-signature-missing")}, Refusing, "222222222222, not what is wanted: bundle-signature-missing"},
		"serves nothing":         {&replicas.Status{LastError: failed("bundle-empty")}, Behind, "it serves nothing: bundle-empty"},
		"silent":                 {nil, Silent, "gone"},
	} {
		v := Judge(wanted, "r", []replicas.Replica{{Name: "a", Status: c.status, Problem: "gone"}})
		if got := v.Replicas[0]; got.State != c.state || !strings.Contains(got.Why, c.why) || (c.why == "") != (got.Why == "") {
			t.Errorf("%s: %s, %q", name, got.State, got.Why)
		}
	}
}

func TestAnnotations(t *testing.T) {
	refusing := func(name, rejected, message string) replicas.Replica {
		return replicas.Replica{Name: name, Status: &replicas.Status{Digest: before, RejectedDigest: rejected, LastError: &replicas.LastError{Code: "c", Message: message}}}
	}
	serving := replicas.Replica{Name: "s", Status: &replicas.Status{Digest: wanted}}
	for name, c := range map[string]struct {
		list []replicas.Replica
		want map[string]string
	}{
		"none":     {nil, map[string]string{}},
		"all":      {[]replicas.Replica{serving}, map[string]string{layout.Served: wanted + " 1/1"}},
		"refused":  {[]replicas.Replica{serving, refusing("a", wanted, "m")}, map[string]string{layout.Served: wanted + " 1/2", layout.Rejected: wanted, layout.Reason: "a: c: m"}},
		"of two":   {[]replicas.Replica{refusing("a", before, "x"), refusing("b", wanted, "m"), refusing("c", wanted, "m")}, map[string]string{layout.Served: wanted + " 0/3", layout.Rejected: wanted, layout.Reason: "b: c: m (and 1 more)"}},
		"no churn": {[]replicas.Replica{{Name: "a", Problem: "dial 127.0.0.1:4711"}}, map[string]string{layout.Served: wanted + " 0/1"}},
	} {
		if diff := cmp.Diff(c.want, Judge(wanted, "r", c.list).Annotations()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	long := Judge(wanted, "", []replicas.Replica{refusing("a", wanted, strings.Repeat("ä", 2000)), refusing("b", wanted, "")}).Annotations()[layout.Reason]
	if len(long) > maxReason || !utf8.ValidString(long) || !strings.HasSuffix(long, "(and 1 more)") {
		t.Errorf("%d bytes, valid %v: %s", len(long), utf8.ValidString(long), long)
	}
}
