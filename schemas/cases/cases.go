// Package cases holds the test cases of a bundle and what became of them: what
// `lintel compile --cases` writes, what a replay reads, and what it reports. Cases
// stand beside routes and never enter the bundle; a set is bound to its digest.
package cases

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// MaxSet bounds a set of cases in bytes.
const MaxSet = 256 << 20

// Set is the cases of one bundle.
type Set struct {
	// Bundle is the digest of the bundle that the cases were written for, such as
	// "sha256:...". Empty: any bundle.
	Bundle string `json:"bundle"`
	// Files is in how many files the set is packed, said in the first of them; 0 where it
	// is in one.
	Files int `json:"files,omitempty"`
	// Cases are in the order of their routes' ids, then of their names.
	Cases []Case `json:"cases"`
}

// Case is one case and where it stands.
type Case struct {
	// Route is the id of the route that the case stands beside.
	Route string `json:"route"`
	Name  string `json:"name"`
	// File, Line and Column are the case's place in the route files.
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Spec   Spec   `json:"case"`
}

// ID is "<route> <name>", unique in a set.
func (c *Case) ID() string { return c.Route + " " + c.Name }

// Domain is the first part of the route's id.
func (c *Case) Domain() string {
	d, _, _ := strings.Cut(c.Route, "/")
	return d
}

// Spec is what is sent and what must hold.
type Spec struct {
	Description string  `json:"description,omitempty"`
	Request     Request `json:"request"`
	Expect      Expect  `json:"expect"`
}

// Request is what the client sends. In a set, method, scheme, host and path are
// filled in.
type Request struct {
	Method string `json:"method,omitempty"`
	// Scheme is http or https.
	Scheme string `json:"scheme,omitempty"`
	Host   string `json:"host,omitempty"`
	// Path is the request target with its query, sent byte for byte.
	Path    string            `json:"path,omitempty"`
	Headers map[string]Values `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	// JSON is sent as it is, with its content type.
	JSON json.RawMessage `json:"json,omitempty"`
	// Repeat is how many times the request is sent; 0 means once.
	Repeat int `json:"repeat,omitempty"`
	// WebSocket holds the text messages that are sent one after the other once the
	// connection is upgraded (RFC 6455).
	WebSocket []string `json:"websocket,omitempty"`
}

// Times is how often the request is sent, at least once.
func (r *Request) Times() int { return max(r.Repeat, 1) }

// Content is the body to send; typed tells that it is JSON.
func (r *Request) Content() (body string, typed bool) {
	if r.JSON != nil {
		return string(r.JSON), true
	}
	return r.Body, false
}

// Expect is what must hold of every answer; what is absent is not compared.
type Expect struct {
	// Status is the status code; 0 is not compared.
	Status        int               `json:"status,omitempty"`
	Headers       map[string]Values `json:"headers,omitempty"`
	AbsentHeaders []string          `json:"absentHeaders,omitempty"`
	Body          *Text             `json:"body,omitempty"`
	// JSON is compared with the whole body.
	JSON json.RawMessage `json:"json,omitempty"`
	// JSONPath compares parts of the body: a singular query (RFC 9535, section
	// 2.3.5.1) and the value that it must select.
	JSONPath map[string]json.RawMessage `json:"jsonPath,omitempty"`
	// Route is who must take the request: as written, the name of a route of the
	// same domain; in a set, its id. "" means no route; nil is the case's own route.
	Route    *string   `json:"route,omitempty"`
	Upstream *Upstream `json:"upstream,omitempty"`
	// Aborted tells that the answer must break off before it is whole, as when the
	// upstream dies in the middle of it.
	Aborted bool `json:"aborted,omitempty"`
	// WebSocket holds the messages that must come back, in order; nil means those
	// that were sent.
	WebSocket []string `json:"websocket,omitempty"`
	// Duration bounds the time from the first byte sent to the last one received.
	Duration *Span `json:"duration,omitempty"`
	// Counts bound how many of the answers to a repeated request are of a kind.
	Counts []Count `json:"counts,omitempty"`
}

// Upstream is what the upstream must have received.
type Upstream struct {
	// Name is the upstream that was picked.
	Name          string            `json:"name,omitempty"`
	Method        string            `json:"method,omitempty"`
	Host          string            `json:"host,omitempty"`
	Path          string            `json:"path,omitempty"`
	Headers       map[string]Values `json:"headers,omitempty"`
	AbsentHeaders []string          `json:"absentHeaders,omitempty"`
	Body          *Text             `json:"body,omitempty"`
	// JSON is compared with the whole body that it received.
	JSON json.RawMessage `json:"json,omitempty"`
}

// Span bounds a time; zero is no bound.
type Span struct {
	Min route.Duration `json:"min,omitempty"`
	Max route.Duration `json:"max,omitempty"`
}

// Count bounds how many answers are of a kind: those for which everything that is
// set holds.
type Count struct {
	Status   int    `json:"status,omitempty"`
	Upstream string `json:"upstream,omitempty"`
	// Min and Max are inclusive; nil is no bound.
	Min *int `json:"min,omitempty"`
	Max *int `json:"max,omitempty"`
}

// Read reads a set strictly: unknown fields, text after the set and more than
// MaxSet bytes are errors.
func Read(r io.Reader) (*Set, error) {
	dec := json.NewDecoder(io.LimitReader(r, MaxSet))
	dec.DisallowUnknownFields()
	var s Set
	if err := dec.Decode(&s); err != nil {
		return nil, fmt.Errorf("read cases: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read cases: there is text after the set")
	}
	return &s, nil
}

// Encode writes the set as JSON, indented for people, with a newline at the end.
func (s *Set) Encode() ([]byte, error) {
	if s.Cases == nil {
		s.Cases = []Case{}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		return nil, fmt.Errorf("encode cases: %w", err)
	}
	return b.Bytes(), nil
}

// ParseSpec reads one case as the compiler extracts it.
func ParseSpec(raw []byte) (Spec, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var s Spec
	if err := dec.Decode(&s); err != nil {
		return s, fmt.Errorf("read case: %w", err)
	}
	return s, nil
}
