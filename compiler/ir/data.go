package ir

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// routeOf makes a route of its filled data, as decoding it from JSON would, which a
// tenth of the time of a large compile would go to. It is false for whatever is not as
// plain as that: then decoding has the word, and finds the mistake.
func routeOf(v map[string]any) (route.Route, bool) {
	d := data{ok: true}
	r := route.Route{}
	for name, x := range v {
		switch name {
		case "id":
			r.ID = d.text(x)
		case "hosts":
			r.Hosts = d.texts(x)
		case "path":
			r.Path = d.path(x)
		case "methods":
			r.Methods = d.texts(x)
		case "headers":
			r.Headers = d.conditions(x)
		case "query":
			r.Query = d.conditions(x)
		case "cookies":
			r.Cookies = d.conditions(x)
		case "priority":
			r.Priority = d.number(x)
		case "upstream":
			r.Upstream = d.text(x)
		case "split":
			r.Split = d.shares(x)
		case "filters":
			r.Filters = d.filters(x)
		case "timeouts":
			r.Timeouts = d.timeouts(x)
		case "retry":
			r.Retry = d.retry(x)
		case "onRouteChange":
			r.OnRouteChange = d.text(x)
		default:
			d.ok = false
		}
	}
	return r, d.ok
}

// data reads plain data; ok is false once something had another form.
type data struct{ ok bool }

func as[T any](d *data, v any) T {
	x, ok := v.(T)
	d.ok = d.ok && ok
	return x
}

func (d *data) text(v any) string { return as[string](d, v) }

func (d *data) number(v any) int {
	n, err := strconv.Atoi(string(as[json.Number](d, v)))
	d.ok = d.ok && err == nil
	return n
}

func (d *data) span(v any) route.Duration {
	span, err := time.ParseDuration(d.text(v))
	d.ok = d.ok && err == nil && span >= 0
	return route.Duration(span)
}

func (d *data) texts(v any) []string {
	list := as[[]any](d, v)
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = d.text(x)
	}
	return out
}

// fields calls f for the fields of a struct; f tells whether it knows the name.
func (d *data) fields(v any, f func(name string, x any) bool) {
	for name, x := range as[map[string]any](d, v) {
		if !f(name, x) {
			d.ok = false
		}
	}
}

func (d *data) path(v any) (p route.Path) {
	d.fields(v, func(name string, x any) bool {
		switch name {
		case "exact":
			p.Exact = d.text(x)
		case "prefix":
			p.Prefix = d.text(x)
		case "template":
			p.Template = d.text(x)
		case "regex":
			p.Regex = d.text(x)
		default:
			return false
		}
		return true
	})
	return p
}

func (d *data) conditions(v any) map[string]route.Condition {
	in := as[map[string]any](d, v)
	out := make(map[string]route.Condition, len(in))
	for name, x := range in {
		var c route.Condition
		d.fields(x, func(kind string, x any) bool {
			switch kind {
			case "present":
				present := as[bool](d, x)
				c.Present = &present
			case "exact":
				text := d.text(x)
				c.Exact = &text
			case "prefix":
				text := d.text(x)
				c.Prefix = &text
			case "regex":
				text := d.text(x)
				c.Regex = &text
			default:
				return false
			}
			return true
		})
		out[name] = c
	}
	return out
}

func (d *data) shares(v any) []route.Share {
	list := as[[]any](d, v)
	out := make([]route.Share, len(list))
	for i, x := range list {
		d.fields(x, func(name string, x any) bool {
			switch name {
			case "upstream":
				out[i].Upstream = d.text(x)
			case "weight":
				out[i].Weight = d.number(x)
			default:
				return false
			}
			return true
		})
	}
	return out
}

func (d *data) filters(v any) route.Filters {
	in := as[map[string]any](d, v)
	out := make(route.Filters, len(in))
	for name, x := range in {
		raw, err := marshal(x)
		d.ok = d.ok && err == nil
		out[name] = raw
	}
	return out
}

func (d *data) timeouts(v any) (t route.Timeouts) {
	d.fields(v, func(name string, x any) bool {
		switch name {
		case "connect":
			t.Connect = d.span(x)
		case "read":
			t.Read = d.span(x)
		case "write":
			t.Write = d.span(x)
		case "request":
			t.Request = d.span(x)
		case "idle":
			t.Idle = d.span(x)
		default:
			return false
		}
		return true
	})
	return t
}

func (d *data) retry(v any) (r route.Retry) {
	d.fields(v, func(name string, x any) bool {
		switch name {
		case "attempts":
			r.Attempts = d.number(x)
		case "on":
			r.On = d.texts(x)
		default:
			return false
		}
		return true
	})
	return r
}
