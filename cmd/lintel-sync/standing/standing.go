// Package standing judges by what replicas say whether a bundle is served: of each
// replica, of all, and in the annotations that Argo CD's health check reads.
package standing

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/replicas"
)

// State is how one replica stands to the wanted bundle.
type State string

// The states.
const (
	// Serving: it serves the wanted bundle.
	Serving State = "serving"
	// Refusing: it has read the wanted bundle, or something in its place, and refused it.
	Refusing State = "refusing"
	// Waiting: some of the wanted bundle's parts have reached it, not all.
	Waiting State = "waiting"
	// Behind: the wanted bundle has not reached it.
	Behind State = "behind"
	// Silent: it does not answer.
	Silent State = "silent"
)

// States are all states, for metrics.
func States() []State { return []State{Serving, Refusing, Waiting, Behind, Silent} }

// incomplete is the code of a bundle that is not all there.
const incomplete = "bundle-incomplete"

// Replica is a replica with its state.
type Replica struct {
	replicas.Replica
	State State
	// Why is one sentence, "" when it serves.
	Why string
	// Old counts the requests and connections on bundles before the current one.
	Old int64
}

// Standing is how all replicas stand to the wanted bundle.
type Standing struct {
	// Wanted is the digest that should be served, Revision what it was made from.
	Wanted, Revision string
	Replicas         []Replica
	// Serving of All replicas serve it.
	Serving, All int
	// Rejected tells that a replica refuses the wanted bundle.
	Rejected bool
	// Reason is the first refusal as "pod: code: message".
	Reason string
}

// Judge says how the replicas stand to the bundle with the digest.
func Judge(wanted, revision string, list []replicas.Replica) Standing {
	v := Standing{Wanted: wanted, Revision: revision, All: len(list)}
	more := 0
	for _, r := range list {
		one := judge(wanted, r)
		v.Replicas = append(v.Replicas, one)
		switch one.State {
		case Serving:
			v.Serving++
		case Refusing:
			if r.Status.RejectedDigest == wanted {
				// A refusal of the wanted bundle is told before one of something else.
				if !v.Rejected {
					v.Reason = ""
				}
				v.Rejected = true
			}
			if v.Reason == "" {
				v.Reason = r.Name + ": " + r.Status.LastError.Code + ": " + r.Status.LastError.Message
			} else {
				more++
			}
		}
	}
	if more > 0 {
		v.Reason = clip(v.Reason, maxReason-30) + fmt.Sprintf(" (and %d more)", more)
	}
	v.Reason = clip(v.Reason, maxReason)
	return v
}

func judge(wanted string, r replicas.Replica) Replica {
	out := Replica{Replica: r}
	s := r.Status
	if s == nil {
		out.State, out.Why = Silent, r.Problem
		return out
	}
	for _, snap := range s.Snapshots {
		if !snap.Current {
			out.Old += snap.Users
		}
	}
	switch {
	case s.Digest == wanted:
		out.State = Serving
	case s.LastError != nil && s.LastError.Code == incomplete:
		out.State, out.Why = Waiting, "not all parts have reached it: "+s.LastError.Message
	case s.LastError != nil && s.RejectedDigest == wanted:
		out.State, out.Why = Refusing, s.LastError.Code+": "+s.LastError.Message
	case s.LastError != nil && s.RejectedDigest != "":
		out.State, out.Why = Refusing, fmt.Sprintf("what it has mounted is %s, not what is wanted: %s: %s", layout.Short(s.RejectedDigest), s.LastError.Code, s.LastError.Message)
	case s.LastError != nil && s.Digest == "":
		out.State, out.Why = Behind, "it serves nothing: "+s.LastError.Code+": "+s.LastError.Message
	default:
		out.State, out.Why = Behind, "the kubelet has not brought the new ConfigMap yet, which may take over a minute; lintel-sync poke makes it look at once"
	}
	return out
}

// Settled tells that every replica serves the wanted bundle.
func (v Standing) Settled() bool { return v.All > 0 && v.Serving == v.All }

// maxReason bounds the annotation, in bytes.
const maxReason = 1024

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	s = s[:n-3]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "..."
}

// Annotations are what stands on the first ConfigMap: nothing that changes while the
// state does not.
func (v Standing) Annotations() map[string]string {
	out := map[string]string{}
	if v.All > 0 {
		out[layout.Served] = fmt.Sprintf("%s %d/%d", v.Wanted, v.Serving, v.All)
	}
	if v.Rejected {
		out[layout.Rejected] = v.Wanted
	}
	if v.Reason != "" {
		out[layout.Reason] = strings.ToValidUTF8(v.Reason, "?")
	}
	return out
}
