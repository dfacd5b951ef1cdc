package load

import (
	"path/filepath"
	"testing"
	"testing/fstest"

	"cuelang.org/go/cue/ast"
	"github.com/rogpeppe/go-internal/txtar"
)

// templatesForFuzz are the shared files of FuzzQuick.
const templatesForFuzz = `package routes

_api: #Filters & {requestId: {}, headers: response: remove: ["server"]}
_slow: #Timeouts & {read: "120s"}
_env: {zone: *"a" | string, weight: 5}

#Rest: #Route & {
	#svc:  string
	#path: *"/p" | string
	#n:    *5 | int & >=0 & <=100
	path: template: #path
	upstream: #svc
	filters: _api & {headers: request: set: "x-zone": "z-\(_env.zone)"}
	timeouts: request: *"10s" | _
	retry: attempts: *2 | _
}
#Split: #Rest & {#n: _, split: [{upstream: "a", weight: 100 - #n}]}
#Found: #Case & {#code: *200 | _, request: {}, expect: status: #code}
`

// FuzzQuick holds on any text that the quick evaluation ends without a panic, and that
// where it has a value CUE has the same one.
func FuzzQuick(f *testing.F) {
	archives, err := filepath.Glob("../testdata/mistakes/*.txtar")
	if err != nil || len(archives) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range archives {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			f.Add(string(file.Data))
		}
	}
	f.Add("package routes\ndomain: hosts: [\"a.example\"]\nupstreams: u: endpoints: [\"a:1\"]\nroutes: {\n\t\"x\": #Rest & {#svc: \"u\", timeouts: request: \"1s\", tests: \"t\": #Found & {#code: 201}}\n\ty: #Split & {#svc: \"u\", #n: 7}\n}\n")
	shared := []file{{"routes/shared.cue", []byte(templatesForFuzz)}}
	syntax := newSharedSyntax(shared)
	f.Fuzz(func(t *testing.T, text string) {
		own, found, fatal := parse([]file{{"routes/a.example/a.cue", []byte(text)}})
		found = append(found, checkNames(own, domainFile)...)
		if fatal || len(found) > 0 || syntax.quick().Domain(own) == nil {
			return
		}
		// That has a value, so CUE ends, too.
		both(t, fstest.MapFS{
			"shared.cue":      {Data: []byte(templatesForFuzz)},
			"a.example/a.cue": {Data: []byte(text)},
		})
	})
}

// TestQuickTakes holds what the quick evaluation is made for, construct by construct:
// it must not leave to CUE what it used to do itself.
func TestQuickTakes(t *testing.T) {
	syntax := newSharedSyntax([]file{{"routes/shared.cue", []byte(templatesForFuzz)}})
	for name, text := range map[string]string{
		"data":                  `routes: x: {upstream: "u", path: exact: "/a", priority: -3}`,
		"template":              `routes: x: #Rest & {#svc: "u"}`,
		"template of templates": `routes: x: #Split & {#svc: "u", #n: 7}`,
		"default replaced":      `routes: x: #Rest & {#svc: "u", timeouts: request: "1s"}`,
		"anchor":                `routes: x: {upstream: "u", filters: _api & {cors: {}}, timeouts: _slow}`,
		"embedding":             `routes: x: {#Rest, #svc: "u"}`,
		"own anchor":            `_mine: {hosts: ["a.example"], ...}` + "\n" + `routes: x: #Rest & _mine & {#svc: "u"}`,
		"texts":                 `routes: x: {upstream: "u", description: "zone \(_env.zone)" + "!"}`,
		"let":                   `routes: x: {let U = "u", upstream: U}`,
		"written twice":         `routes: x: upstream: "u"` + "\n" + `routes: x: path: exact: "/a"`,
		"quoted names":          `routes: "x-é": {upstream: "u", tests: "größer": {request: {}, expect: json: {n: 1.5, l: [null, true]}}}`,
	} {
		own, found, fatal := parse([]file{{"routes/a.example/a.cue", []byte("package routes\ndomain: hosts: [\"a.example\"]\n" + text)}})
		if fatal || len(found) > 0 {
			t.Fatalf("%s: %v", name, found)
		}
		if syntax.quick().Domain(own) == nil {
			t.Errorf("%s is left to CUE", name)
		}
	}
	var none []*ast.File
	if v := syntax.quick().Domain(none); v == nil || v.Routes != nil {
		t.Errorf("nothing comes to %+v", v)
	}
}
