package diff

import (
	"bytes"
	"reflect"

	"github.com/lintel-gateway/lintel/compiler/ir"
)

// unserved counts cases and settings that differ.
func unserved(old, new *ir.Program) *Unserved {
	if old == nil || new == nil {
		return nil
	}
	u := &Unserved{Settings: !reflect.DeepEqual(old.Shared.Settings, new.Shared.Settings)}
	o, n := casesOf(old), casesOf(new)
	for k, body := range n {
		switch was, ok := o[k]; {
		case !ok:
			u.Cases.Added++
		case !bytes.Equal(was, body):
			u.Cases.Changed++
		}
	}
	for k := range o {
		if _, ok := n[k]; !ok {
			u.Cases.Removed++
		}
	}
	return u
}

func casesOf(p *ir.Program) map[string][]byte {
	out := map[string][]byte{}
	for _, d := range p.Domains {
		for _, r := range d.Routes {
			for _, c := range r.Tests {
				out[r.Def.ID+" "+c.Name] = c.Body
			}
		}
	}
	return out
}
