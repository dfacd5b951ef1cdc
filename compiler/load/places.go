package load

import (
	"cuelang.org/go/cue/ast"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/load/index"
)

// places knows the places that every domain needs: of the domain, of its routes and of
// their cases. Others are looked up in the whole index, which is made for that alone.
type places struct {
	known map[place]diag.Pos
	rest  ir.Index
}

type place struct{ route, test string }

func placesOf(own []*ast.File, rest ir.Index) *places {
	p := &places{known: map[place]diag.Pos{}, rest: rest}
	for _, f := range own {
		eachField(f.Decls, func(fd *ast.Field) {
			switch name, _, _ := ast.LabelName(fd.Label); name {
			case "domain":
				p.put(place{}, fd.Label)
			case "routes":
				eachInExpr(fd.Value, p.route)
			}
		})
	}
	return p
}

func (p *places) route(fd *ast.Field) {
	route, _, err := ast.LabelName(fd.Label)
	if err != nil {
		return
	}
	p.put(place{route: route}, fd.Label)
	eachInExpr(fd.Value, func(fd *ast.Field) {
		if name, _, _ := ast.LabelName(fd.Label); name != "tests" {
			return
		}
		eachInExpr(fd.Value, func(fd *ast.Field) {
			if test, _, err := ast.LabelName(fd.Label); err == nil {
				p.put(place{route, test}, fd.Label)
			}
		})
	})
}

func (p *places) put(at place, label ast.Label) {
	if _, has := p.known[at]; !has {
		p.known[at] = index.Place(label)
	}
}

// Lookup is that of the whole index.
func (p *places) Lookup(path ...string) (diag.Pos, int) {
	at, ok := place{}, false
	switch {
	case len(path) == 1:
		ok = path[0] == "domain"
	case len(path) == 2:
		at, ok = place{route: path[1]}, path[0] == "routes"
	case len(path) == 4:
		at, ok = place{path[1], path[3]}, path[0] == "routes" && path[2] == "tests"
	}
	if pos, has := p.known[at]; ok && has {
		return pos, len(path)
	}
	return p.rest.Lookup(path...)
}
