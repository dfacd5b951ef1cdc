package ir

import (
	"errors"
	"fmt"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// EncodeDomain writes a domain without its Index, for a cache. The form is
// private to one build of the compiler: decoding JSON would cost ten times as
// much, and most of a compile that finds everything in the cache.
func EncodeDomain(d *Domain) []byte {
	var w writer
	w.text(d.Def.Name)
	w.texts(d.Def.Hosts)
	w.number(d.Def.MethodMismatch)
	writeMap(&w, d.Def.Upstreams, w.upstream)
	writeMap(&w, d.Def.Secrets, func(s route.Secret) { w.text(s.File) })
	w.text(d.Owner)
	w.texts(d.Groups)
	w.pos(d.Pos)
	writeList(&w, d.Def.Routes, w.route)
	writeList(&w, d.Routes, w.meta)
	return w.b
}

// DecodeDomain reads what EncodeDomain wrote. The domain's texts point into one
// copy of data, which lives as long as any of them.
func DecodeDomain(data []byte, index Index) (*Domain, error) {
	r := reader{b: data, s: string(data)}
	d := &Domain{Index: index}
	d.Def.Name = r.text()
	d.Def.Hosts = r.texts()
	d.Def.MethodMismatch = r.number()
	d.Def.Upstreams = readMap(&r, r.upstream)
	d.Def.Secrets = readMap(&r, func() route.Secret { return route.Secret{File: r.text()} })
	d.Owner = r.text()
	d.Groups = r.texts()
	d.Pos = r.pos()
	d.Def.Routes = readList(&r, func(x *route.Route) { r.route(x) })
	metas := readList(&r, func(x *Route) { r.meta(x) })
	switch {
	case r.failed:
		return nil, errors.New("decode domain: the data is cut off or damaged")
	case r.at != len(r.s):
		return nil, fmt.Errorf("decode domain: %d bytes are left over", len(r.s)-r.at)
	case len(metas) != len(d.Def.Routes):
		return nil, fmt.Errorf("decode domain: %d routes and %d definitions", len(metas), len(d.Def.Routes))
	}
	d.Routes = make([]*Route, len(metas))
	for i := range metas {
		d.Routes[i] = &metas[i]
	}
	d.link()
	return d, nil
}

func (w *writer) upstream(u route.Upstream) {
	writeList(w, u.Endpoints, func(e route.Endpoint) {
		w.text(e.Address)
		w.number(e.Weight)
		writeMap(w, e.Labels, w.text)
	})
	w.number(u.Ejection.Failures)
	w.duration(u.Ejection.Duration)
	w.number(u.Ejection.MaxPercent)
	w.number(u.Pool.MaxIdle)
	w.duration(u.Pool.IdleTimeout)
	w.text(u.HTTP)
	w.text(u.ProxyProtocol)
	w.flag(u.TLS != nil)
	if t := u.TLS; t != nil {
		w.text(t.ServerName)
		w.texts(t.Names)
		for _, ref := range [...]*route.SecretRef{t.CA, t.Certificate, t.Key} {
			w.flag(ref != nil)
			if ref != nil {
				w.text(ref.Secret)
			}
		}
		w.text(t.MinVersion)
		w.flag(t.Verify)
	}
}

func (r *reader) upstream() (u route.Upstream) {
	u.Endpoints = readList(r, func(e *route.Endpoint) {
		e.Address = r.text()
		e.Weight = r.number()
		e.Labels = readMap(r, r.text)
	})
	u.Ejection.Failures = r.number()
	u.Ejection.Duration = r.duration()
	u.Ejection.MaxPercent = r.number()
	u.Pool.MaxIdle = r.number()
	u.Pool.IdleTimeout = r.duration()
	u.HTTP = r.text()
	u.ProxyProtocol = r.text()
	if r.flag() {
		t := &route.UpstreamTLS{ServerName: r.text(), Names: r.texts()}
		for _, ref := range [...]**route.SecretRef{&t.CA, &t.Certificate, &t.Key} {
			if r.flag() {
				*ref = &route.SecretRef{Secret: r.text()}
			}
		}
		t.MinVersion = r.text()
		t.Verify = r.flag()
		u.TLS = t
	}
	return u
}

func (w *writer) route(x route.Route) {
	w.text(x.ID)
	w.texts(x.Hosts)
	w.text(x.Path.Exact)
	w.text(x.Path.Prefix)
	w.text(x.Path.Template)
	w.text(x.Path.Regex)
	w.texts(x.Methods)
	writeMap(w, x.Headers, w.condition)
	writeMap(w, x.Query, w.condition)
	writeMap(w, x.Cookies, w.condition)
	w.number(x.Priority)
	w.text(x.Upstream)
	writeList(w, x.Split, func(s route.Share) {
		w.text(s.Upstream)
		w.number(s.Weight)
	})
	writeMap(w, x.Filters, w.bytes)
	t := x.Timeouts
	for _, d := range [...]route.Duration{t.Connect, t.Read, t.Write, t.Request, t.Idle} {
		w.duration(d)
	}
	w.number(x.Retry.Attempts)
	w.texts(x.Retry.On)
	w.text(x.OnRouteChange)
}

func (r *reader) route(x *route.Route) {
	x.ID = r.text()
	x.Hosts = r.texts()
	x.Path = route.Path{Exact: r.text(), Prefix: r.text(), Template: r.text(), Regex: r.text()}
	x.Methods = r.texts()
	x.Headers = readMap(r, r.condition)
	x.Query = readMap(r, r.condition)
	x.Cookies = readMap(r, r.condition)
	x.Priority = r.number()
	x.Upstream = r.text()
	x.Split = readList(r, func(s *route.Share) {
		s.Upstream = r.text()
		s.Weight = r.number()
	})
	x.Filters = readMap(r, r.bytes)
	x.Timeouts = route.Timeouts{
		Connect: r.duration(), Read: r.duration(), Write: r.duration(), Request: r.duration(), Idle: r.duration(),
	}
	x.Retry.Attempts = r.number()
	x.Retry.On = r.texts()
	x.OnRouteChange = r.text()
}

func (w *writer) condition(c route.Condition) {
	for _, t := range [...]*string{c.Exact, c.Prefix, c.Regex} {
		w.flag(t != nil)
		if t != nil {
			w.text(*t)
		}
	}
	w.flag(c.Present != nil)
	if c.Present != nil {
		w.flag(*c.Present)
	}
}

func (r *reader) condition() (c route.Condition) {
	for _, t := range [...]**string{&c.Exact, &c.Prefix, &c.Regex} {
		if r.flag() {
			s := r.text()
			*t = &s
		}
	}
	if r.flag() {
		p := r.flag()
		c.Present = &p
	}
	return c
}

func (w *writer) meta(x *Route) {
	w.text(x.Name)
	w.text(x.Module)
	w.text(x.Description)
	w.texts(x.Groups)
	w.pos(x.Pos)
	writeList(w, x.Tests, func(c Case) {
		w.text(c.Name)
		w.pos(c.Pos)
		w.bytes(c.Body)
	})
}

func (r *reader) meta(x *Route) {
	x.Name = r.text()
	x.Module = r.text()
	x.Description = r.text()
	x.Groups = r.texts()
	x.Pos = r.pos()
	x.Tests = readList(r, func(c *Case) {
		c.Name = r.text()
		c.Pos = r.pos()
		c.Body = r.bytes()
	})
}

func (w *writer) pos(p diag.Pos) {
	w.text(p.File)
	for _, n := range [...]int{p.Line, p.Column, p.EndLine, p.EndColumn} {
		w.number(n)
	}
}

func (r *reader) pos() diag.Pos {
	return diag.Pos{
		File: r.text(), Line: r.number(), Column: r.number(), EndLine: r.number(), EndColumn: r.number(),
	}
}
