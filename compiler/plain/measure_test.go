package plain

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/schemas"
)

const templates = `package routes

// _api is for routes.
_api: #Filters & {requestId: {}}

// #Read is a template.
#Read: #Route & {
	#upstream: string
	upstream:  #upstream
	methods: ["GET"]
	timeouts: request: *"10s" | _
}

// #Gone serves cases alone.
#Gone: #Case & {
	expect: status: 404
}
upstreams: all: endpoints: ["all:1"]
`

const web = `package routes

domain: hosts: ["a.example"]

routes: {
	"one": #Read & {#upstream: "all", path: exact: "/1"}
	"two": {
		upstream: "all"
		filters:  _api
		tests: "is": {
			request: path: "/2"
			expect: status: 200
		}
	}
	"three": {path: exact: "/3", upstream: "all"}
}
`

const cases = `package routes

routes: "one": tests: "is gone": #Gone & {request: path: "/1"}
`

// TestMeasure counts by hand what Measure counts.
//
//	shared as YAML           upstreams: all: endpoints: - all:1                    4
//	domain as YAML           domain: hosts: - a.example                            3
//	                         routes:                                               1
//	  one                    one: methods: - GET path: exact: timeouts: request:
//	                         upstream:                                             8
//	    its case             tests: is gone: expect: status: request: path:        6
//	  three                  three: path: exact: upstream:                         4
//	  two                    two: filters: requestId: {} upstream:                 4
//	    its case             tests: is: expect: status: request: path:             6
func TestMeasure(t *testing.T) {
	lintel := schemas.LintelCUE("a.example")
	r, err := Measure(fstest.MapFS{
		"lintel.cue":              {Data: lintel},
		"templates.cue":           {Data: []byte(templates)},
		"a.example/web.cue":       {Data: []byte(web)},
		"a.example/web.cases.cue": {Data: []byte(cases)},
		"_env/prod.cue":           {Data: []byte("package routes\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	own := nonBlank(lintel)
	want := &Report{
		CUE:    Lines{All: own + 15 + 14 + 2, Cases: 4 + 4 + 2},
		YAML:   Lines{All: 36, Cases: 12},
		Shared: Lines{All: own + 15, Cases: 4},
		Kinds: []Kind{
			{Name: "template", Routes: 1, CUE: 1, YAML: 8},
			{Name: "anchor", Routes: 1, CUE: 4, YAML: 4},
			{Name: "written out", Routes: 1, CUE: 1, YAML: 4},
		},
		Routes: 3,
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
}

// TestExample holds that the example is measured whole.
func TestExample(t *testing.T) {
	r, err := Measure(os.DirFS("../../routes"))
	if err != nil {
		t.Fatal(err)
	}
	counted := 0
	for _, k := range r.Kinds {
		counted += k.Routes
	}
	if r.Routes < 200 || counted != r.Routes || r.CUE.All < 1000 || r.YAML.All <= r.CUE.All {
		t.Errorf("%+v", r)
	}
	if s := Saved(3, 10); s != 70 {
		t.Errorf("3 of 10 lines are %v %% saved", s)
	}
	if n := nonBlank([]byte(strings.Repeat("a\n \n", 3) + "b")); n != 4 {
		t.Errorf("%d lines", n)
	}
}
