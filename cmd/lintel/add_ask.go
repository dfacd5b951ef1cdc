package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/author"
	"github.com/lintel-gateway/lintel/compiler/scaffold"
	"github.com/lintel-gateway/lintel/compiler/suggest"
)

// ask asks for what the flags left out. Answers are held to what is there as far as a
// single one can be; the rest is told when all is known.
func (f *addFlags) ask(ctx context.Context, a *asker, repo *author.Repo, what, name string) error {
	if what == "domain" {
		return a.missing(ctx, &f.owner, "the team that owns it", scaffold.DefaultOwner(name), scaffold.CheckOwner)
	}
	f.fill(repo, name)
	all := repo.Domains()
	if err := a.missing(ctx, &f.route.Domain, "the domain ("+strings.Join(all, ", ")+")", "", among("domain", all)); err != nil {
		return err
	}
	if what == "upstream" {
		if err := a.missing(ctx, &f.route.Name, "the upstream's name", "", filled("a name such as orders")); err != nil {
			return err
		}
		return a.list(ctx, &f.endpoints, "its endpoints, such as orders.shop.svc:8080", "", filled("an endpoint such as orders.shop.svc:8080"))
	}
	return f.askRoute(ctx, a, repo)
}

func (f *addFlags) askRoute(ctx context.Context, a *asker, repo *author.Repo) error {
	r := &f.route
	if f.complete() {
		return nil
	}
	if err := a.missing(ctx, &r.Kind, "the kind ("+strings.Join(author.KindNames(), ", ")+")", author.KindNames()[0], among("kind", author.KindNames())); err != nil {
		return err
	}
	k, err := author.KindOf(r.Kind)
	if err != nil {
		return err
	}
	if err := a.missing(ctx, &r.Name, "the route's name", "", filled("a name such as order-read")); err != nil {
		return err
	}
	if err := a.missing(ctx, &f.path, "its path, such as /orders/{id}", "", aPath); err != nil {
		return err
	}
	if k.Name == "api" {
		if err := a.list(ctx, &r.Methods, "its methods", "GET", filled("a method such as GET")); err != nil {
			return err
		}
	}
	if all := repo.Hosts(r.Domain); len(f.hosts) == 0 {
		question := "its hosts (of " + strings.Join(all, ", ") + ")"
		if err := a.list(ctx, &f.hosts, question, strings.Join(repo.UsualHosts(r.Domain), ", "), filled("a host")); err != nil {
			return err
		}
		if slices.Equal(f.hosts, all) {
			f.hosts = nil // those of the domain need not be said
		}
	}
	return f.askTarget(ctx, a, repo, k)
}

// complete tells whether the flags say all that a route must have: then nobody is asked
// for what it may have.
func (f *addFlags) complete() bool {
	r := &f.route
	k, err := author.KindOf(cmp.Or(r.Kind, author.KindNames()[0]))
	return err != nil || r.Name != "" && f.path != "" &&
		(!k.Upstream || r.Upstream != "") && (!k.Next || r.Next != "") && (!k.To || r.To != "")
}

func (f *addFlags) askTarget(ctx context.Context, a *asker, repo *author.Repo, k author.Kind) error {
	r := &f.route
	have := repo.Upstreams(r.Domain)
	if k.Upstream {
		question := "its upstream (" + strings.Join(append(slices.Clone(have), "or a new one"), ", ") + ")"
		if err := a.missing(ctx, &r.Upstream, question, "", upstreamOrNew(have)); err != nil {
			return err
		}
		if !slices.Contains(have, r.Upstream) && len(f.endpoints) == 0 {
			if err := a.list(ctx, &f.endpoints, "the endpoints of "+r.Upstream+", which is new, such as orders.shop.svc:8080", "", filled("an endpoint such as orders.shop.svc:8080")); err != nil {
				return err
			}
		}
	}
	if k.Next {
		if err := a.missing(ctx, &r.Next, "the upstream that comes next ("+strings.Join(have, ", ")+")", "", among("upstream", have)); err != nil {
			return err
		}
		if !f.percentGiven {
			text := ""
			if err := a.missing(ctx, &text, "its share in percent", strconv.Itoa(r.Percent), aPercent); err != nil {
				return err
			}
			r.Percent, _ = strconv.Atoi(text)
		}
	}
	if k.To {
		return a.missing(ctx, &r.To, "the URL or path that it leads to", "", filled("a place such as https://shop.example/new"))
	}
	return nil
}

// fill takes the defaults of what nobody said: the only domain, a new domain's team.
func (f *addFlags) fill(repo *author.Repo, name string) {
	if all := repo.Domains(); f.route.Domain == "" && len(all) == 1 {
		f.route.Domain = all[0]
	}
	if f.owner == "" {
		f.owner = scaffold.DefaultOwner(name)
	}
}

// missing asks for a value unless there is one.
func (a *asker) missing(ctx context.Context, value *string, question, def string, valid func(string) error) (err error) {
	if *value == "" {
		*value, err = a.ask(ctx, question, def, valid)
	}
	return err
}

// list asks for values with commas between them unless there are some.
func (a *asker) list(ctx context.Context, values *[]string, question, def string, valid func(string) error) error {
	if len(*values) > 0 {
		return nil
	}
	text, err := a.ask(ctx, question, def, valid)
	for _, v := range strings.Split(text, ",") {
		if v = strings.TrimSpace(v); v != "" {
			*values = append(*values, v)
		}
	}
	return err
}

// filled wants an answer that is not empty.
func filled(example string) func(string) error {
	return func(s string) error {
		if s == "" {
			return fmt.Errorf("%s is needed", example)
		}
		return nil
	}
}

// among wants one of the names.
func among(kind string, names []string) func(string) error {
	return func(s string) error {
		if slices.Contains(names, s) {
			return nil
		}
		if hint := suggest.Phrase(s, names); hint != "" {
			return fmt.Errorf("there is no %s %q (%s)", kind, s, hint)
		}
		return fmt.Errorf("there is no %s %q: there is %s", kind, s, strings.Join(names, ", "))
	}
}

// upstreamOrNew wants a name that is one of those that there are, or is unlike them all.
func upstreamOrNew(have []string) func(string) error {
	return func(s string) error {
		if hint := suggest.Phrase(s, have); hint != "" && !slices.Contains(have, s) {
			return fmt.Errorf("there is no upstream %q (%s)", s, hint)
		}
		return filled("a name such as orders")(s)
	}
}

func aPath(s string) error {
	if !strings.HasPrefix(s, "/") {
		return fmt.Errorf("%q is no path: it begins with \"/\"", s)
	}
	return nil
}

func aPercent(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 0 || n > 100 {
		return fmt.Errorf("%q is no whole number from 0 to 100", s)
	}
	return nil
}
