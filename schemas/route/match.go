package route

// Match says which requests a route takes. All parts must hold.
type Match struct {
	// Hosts are host patterns, lower case and sorted: exact ("a.example"), any
	// depth of subdomains but not the apex ("*.example"), or any host ("*").
	Hosts []string `json:"hosts"`
	Path  Path     `json:"path"`
	// Methods are upper case and sorted; none means any. GET implies HEAD.
	Methods []string             `json:"methods,omitempty"`
	Headers map[string]Condition `json:"headers,omitempty"`
	Query   map[string]Condition `json:"query,omitempty"`
	Cookies map[string]Condition `json:"cookies,omitempty"`
	// Priority breaks ties between routes of equal rank; higher wins.
	Priority int `json:"priority,omitempty"`
}

// Path is exactly one of its fields.
type Path struct {
	// Exact is the whole path.
	Exact string `json:"exact,omitempty"`
	// Prefix matches by segment: "/a" takes "/a", "/a/" and "/a/b", not "/ab".
	Prefix string `json:"prefix,omitempty"`
	// Template holds parameters: "{id}" is one non-empty segment, "{rest...}" at
	// the end is the remainder.
	Template string `json:"template,omitempty"`
	// Regex is an RE2 expression that must match the whole path.
	Regex string `json:"regex,omitempty"`
}

// Kind names the field that is set: exact, prefix, template, regex, or "" when
// none is.
func (p Path) Kind() string {
	switch {
	case p.Exact != "":
		return "exact"
	case p.Prefix != "":
		return "prefix"
	case p.Template != "":
		return "template"
	case p.Regex != "":
		return "regex"
	}
	return ""
}

// Value is the text of the field that is set.
func (p Path) Value() string { return p.Exact + p.Prefix + p.Template + p.Regex }

// Condition is one test on a header, query parameter or cookie; exactly one of
// its fields is set. A value that repeats is tested by its first occurrence.
type Condition struct {
	Exact  *string `json:"exact,omitempty"`
	Prefix *string `json:"prefix,omitempty"`
	// Regex is an RE2 expression that must match the whole value.
	Regex *string `json:"regex,omitempty"`
	// Present asks only whether the name is there (true) or not (false).
	Present *bool `json:"present,omitempty"`
}
