package coverage

import (
	"cmp"
	"fmt"
	"html/template"
	"path"
	"slices"
	"strings"
	"time"
)

// Bounds of the page.
const (
	maxUncovered  = 100 // routes listed as without a case
	maxFailures   = 300 // failing cases
	maxRouteCases = 20  // cases of one route
	maxOpen       = 60  // routes up to which modules are open
	maxOpenCases  = 5   // failing cases that are open
)

// view is the data of the page.
type view struct {
	Report                *Report
	Title, Verdict        string
	Tone                  string // y, m or n
	Digest, Revision      string
	Duration              string
	Kinds                 []kindView
	Failures              []failureView
	MoreFailures          int
	Uncovered             []uncoveredView
	MoreUncovered         int
	Domains               []domainView
	Open                  bool // the modules
	Style                 template.CSS
	Script                template.JS
	StyleHash, ScriptHash string
}

type kindView struct {
	Name, Meaning string
	Count         Count
}

type uncoveredView struct {
	Uncovered
	Anchor string
}

type domainView struct {
	*Domain
	Modules []moduleView
}

type moduleView struct {
	*Module
	Routes []routeView
}

func newView(r *Report, p *Page) *view {
	v := &view{
		Report: r, Title: cmp.Or(p.Title, "Coverage"), Digest: cmp.Or(p.Digest, r.Bundle), Revision: p.Revision,
		Open: r.Totals.Routes.Total <= maxOpen,
		Kinds: []kindView{
			{"Routes", "took a passing case", r.Totals.Routes},
			{"Hosts", "a case came in through the pattern", r.Totals.Hosts},
			{"Predicates", "seen true and seen false", r.Totals.Predicates},
			{"Filters", "a case passed through, per route", r.Totals.Filters},
		},
	}
	if p.Duration > 0 {
		v.Duration = seconds(p.Duration)
	}
	v.Verdict, v.Tone = verdict(r.Cases)
	// Where every route is new, none need be marked.
	before := false
	for rt := range r.routes() {
		before = before || !rt.New
	}
	anchors := map[string]string{}
	for i := range r.Domains {
		d := domainView{Domain: &r.Domains[i]}
		for j := range d.Domain.Modules {
			m := moduleView{Module: &d.Domain.Modules[j]}
			for k := range m.Module.Routes {
				rt := &m.Module.Routes[k]
				anchors[rt.ID] = fmt.Sprintf("r%d", len(anchors))
				view := newRouteView(r, rt, anchors[rt.ID])
				view.Fresh = rt.New && before
				m.Routes = append(m.Routes, view)
			}
			d.Modules = append(d.Modules, m)
		}
		v.Domains = append(v.Domains, d)
	}
	for _, u := range r.Uncovered[:min(len(r.Uncovered), maxUncovered)] {
		v.Uncovered = append(v.Uncovered, uncoveredView{u, anchors[u.Route]})
	}
	v.MoreUncovered = len(r.Uncovered) - len(v.Uncovered)
	for i := range p.Failures[:min(len(p.Failures), maxFailures)] {
		f := newFailureView(&p.Failures[i])
		f.Open = i < maxOpenCases
		v.Failures = append(v.Failures, f)
	}
	v.MoreFailures = len(p.Failures) - len(v.Failures)
	return v
}

// verdict says in a sentence how the cases ended.
func verdict(o Outcome) (sentence, tone string) {
	switch {
	case o.Failed > 0:
		return fmt.Sprintf("%d of %s failed", o.Failed, plural(o.Total, "case")), "n"
	case o.NotPlayed > 0:
		return fmt.Sprintf("%d of %s not played", o.NotPlayed, plural(o.Total, "case")), "m"
	case o.Total == 0:
		return "there are no cases", "m"
	case o.Total == 1:
		return "the case passed", "y"
	}
	return fmt.Sprintf("all %d cases passed", o.Total), "y"
}

type routeView struct {
	*Route
	Anchor           string
	Fresh            bool // to be marked as new
	Tone, Mark, Says string
	Methods          string
	Lack             string
	Chips            []chipView
	Cases            []caseView
	MoreCases        int
}

// chipView is a point, or both sides of a predicate.
type chipView struct {
	Text  string
	Sides []sideView
}

type sideView struct{ Text, Tone string }

type caseView struct {
	State, Tone, Name, Took, Place string
	// Beside is the route that the case stands beside, and Went the one that took it,
	// when it is another one.
	Beside, Went string
}

func newRouteView(r *Report, rt *Route, anchor string) routeView {
	v := routeView{Route: rt, Anchor: anchor, Methods: strings.Join(rt.Methods, ", "), Tone: tone(rt.Count), Lack: rt.lack(2)}
	switch {
	case len(rt.Missing) == 0:
		v.Mark, v.Says = "✓", "covered"
	case !rt.Covered:
		v.Tone, v.Mark, v.Says = "n", "✗", "not covered"
	default:
		v.Mark, v.Says = "◐", "covered in part"
	}
	for i := range rt.Points {
		p := &rt.Points[i]
		text, side := p.Name, string(p.Side)
		switch p.Kind {
		case KindRoute:
			continue // the mark in front of the route says it
		case KindHost, KindFilter:
			text = string(p.Kind) + " " + p.Name
		case KindPredicate:
			if p.Side == False {
				last := &v.Chips[len(v.Chips)-1]
				last.Sides = append(last.Sides, newSide(side, p))
				continue
			}
		}
		v.Chips = append(v.Chips, chipView{text, []sideView{newSide(side, p)}})
	}
	for _, i := range rt.Cases[:min(len(rt.Cases), maxRouteCases)] {
		v.Cases = append(v.Cases, newCaseView(&r.Played[i], rt))
	}
	v.MoreCases = len(rt.Cases) - len(v.Cases)
	return v
}

func newSide(side string, p *Point) sideView {
	mark, tone := "✗", "n"
	if p.Covered {
		mark, tone = "✓", "y"
	}
	return sideView{strings.TrimSpace(side + " " + mark), tone}
}

func newCaseView(c *Case, rt *Route) caseView {
	v := caseView{State: string(c.State), Tone: "m", Name: c.Name, Place: fmt.Sprintf("%s:%d", path.Base(c.File), c.Line)}
	switch c.State {
	case Passed:
		v.Tone = "y"
		if !slices.Contains(c.Took, rt.ID) {
			v.Went = cmp.Or(strings.Join(c.Took, ", "), "no route")
		}
	case Failed:
		v.Tone = "n"
	case NotPlayed:
		v.State = "not played"
		return v
	}
	if c.Route != rt.ID {
		v.Beside = c.Route
	}
	v.Took = seconds(time.Duration(c.Millis * float64(time.Millisecond)))
	return v
}

// seconds is a time for people: "1.25 ms", "830 ms", "12.4 s".
func seconds(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
