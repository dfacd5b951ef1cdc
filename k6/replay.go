package k6

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

// replay plays one case, appends its result to the results, and counts it, in this
// order: a case whose result is lost is not counted. The script gets what the
// line of the results holds.
func (i *instance) replay(h map[string]any) (map[string]any, error) {
	if i.vu.State() == nil {
		return nil, errors.New("lintel.replay belongs in a function that virtual users run")
	}
	if i.set == nil || i.player == nil {
		return nil, errors.New("lintel.replay needs lintel.load and lintel.options before it, in the init context")
	}
	n, ok := h["index"].(int64)
	if !ok || n < 0 || n >= int64(len(i.set.Cases)) {
		return nil, fmt.Errorf("lintel.replay needs a case that lintel.load returned, and not %v", h["index"])
	}
	c := &i.set.Cases[n]
	res := i.player.Play(i.vu.Context(), int(n), c)
	line, err := json.Marshal(&res)
	if err != nil {
		return nil, fmt.Errorf("encode the result of %s: %w", c.ID(), err)
	}
	if i.out != nil {
		// One write for a line: appended whole, whoever else writes.
		if _, err := i.out.Write(append(line, '\n')); err != nil {
			return nil, fmt.Errorf("append to the results: %w", err)
		}
	}
	i.emit(i.vu, c, &res)
	var out map[string]any
	if err := json.Unmarshal(line, &out); err != nil {
		return nil, fmt.Errorf("decode the result of %s: %w", c.ID(), err)
	}
	if out["mismatches"] == nil {
		out["mismatches"] = []any{}
	}
	return out, nil
}

// fieldKind is the first word of what was compared, so that a metric has few series.
func fieldKind(m *cases.Mismatch) string {
	for n, c := range m.Field {
		if c == ' ' {
			return m.Field[:n]
		}
	}
	return m.Field
}
