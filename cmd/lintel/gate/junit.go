package gate

import (
	"encoding/xml"
	"fmt"
	"io"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// The JUnit form, as the servers of continuous integration read it.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the verdict as JUnit XML: a suite for each domain. Reason tells
// why a case took another route.
func (v *Verdict) WriteJUnit(w io.Writer, reason func(*cases.Case) string) error {
	all := junitSuites{Name: "lintel test", Tests: len(v.Cases), Failures: v.Failed(), Time: seconds(v.Took.Seconds() * 1000)}
	total := 0.0
	for i := range v.Cases {
		c, r := &v.Cases[i], &v.Results[i]
		if n := len(all.Suites); n == 0 || all.Suites[n-1].Name != c.Domain() {
			all.Suites = append(all.Suites, junitSuite{Name: c.Domain()})
			total = 0
		}
		s := &all.Suites[len(all.Suites)-1]
		one := junitCase{Class: c.Route, Name: c.Name, File: c.File, Line: c.Line, Time: seconds(r.Millis)}
		if !r.Passed {
			s.Failures++
			one.Failure = &junitFailure{Type: "mismatch", Message: diag.XMLText(headline(r)), Text: diag.XMLText(explainText(c, r, reason(c), DevBase))}
		}
		s.Tests++
		total += r.Millis
		s.Time = seconds(total)
		s.Cases = append(s.Cases, one)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func seconds(millis float64) string { return fmt.Sprintf("%.3f", millis/1000) }
