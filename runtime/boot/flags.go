package boot

import (
	"flag"
	"fmt"
	"io"
)

// Flags are what the command line says.
type Flags struct {
	// Config is the path of the boot config; "" for none.
	Config string
	// Dev allows what is for one's own machine.
	Dev bool
	// Version asks for the version alone.
	Version bool

	texts map[string]*string
}

// Declare declares the flags of all keys; Usage says what they mean.
func (f *Flags) Declare(set *flag.FlagSet) {
	f.texts = map[string]*string{}
	for _, k := range Keys() {
		switch k.Flag {
		case "":
		case "config":
			set.StringVar(&f.Config, k.Flag, "", k.Meaning)
		case "dev":
			set.BoolVar(&f.Dev, k.Flag, false, k.Meaning)
		case "version":
			set.BoolVar(&f.Version, k.Flag, false, k.Meaning)
		default:
			f.texts[k.Flag] = set.String(k.Flag, "", k.Meaning)
		}
	}
}

// Given tells whether the flag has a text.
func (f *Flags) Given(name string) bool { return f.texts[name] != nil && *f.texts[name] != "" }

// Override lets the flags that were given win over the file.
func (f *Flags) Override(c *Config) {
	to := map[string]*string{
		"bundle": &c.Bundle.Dir, "admin": &c.Admin.Address, "state-dir": &c.Bundle.StateDir,
		"fallback-bundle": &c.Bundle.Fallback, "verify-key": &c.Bundle.VerifyKey, "handover": &c.Handover,
	}
	for name, text := range f.texts {
		switch {
		case *text == "":
		case name == "listen":
			// The address alone is overridden: what was said to take TLS must not become
			// plain.
			one := Listener{}
			if len(c.Listeners) > 0 {
				one = c.Listeners[0]
			}
			one.Address = *text
			c.Listeners = []Listener{one}
		default:
			*to[name] = *text
		}
	}
}

// Usage writes how the gateway is called: its flags, as Keys declares them.
func Usage(w io.Writer) {
	fmt.Fprint(w, "lintel-gateway serves the routes of a bundle and swaps to a new one when its directory changes.\n\nUsage: lintel-gateway --bundle DIR [flags]\n\nFlags:\n")
	for _, k := range Keys() {
		if k.Flag == "" {
			continue
		}
		name := "--" + k.Flag
		if k.Value != "" {
			name += " " + k.Value
		}
		fmt.Fprintf(w, "  %-24s %s", name, k.Meaning)
		if d := k.Default(); d != "" {
			fmt.Fprintf(w, " (default %s)", d)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "\nThe boot config has more keys: the reference beside runtime/boot lists them.\n")
}
