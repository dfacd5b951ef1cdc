// Package requestid is the filter that gives every request an id.
package requestid

import (
	_ "embed"
	"encoding/hex"
	"math/rand/v2"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

//go:embed schema.cue
var schema string

// Config is the filter's configuration.
type Config struct {
	Header   string `json:"header"`
	Keep     bool   `json:"keep"`
	Response bool   `json:"response"`
}

// Spec declares the filter.
func Spec() filter.Spec {
	return filter.Define(filter.Definition[Config]{
		Name: "requestId", Phase: filter.Edge, Priority: 10, Schema: schema,
		Owns: func(c Config) []string {
			if c.Keep {
				return nil
			}
			return []string{c.Header}
		},
		New: build,
	})
}

// stamp is the request side; both adds the response side.
type stamp struct {
	header string
	keep   bool
}
type both struct{ stamp }

func build(_ filter.Env, c Config) (filter.Filter, error) {
	if err := filter.CheckFieldName(c.Header); err != nil {
		return nil, err
	}
	s := stamp{c.Header, c.Keep}
	if c.Response {
		return both{s}, nil
	}
	return s, nil
}

// Request implements filter.RequestFilter.
func (f stamp) Request(x *filter.Exchange) filter.Verdict {
	if f.keep {
		if id, ok := x.Header.Get(f.header); ok && valid(id) {
			x.ID = id
			return filter.Continue
		}
	}
	x.ID = uuid()
	x.Header.Set(f.header, x.ID)
	return filter.Continue
}

// Response implements filter.ResponseFilter.
func (f both) Response(x *filter.Exchange) { x.Response.Set(f.header, x.ID) }

func valid(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for i := 0; i < len(id); i++ {
		c := id[i]
		if c != '.' && c != '_' && c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}

// uuid makes a random UUID (version 4, RFC 9562 section 5.4). An id names a request;
// it is no secret.
func uuid() string {
	var u [16]byte
	for i, v := 0, rand.Uint64(); i < 8; i, v = i+1, v>>8 {
		u[i] = byte(v)
	}
	for i, v := 8, rand.Uint64(); i < 16; i, v = i+1, v>>8 {
		u[i] = byte(v)
	}
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	var b [36]byte
	hex.Encode(b[:8], u[:4])
	hex.Encode(b[9:13], u[4:6])
	hex.Encode(b[14:18], u[6:8])
	hex.Encode(b[19:23], u[8:10])
	hex.Encode(b[24:], u[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

var (
	_ filter.RequestFilter  = stamp{}
	_ filter.ResponseFilter = both{}
)
