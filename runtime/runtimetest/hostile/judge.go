package hostile

import (
	"fmt"
	"slices"
	"strings"
)

// Verdict is what a case showed.
type Verdict struct {
	Case *Case
	// Outcome is in one word or more what happened.
	Outcome Outcome
	// Unsafe says in which ways the proxy let the client do what only a proxy may, or
	// broke the service of another: each is a hole.
	Unsafe []string
	// Unexpected says what differs from the case's expectation without being a hole.
	Unexpected []string
}

// Outcome is what a proxy did with a case.
type Outcome string

// The outcomes.
const (
	Refused   Outcome = "refused"   // an error status, or an end without an answer
	Forwarded Outcome = "forwarded" // the upstream saw it whole
	Answered  Outcome = "answered"  // by the proxy itself, with success
)

// smuggled is in the name of every field and target that no receiver may take for one.
const smuggled = "smuggled"

// Run plays the cases one by one against the proxy at address, whose upstream is the
// recorder, each followed by a probe.
func (k Client) Run(address string, up *Recorder, cases []Case) ([]Verdict, error) {
	var out []Verdict
	up.take()
	for i := range cases {
		c := &cases[i]
		a, err := k.play(address, c)
		if err != nil {
			return out, fmt.Errorf("%s: %w", c.Name, err)
		}
		target := fmt.Sprintf("/probe-%d", i)
		wrong := k.probe(address, target)
		out = append(out, judge(c, a, up.take(), target, wrong))
	}
	return out, nil
}

// judge judges a case by the client's answers, what the upstream saw until the probe
// was answered, and what was wrong with that answer.
func judge(c *Case, a answers, all []Seen, target, wrong string) Verdict {
	v := Verdict{Case: c}
	unsafe := func(format string, args ...any) { v.Unsafe = append(v.Unsafe, fmt.Sprintf(format, args...)) }
	unexpected := func(format string, args ...any) {
		v.Unexpected = append(v.Unexpected, fmt.Sprintf(format, args...))
	}
	var whole []Request
	probes := 0
	for _, s := range all {
		if s.Target == target {
			probes++
			if s.Method != "GET" || s.Body != "" || !s.Whole || s.Broken != "" {
				unsafe("the probe arrived as %s %s", s.Request, s.Broken)
			}
			continue
		}
		if s.Broken != "" {
			unsafe("the upstream got what is no HTTP/1.1: %s", s.Broken)
		}
		if s.Whole {
			whole = append(whole, s.Request)
		}
		v.marks(s, unsafe)
	}
	if wrong != "" {
		unsafe("the probe got %s", wrong)
	}
	if probes > 1 || probes == 0 && wrong == "" {
		unsafe("the upstream saw the probe %d times", probes)
	}
	if len(whole) > c.Sent {
		unsafe("the upstream saw %d requests of %d: %q", len(whole), c.Sent, whole)
	}
	if len(a.statuses) > max(c.Sent, 1) {
		// An error after the answer tells that the proxy took the rest for a request and
		// refused it.
		say := unexpected
		if a.statuses[len(a.statuses)-1] < 400 {
			say = unsafe
		}
		say("%d answers to %d requests: %d", len(a.statuses), c.Sent, a.statuses)
	}
	if a.broken != "" {
		unexpected("the answer is no HTTP/1.1: %s", a.broken)
	}
	if !a.ended && a.broken == "" {
		unexpected("the connection did not end with the client's side")
	}
	last := 0
	if n := len(a.statuses); n > 0 {
		last = a.statuses[n-1]
	}
	switch {
	case len(whole) > 0 && (last == 0 || last < 400):
		v.Outcome = Forwarded
		if c.Requests == nil {
			unexpected("accepted as %q", whole)
		} else if !slices.Equal(whole, c.Requests) {
			unexpected("seen as %q, want %q", whole, c.Requests)
		}
	case last > 0 && last < 400:
		v.Outcome = Answered
		if !slices.Contains(c.Refused, last) {
			unexpected("answered with %d", last)
		}
	default:
		v.Outcome = Refused
		v.refusal(c, a, last, unexpected)
	}
	// The upstream had the body of a request for whole that the client never ended.
	if c.Requests == nil && c.Cut && len(whole) > 0 {
		unsafe("a request that was cut off was whole for the upstream: %q", whole)
	}
	return v
}

// refusal looks at a case that the proxy refused.
func (v *Verdict) refusal(c *Case, a answers, last int, unexpected func(string, ...any)) {
	switch {
	case last == 0 && !c.Silent:
		unexpected("no answer")
	case last > 0 && !slices.Contains(c.Refused, last):
		unexpected("refused with %d, want one of %d", last, c.Refused)
	case last > 0 && !c.Cut && !a.before:
		unexpected("the connection went on after %d", last)
	}
}

// marks looks for what the client smuggled into a request that the upstream saw.
func (v *Verdict) marks(s Seen, unsafe func(string, ...any)) {
	if strings.Contains(s.Target, smuggled) || strings.Contains(strings.ToLower(s.Method), smuggled) {
		unsafe("the upstream saw the hidden request %s", s.Request)
	}
	for _, f := range append(slices.Clone(s.Fields), s.Trailers...) {
		if name, _, _ := strings.Cut(f, ":"); strings.Contains(name, smuggled) {
			unsafe("the upstream saw the hidden field %q", f)
		}
	}
	for _, f := range s.Trailers {
		switch name, _, _ := strings.Cut(f, ":"); name {
		case "content-length", "transfer-encoding", "host", "connection", "authorization", "cookie", "te", "trailer", "expect", "x-forwarded-for":
			unsafe("the upstream saw the field %q in a trailer", f)
		}
	}
}
