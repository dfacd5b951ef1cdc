package document

import (
	"strings"
	"testing"
)

func TestCommands(t *testing.T) {
	const text = "# A\n```sh\nnot me\n```\n<!-- e2e: install -->\nSay:\n\n```sh\nhelm install a b   # why\n```\n\n```yaml\nnot: me\n```\n" +
		"Then:\n```sh\nkubectl get pods\n```\n<!-- /e2e -->\n```sh\nnor me\n```\n"
	got, err := Commands(text, "install")
	if err != nil || got != "helm install a b   # why\nkubectl get pods\n" {
		t.Errorf("got %q, %v", got, err)
	}
	for want, text := range map[string]string{
		"has no line":     text[:strings.Index(text, "<!-- e2e")],
		"does not end":    text[:strings.Index(text, "<!-- /e2e")],
		"two parts":       text + text,
		"no block of":     "<!-- e2e: install -->\n```yaml\na: b\n```\n<!-- /e2e -->\n",
		"\"install\" of ": "<!-- e2e: install -->\n```sh\nls\n",
	} {
		if got, err := Commands(text, "install"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %q and %v", want, got, err)
		}
	}
}
