package diag

import (
	"encoding/xml"
	"io"
)

// The form of JUnit, as the servers of continuous integration read it.
type (
	junitSuites struct {
		XMLName  xml.Name   `xml:"testsuites"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Suite    junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Line    int           `xml:"line,attr,omitempty"`
		Failure *junitFailure `xml:"failure,omitempty"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// junit writes the list as JUnit XML: an error is a failed test, a warning one that
// passed with a word; an empty list is one test that passed.
func junit(w io.Writer, list List) error {
	s := junitSuite{Name: "lintel check"}
	for _, d := range list {
		c := junitCase{Class: d.Code, Name: XMLText(d.Line()), File: XMLText(d.Pos.File), Line: d.Pos.Line}
		if d.Severity == Error {
			c.Failure = &junitFailure{Message: XMLText(d.Message), Type: d.Code, Text: XMLText(Printer{}.text(d))}
			s.Failures++
		} else {
			c.Out = XMLText(Printer{}.text(d))
		}
		s.Cases = append(s.Cases, c)
	}
	if len(list) == 0 {
		s.Cases = []junitCase{{Class: "check", Name: "no findings"}}
	}
	s.Tests = len(s.Cases)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(junitSuites{Name: "lintel", Tests: s.Tests, Failures: s.Failures, Suite: s}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
