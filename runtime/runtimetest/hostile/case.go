// Package hostile judges an HTTP/1 proxy by raw requests of the kind that attackers
// send: by what an upstream behind the proxy saw of each, and by whether the next
// client is still served.
package hostile

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Case is what one client sends on one connection.
type Case struct {
	// Name is unique: section and payload.
	Name string
	// Bytes are sent as they are.
	Bytes string
	// Cut ends the client's side right after the bytes. Otherwise it ends when the
	// answers are there.
	Cut bool
	// Refused are the statuses of a refusal that is right. Those of 400 and more must
	// end the connection. None: a refusal is wrong.
	Refused []int
	// Silent allows the connection to end without an answer.
	Silent bool
	// Requests are what the upstream may see when the bytes are accepted. None:
	// accepting is wrong.
	Requests []Request
	// Sent is how many requests the bytes are, in any reading of a strict receiver.
	Sent int
}

// Request is a request as the upstream has to see it.
type Request struct{ Method, Target, Body string }

func (r Request) String() string { return fmt.Sprintf("%s %s %q", r.Method, r.Target, r.Body) }

//go:embed corpus.txt
var corpus string

// Corpus returns all cases: those of corpus.txt and the generated ones.
func Corpus() ([]Case, error) {
	cases, err := Parse(corpus)
	if err != nil {
		return nil, err
	}
	cases = append(cases, generated()...)
	seen := map[string]bool{}
	for _, c := range cases {
		if seen[c.Name] {
			return nil, fmt.Errorf("two cases are named %s", c.Name)
		}
		seen[c.Name] = true
	}
	return cases, nil
}

// Parse reads cases from text. A line "[section] TEMPLATE REQUEST" sets what the lines
// after it fill: $1 and $2 of the template are a case's payload and body, and the
// request is what the upstream sees by default. A case is
//
//	EXPECT "payload" ["body" [> "METHOD target" ["seen body"]]]...
//
// EXPECT is a comma-separated list of statuses, "ok" (accepted), "end" (closed without
// an answer) and "cut" (the client ends its side at once). More than one > makes more
// than one request. Text is quoted as in Go; # begins a comment line.
func Parse(text string) ([]Case, error) {
	var cases []Case
	var s section
	for n, line := range strings.Split(text, "\n") {
		var err error
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			s, err = parseSection(line)
		default:
			var c Case
			if c, err = s.parseCase(line); err == nil {
				cases = append(cases, c)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	return cases, nil
}

type section struct{ name, template, request string }

func parseSection(line string) (section, error) {
	name, rest, ok := strings.Cut(line[1:], "]")
	texts, err := quoted(rest)
	if !ok || err != nil || len(texts) != 2 {
		return section{}, fmt.Errorf("want [section] \"template\" \"METHOD target\"")
	}
	return section{name, texts[0], texts[1]}, nil
}

func (s section) parseCase(line string) (Case, error) {
	expect, rest, _ := strings.Cut(line, " ")
	parts := strings.Split(rest, " > ")
	texts, err := quoted(parts[0])
	if err != nil || len(texts) < 1 || len(texts) > 2 || s.template == "" {
		return Case{}, fmt.Errorf("want a payload and perhaps a body in quotes")
	}
	body := ""
	if len(texts) == 2 {
		body = texts[1]
	}
	c := Case{Name: s.name + " " + strconv.Quote(texts[0])}
	if body != "" {
		c.Name += " " + strconv.Quote(body)
	}
	c.Bytes = strings.NewReplacer("$1", texts[0], "$2", body).Replace(s.template)
	var seen []Request
	for _, p := range parts[1:] {
		texts, err := quoted(p)
		if err != nil || len(texts) == 0 {
			return Case{}, fmt.Errorf("want what the upstream sees in quotes")
		}
		seen = append(seen, request(texts[0], strings.Join(texts[1:], "")))
	}
	if seen == nil {
		seen = []Request{request(s.request, body)}
	}
	c.Sent = len(seen)
	for word := range strings.SplitSeq(expect, ",") {
		switch word {
		case "ok":
			c.Requests = seen
		case "end":
			c.Silent = true
		case "cut":
			c.Cut = true
		default:
			status, err := strconv.Atoi(word)
			if err != nil {
				return Case{}, fmt.Errorf("%q is no expectation", word)
			}
			c.Refused = append(c.Refused, status)
		}
	}
	return c, nil
}

func request(line, body string) Request {
	method, target, _ := strings.Cut(line, " ")
	return Request{method, target, body}
}

// quoted reads Go strings with spaces between.
func quoted(s string) ([]string, error) {
	var out []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		q, err := strconv.QuotedPrefix(s)
		if err != nil {
			return nil, fmt.Errorf("%q is not quoted", s)
		}
		text, err := strconv.Unquote(q)
		if err != nil {
			return nil, err
		}
		out, s = append(out, text), s[len(q):]
	}
	return slices.Clip(out), nil
}
