// Package document reads from a document the commands that it tells its readers to run.
package document

import (
	"fmt"
	"strings"
)

// Commands are the shell commands of one part of a Markdown text: the blocks fenced with
// ```sh between the lines <!-- e2e: NAME --> and <!-- /e2e -->, joined. A part that is
// not there, does not end or has no such block is an error: a document that lost its
// markers would otherwise prove nothing.
func Commands(text, name string) (string, error) {
	begin, end := fmt.Sprintf("<!-- e2e: %s -->", name), "<!-- /e2e -->"
	var commands strings.Builder
	const (
		outside = iota
		inside
		block
	)
	state, found := outside, false
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		switch {
		case state == outside && trimmed == begin:
			if found {
				return "", fmt.Errorf("the document has two parts %q", name)
			}
			state, found = inside, true
		case state == inside && trimmed == end:
			state = outside
		case state == inside && trimmed == "```sh":
			state = block
		case state == block && trimmed == "```":
			state = inside
		case state == block:
			commands.WriteString(line)
		}
	}
	switch {
	case !found:
		return "", fmt.Errorf("the document has no line %s", begin)
	case state != outside:
		return "", fmt.Errorf("part %q of the document does not end", name)
	case commands.Len() == 0:
		return "", fmt.Errorf("part %q of the document has no block of ```sh", name)
	}
	return commands.String(), nil
}
