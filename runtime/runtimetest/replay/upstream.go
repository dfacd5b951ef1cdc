package replay

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/echo"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// upstreamName is the upstream that answered, by the name that route files use: what
// the gateway says, else what the echo says; "" when neither does.
func (a *answer) upstreamName() string {
	name := a.Upstream
	if name == "" {
		e, err := a.echo()
		if err != nil {
			return ""
		}
		name = e.Name
	}
	return name[strings.LastIndexByte(name, '/')+1:]
}

// echo reads the body as what an echo answers.
func (a *answer) echo() (*echo.Answer, error) {
	var e echo.Answer
	if len(a.body) > maxJSON || json.Unmarshal(a.body, &e) != nil || e.Method == "" || e.Headers == nil {
		return nil, fmt.Errorf("the answer is not the echo's")
	}
	return &e, nil
}

// upstream compares what the upstream has received.
func (m *mismatches) upstream(want *cases.Upstream, a *answer) {
	if want.Name != "" {
		if got := a.upstreamName(); got != want.Name {
			m.add("upstream name", want.Name, orElse(got, "no upstream"))
		}
	}
	if want.Method == "" && want.Host == "" && want.Path == "" && want.Headers == nil && want.AbsentHeaders == nil && want.Body == nil && want.JSON == nil {
		return
	}
	e, err := a.echo()
	if err != nil {
		m.add("upstream", "what it received", err.Error())
		return
	}
	path := e.Path
	if e.Query != "" {
		path += "?" + e.Query
	}
	for _, f := range []struct{ field, want, got string }{
		{"upstream method", want.Method, e.Method}, {"upstream host", want.Host, e.Host}, {"upstream path", want.Path, path},
	} {
		if f.want != "" && f.got != f.want {
			m.add(f.field, m.mask.text(f.want), m.mask.text(f.got))
		}
	}
	m.headers("upstream header ", e.Headers, want.Headers, want.AbsentHeaders)
	if want.Body == nil && want.JSON == nil {
		return
	}
	body, err := received(e)
	if err != nil {
		m.add("upstream body", "what it received", err.Error())
		return
	}
	if want.Body != nil {
		m.content("upstream body", want.Body, body)
	}
	if want.JSON != nil {
		m.whole("upstream json", want.JSON, []byte(body))
	}
}

// received is the body that the echo repeats.
func received(e *echo.Answer) (string, error) {
	body := e.Body
	if e.BodyBase64 != "" {
		b, err := base64.StdEncoding.DecodeString(e.BodyBase64)
		if err != nil {
			return "", err
		}
		body = string(b)
	}
	if int64(len(body)) != e.BodySize {
		return "", fmt.Errorf("%d bytes, more than the echo repeats", e.BodySize)
	}
	return body, nil
}
