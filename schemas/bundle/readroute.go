package bundle

import "github.com/lintel-gateway/lintel/schemas/route"

func (r *reader) domain() (d *route.Domain, headerEnd int) {
	d = &route.Domain{}
	r.open("{")
	r.key("name")
	d.Name = r.str()
	r.key("hosts")
	d.Hosts = r.strs()
	r.key("methodMismatch")
	d.MethodMismatch = r.integer()
	d.Upstreams, d.Secrets = r.named()
	r.key("routes")
	headerEnd = r.at
	d.Routes = []route.Route{}
	r.lit("[")
	for n := 0; r.more("]", n); n++ {
		d.Routes = append(d.Routes, route.Route{})
		r.route(&d.Routes[n])
		r.rest()
		if n > 0 && d.Routes[n].ID <= d.Routes[n-1].ID {
			r.fail("the route %q out of order", d.Routes[n].ID)
		}
	}
	r.close("}")
	return d, headerEnd
}

func (r *reader) shared() *route.Shared {
	s := &route.Shared{}
	r.open("{")
	s.Upstreams, s.Secrets = r.named()
	r.close("}")
	return s
}

func (r *reader) named() (upstreams map[string]route.Upstream, secrets map[string]route.Secret) {
	if r.maybe("upstreams") {
		upstreams = map[string]route.Upstream{}
		r.object(func(name string) { upstreams[name] = r.upstream() })
		r.present(len(upstreams) == 0)
	}
	if r.maybe("secrets") {
		secrets = map[string]route.Secret{}
		r.object(func(name string) {
			r.open("{")
			r.key("file")
			secrets[name] = route.Secret{File: r.str()}
			r.close("}")
		})
		r.present(len(secrets) == 0)
	}
	return upstreams, secrets
}

func (r *reader) upstream() route.Upstream {
	u := route.Upstream{Endpoints: []route.Endpoint{}}
	r.open("{")
	r.key("endpoints")
	r.lit("[")
	for n := 0; r.more("]", n); n++ {
		u.Endpoints = append(u.Endpoints, r.endpoint())
	}
	r.key("ejection")
	r.open("{")
	r.key("failures")
	u.Ejection.Failures = r.integer()
	r.key("duration")
	u.Ejection.Duration = r.duration()
	r.key("maxPercent")
	u.Ejection.MaxPercent = r.integer()
	r.close("}")
	r.key("pool")
	r.open("{")
	r.key("maxIdle")
	u.Pool.MaxIdle = r.integer()
	r.key("idleTimeout")
	u.Pool.IdleTimeout = r.duration()
	r.close("}")
	u.HTTP = r.text("http")
	if r.maybe("tls") {
		u.TLS = r.upstreamTLS()
	}
	u.ProxyProtocol = r.text("proxyProtocol")
	r.close("}")
	return u
}

func (r *reader) upstreamTLS() *route.UpstreamTLS {
	t := &route.UpstreamTLS{}
	r.open("{")
	t.ServerName = r.text("serverName")
	if r.maybe("names") {
		t.Names = r.strs()
		r.present(len(t.Names) == 0)
	}
	t.CA, t.Certificate, t.Key = r.secretRef("ca"), r.secretRef("certificate"), r.secretRef("key")
	r.key("minVersion")
	t.MinVersion = r.str()
	r.key("verify")
	if t.Verify = r.try("true"); !t.Verify {
		r.lit("false")
	}
	r.close("}")
	return t
}

func (r *reader) secretRef(key string) *route.SecretRef {
	if !r.maybe(key) {
		return nil
	}
	r.open("{")
	r.key("secret")
	ref := &route.SecretRef{Secret: r.str()}
	r.close("}")
	return ref
}

// text reads a text that may be absent.
func (r *reader) text(key string) string {
	if !r.maybe(key) {
		return ""
	}
	s := r.str()
	r.present(s == "")
	return s
}

func (r *reader) endpoint() route.Endpoint {
	var e route.Endpoint
	r.open("{")
	r.key("address")
	e.Address = r.str()
	r.key("weight")
	e.Weight = r.integer()
	if r.maybe("labels") {
		e.Labels = map[string]string{}
		r.object(func(name string) { e.Labels[name] = r.str() })
		r.present(len(e.Labels) == 0)
	}
	r.close("}")
	return e
}

func (r *reader) route(v *route.Route) {
	r.open("{")
	r.key("id")
	v.ID = r.str()
	r.match(&v.Match)
	if r.maybe("upstream") {
		v.Upstream = r.str()
		r.present(v.Upstream == "")
	}
	if r.maybe("split") {
		r.lit("[")
		for n := 0; r.more("]", n); n++ {
			var s route.Share
			r.open("{")
			r.key("upstream")
			s.Upstream = r.str()
			r.key("weight")
			s.Weight = r.integer()
			r.close("}")
			v.Split = append(v.Split, s)
		}
		r.present(len(v.Split) == 0)
	}
	if r.maybe("filters") {
		v.Filters = route.Filters{}
		r.object(func(name string) { v.Filters[name] = r.raw() })
		r.present(len(v.Filters) == 0)
	}
	r.key("timeouts")
	r.timeouts(&v.Timeouts)
	r.key("retry")
	r.open("{")
	r.key("attempts")
	v.Retry.Attempts = r.integer()
	r.key("on")
	v.Retry.On = r.strs()
	r.close("}")
	r.key("onRouteChange")
	v.OnRouteChange = r.str()
	r.close("}")
}

func (r *reader) timeouts(t *route.Timeouts) {
	r.open("{")
	r.key("connect")
	t.Connect = r.duration()
	r.key("read")
	t.Read = r.duration()
	r.key("write")
	t.Write = r.duration()
	r.key("request")
	t.Request = r.duration()
	r.key("idle")
	t.Idle = r.duration()
	r.close("}")
}

func (r *reader) match(m *route.Match) {
	r.key("hosts")
	m.Hosts = r.strs()
	r.key("path")
	r.open("{")
	for _, f := range []struct {
		key string
		to  *string
	}{{"exact", &m.Path.Exact}, {"prefix", &m.Path.Prefix}, {"template", &m.Path.Template}, {"regex", &m.Path.Regex}} {
		if r.maybe(f.key) {
			*f.to = r.str()
			r.present(*f.to == "")
		}
	}
	r.close("}")
	if r.maybe("methods") {
		m.Methods = r.strs()
		r.present(len(m.Methods) == 0)
	}
	m.Headers = r.conditions("headers")
	m.Query = r.conditions("query")
	m.Cookies = r.conditions("cookies")
	if r.maybe("priority") {
		m.Priority = r.integer()
		r.present(m.Priority == 0)
	}
}

func (r *reader) conditions(key string) map[string]route.Condition {
	if !r.maybe(key) {
		return nil
	}
	out := map[string]route.Condition{}
	r.object(func(name string) {
		var c route.Condition
		r.open("{")
		c.Exact = r.optional("exact")
		c.Prefix = r.optional("prefix")
		c.Regex = r.optional("regex")
		if r.maybe("present") {
			yes := r.try("true")
			if !yes {
				r.lit("false")
			}
			c.Present = &yes
		}
		r.close("}")
		out[name] = c
	})
	r.present(len(out) == 0)
	return out
}

func (r *reader) optional(key string) *string {
	if !r.maybe(key) {
		return nil
	}
	s := r.str()
	return &s
}
