// Package respond is the filter that answers by itself with a fixed response.
package respond

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

//go:embed schema.cue
var schema string

// Config is the filter's configuration; at most one of Body and JSON.
type Config struct {
	Status      int             `json:"status"`
	Body        string          `json:"body,omitempty"`
	JSON        json.RawMessage `json:"json,omitempty"`
	ContentType string          `json:"contentType"`
}

// Spec declares the filter.
func Spec() filter.Spec {
	return filter.Define(filter.Definition[Config]{
		Name: "respond", Phase: filter.Route, Priority: 30, Schema: schema, Answers: true, New: build,
	})
}

type respond struct {
	status      int
	contentType string
	body        []byte
}

func build(_ filter.Env, c Config) (filter.Filter, error) {
	if c.Status < 200 || c.Status > 599 {
		return nil, fmt.Errorf("status %d is no final status from 200 to 599", c.Status)
	}
	f := &respond{status: c.Status, contentType: c.ContentType, body: []byte(c.Body)}
	if c.JSON != nil {
		if c.Body != "" {
			return nil, errors.New("takes body or json, not both")
		}
		var b bytes.Buffer
		if err := json.Compact(&b, c.JSON); err != nil {
			return nil, err
		}
		f.body, f.contentType = b.Bytes(), "application/json"
	}
	if (c.Status == 204 || c.Status == 304) && len(f.body) > 0 {
		return nil, fmt.Errorf("a response with status %d has no body", c.Status)
	}
	if f.contentType == "" || len(f.body) == 0 {
		f.contentType = "text/plain; charset=utf-8"
	}
	return f, nil
}

// Request implements filter.RequestFilter.
func (f *respond) Request(x *filter.Exchange) filter.Verdict {
	x.Answer(f.status, f.contentType, f.body)
	return filter.Stop
}

var _ filter.RequestFilter = (*respond)(nil)
