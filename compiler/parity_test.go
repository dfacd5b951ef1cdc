package compiler_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/parser"

	"github.com/lintel-gateway/lintel/runtime/filter/clientcertificate"
	"github.com/lintel-gateway/lintel/runtime/filter/cors"
	"github.com/lintel-gateway/lintel/runtime/filter/grpcweb"
	"github.com/lintel-gateway/lintel/runtime/filter/headers"
	"github.com/lintel-gateway/lintel/runtime/filter/redirect"
	"github.com/lintel-gateway/lintel/runtime/filter/requestid"
	"github.com/lintel-gateway/lintel/runtime/filter/respond"
	"github.com/lintel-gateway/lintel/runtime/filter/rewrite"
	"github.com/lintel-gateway/lintel/runtime/filter/standard"
	"github.com/lintel-gateway/lintel/schemas"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// parity is one Go type and the definition that it must be in step with. Only
// lists the fields of the other side that are meant to be missing.
type parity struct {
	def     string
	goType  reflect.Type
	cueOnly []string // what an author writes and never enters the bundle
	goOnly  []string // what the compiler makes
}

func parities() []parity {
	return []parity{
		{def: "#Route", goType: reflect.TypeFor[route.Route](), cueOnly: []string{"description", "groups", "tests"}, goOnly: []string{"id"}},
		{def: "#Share", goType: reflect.TypeFor[route.Share]()},
		{def: "#Path", goType: reflect.TypeFor[route.Path]()},
		{def: "#Condition", goType: reflect.TypeFor[route.Condition]()},
		{def: "#Timeouts", goType: reflect.TypeFor[route.Timeouts]()},
		{def: "#Retry", goType: reflect.TypeFor[route.Retry]()},
		{
			def: "#Domain", goType: reflect.TypeFor[route.Domain](), cueOnly: []string{"groups", "owner"},
			goOnly: []string{"name", "upstreams", "secrets", "routes"},
		},
		{def: "#Upstream", goType: reflect.TypeFor[route.Upstream]()},
		{def: "#Ejection", goType: reflect.TypeFor[route.Ejection]()},
		{def: "#Pool", goType: reflect.TypeFor[route.Pool]()},
		{def: "#UpstreamTLS", goType: reflect.TypeFor[route.UpstreamTLS]()},
		{def: "#SecretRef", goType: reflect.TypeFor[route.SecretRef]()},
		{def: "#Secret", goType: reflect.TypeFor[route.Secret]()},
		{def: "#CorsFilter", goType: reflect.TypeFor[cors.Config]()},
		{def: "#HeadersFilter", goType: reflect.TypeFor[headers.Config]()},
		{def: "#HeadersEdits", goType: reflect.TypeFor[headers.Edits]()},
		{def: "#RedirectFilter", goType: reflect.TypeFor[redirect.Config]()},
		{def: "#ClientCertificateFilter", goType: reflect.TypeFor[clientcertificate.Config]()},
		{def: "#GrpcWebFilter", goType: reflect.TypeFor[grpcweb.Config]()},
		{def: "#RequestIdFilter", goType: reflect.TypeFor[requestid.Config]()},
		{def: "#RespondFilter", goType: reflect.TypeFor[respond.Config]()},
		{def: "#RewriteFilter", goType: reflect.TypeFor[rewrite.Config]()},
	}
}

// TestParityOfEveryFilter finds a filter whose configuration is not compared above.
func TestParityOfEveryFilter(t *testing.T) {
	for _, spec := range standard.Specs() {
		def := "#" + strings.ToUpper(spec.Name[:1]) + spec.Name[1:] + "Filter"
		if !slices.ContainsFunc(parities(), func(p parity) bool { return p.def == def }) {
			t.Errorf("the configuration of the filter %s is not compared with %s", spec.Name, def)
		}
	}
}

// TestParity holds the schema and the Go types in step: the same fields on both
// sides, of types that fit each other.
func TestParity(t *testing.T) {
	schema := schemaValue(t)
	for _, p := range parities() {
		t.Run(p.def, func(t *testing.T) {
			compareFields(t, schema.LookupPath(cue.ParsePath(p.def)), p)
		})
	}
	t.Run("#Endpoint", func(t *testing.T) {
		_, alternatives := schema.LookupPath(cue.ParsePath("#Endpoint")).Expr()
		for _, a := range alternatives {
			if a.IncompleteKind() == cue.StructKind {
				compareFields(t, a, parity{goType: reflect.TypeFor[route.Endpoint]()})
				return
			}
		}
		t.Error("#Endpoint has no struct form")
	})
}

func compareFields(t *testing.T, def cue.Value, p parity) {
	t.Helper()
	inGo := map[string]reflect.Type{}
	goFields(p.goType, inGo)
	it, err := def.Fields(cue.Optional(true))
	if err != nil {
		t.Fatal(err)
	}
	inCUE := map[string]bool{}
	for it.Next() {
		name := it.Selector().Unquoted()
		inCUE[name] = true
		gt, ok := inGo[name]
		switch {
		case slices.Contains(p.cueOnly, name) && ok:
			t.Errorf("%s is an author's field and must not be in %s", name, p.goType)
		case slices.Contains(p.cueOnly, name):
		case !ok:
			t.Errorf("%s lacks the field %s of the schema", p.goType, name)
		case !fits(it.Value().IncompleteKind(), gt):
			t.Errorf("%s is %v in the schema and %s in %s", name, it.Value().IncompleteKind(), gt, p.goType)
		}
	}
	for name := range inGo {
		if !inCUE[name] && !slices.Contains(p.goOnly, name) {
			t.Errorf("the schema lacks the field %s of %s", name, p.goType)
		}
	}
}

// goFields collects the JSON fields of a struct, embedded ones included.
func goFields(typ reflect.Type, out map[string]reflect.Type) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Anonymous {
			goFields(f.Type, out)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out[name] = f.Type
	}
}

// fits tells whether JSON of a CUE kind decodes into a Go type.
func fits(k cue.Kind, typ reflect.Type) bool {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch {
	case typ == reflect.TypeFor[json.RawMessage]():
		return k == cue.TopKind // any value at all
	case typ == reflect.TypeFor[route.Duration]():
		return k == cue.StringKind
	case typ.Kind() == reflect.String:
		return k == cue.StringKind
	case typ.Kind() == reflect.Bool:
		return k == cue.BoolKind
	case typ.Kind() == reflect.Int:
		return k == cue.IntKind
	case typ.Kind() == reflect.Slice:
		return k == cue.ListKind
	case typ.Kind() == reflect.Map, typ.Kind() == reflect.Struct:
		return k == cue.StructKind
	}
	return false
}

func schemaValue(t *testing.T) cue.Value {
	t.Helper()
	var files []*ast.File
	names, contents := schemas.Files()
	for i, name := range names {
		f, err := parser.ParseFile(name, contents[i])
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	in := build.NewContext().NewInstance("", nil)
	for _, f := range files {
		if err := in.AddSyntax(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := in.Complete(); err != nil {
		t.Fatal(err)
	}
	v := cuecontext.New().BuildInstance(in)
	if err := v.Validate(); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestSchemaHasNoDefaults holds the rule that defaults stand in attributes: one in
// CUE would keep templates from setting soft values of their own.
func TestSchemaHasNoDefaults(t *testing.T) {
	names, contents := schemas.Files()
	for i, name := range names {
		f, err := parser.ParseFile(name, contents[i])
		if err != nil {
			t.Fatal(err)
		}
		ast.Walk(f, func(n ast.Node) bool {
			if u, ok := n.(*ast.UnaryExpr); ok && u.Op.String() == "*" {
				t.Errorf("%s holds a default; write @default(...)", u.Pos())
			}
			return true
		}, nil)
	}
}

// TestDefaultsFit evaluates every default against its own field.
func TestDefaultsFit(t *testing.T) {
	checked := 0
	var walk func(path string, v cue.Value, depth int)
	walk = func(path string, v cue.Value, depth int) {
		if depth > 6 {
			return
		}
		it, err := v.Fields(cue.Optional(true))
		if err != nil {
			return
		}
		for it.Next() {
			at := path + "." + it.Selector().Unquoted()
			if a := it.Value().Attribute("default"); a.Err() == nil {
				checked++
				d := cuecontext.New().CompileString(a.Contents())
				if err := it.Value().Unify(d).Validate(cue.Concrete(true)); err != nil {
					t.Errorf("%s: @default(%s): %v", at, a.Contents(), err)
				}
			}
			walk(at, it.Value(), depth+1)
		}
	}
	schema := schemaValue(t)
	it, err := schema.Fields(cue.Definitions(true))
	if err != nil {
		t.Fatal(err)
	}
	for it.Next() {
		walk(it.Selector().String(), it.Value(), 0)
	}
	if checked < 20 {
		t.Errorf("only %d defaults were found", checked)
	}
}
