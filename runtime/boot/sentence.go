package boot

import (
	"errors"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// sentence turns what the YAML library says into file:line and one sentence.
func sentence(path string, err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	var types *yaml.TypeError
	if errors.As(err, &types) && len(types.Errors) > 0 {
		text = types.Errors[0]
	}
	// What the file holds may be quoted in it, line breaks and all.
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	line := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(text)
	if line == nil {
		return path + ": " + text
	}
	text = strings.TrimPrefix(text, line[0])
	if m := regexp.MustCompile(`^field (\S+) not found in type`).FindStringSubmatch(text); m != nil {
		text = "the key " + m[1] + " is unknown; the keys are described in runtime/boot/README.md"
	}
	if strings.HasPrefix(text, "cannot unmarshal !!seq into") {
		text = "a list stands where keys are expected"
	}
	if strings.HasPrefix(text, "cannot unmarshal !!map into") {
		text = "keys stand where a single value or a list is expected"
	}
	if m := regexp.MustCompile(`^cannot unmarshal (\S+) (.*) into (\S+)$`).FindStringSubmatch(text); m != nil {
		text = "the value " + m[2] + " has the wrong type"
	}
	if m := regexp.MustCompile(`^mapping key "(.*)" already defined`).FindStringSubmatch(text); m != nil {
		text = "the key " + m[1] + " is there twice"
	}
	return path + ":" + line[1] + ": " + text
}
