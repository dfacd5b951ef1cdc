package gate

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/cmd/lintel/local"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// exitThresholds is k6's status when a threshold was crossed.
const exitThresholds = 99

// maxResult bounds one line of results in bytes.
const maxResult = 4 << 20

// replay lets k6 play the cases and reads what became of them.
func (r *run) replay(ctx context.Context, k *k6, target *target) (*Verdict, error) {
	parallel := r.Parallel
	if parallel <= 0 {
		parallel = 8
	}
	results, of := r.file("results.jsonl"), len(r.Cases.Cases)
	start := time.Now()
	child, err := local.Start("k6", k.command(
		"LINTEL_CASES="+r.file("cases.json"), "LINTEL_SECRETS="+r.file("secrets.json"), "LINTEL_RESULTS="+results,
		"LINTEL_TARGET="+target.address, "LINTEL_BUNDLE="+r.Cases.Bundle, "LINTEL_LIVE="+target.live, "LINTEL_CA="+target.ca,
		"LINTEL_VUS="+strconv.Itoa(parallel), "LINTEL_TIMEOUT="+duration(r.CaseTimeout),
	))
	if err != nil {
		return nil, err
	}
	defer child.Kill()
	select {
	case <-child.Done():
	case <-r.gatewayDone():
		child.Kill()
		return nil, r.cutShort(r.gateway.Err(), results, of)
	case <-ctx.Done():
		child.Kill()
		return nil, errStopped
	}
	if r.gateway != nil {
		// It may have ended just before k6, which then only knows of failed cases.
		if err := r.gateway.Await(ctx, r.Bundle.Digest()); err != nil {
			return nil, r.cutShort(err, results, of)
		}
	}
	v := &Verdict{Cases: r.Cases.Cases, Took: time.Since(start)}
	v.CPU, v.Peak = child.Usage()
	got, err := readResults(results, of)
	if err != nil {
		return nil, err
	}
	if err := complete(child, len(got), of); err != nil {
		return nil, err
	}
	v.Results = make([]cases.Result, of)
	for i := range v.Results {
		v.Results[i] = got[i]
	}
	v.Crossed = child.Status() == exitThresholds && v.Failed() == 0
	return v, nil
}

// cutShort tells how far the replay came before it had no gateway.
func (r *run) cutShort(why error, results string, of int) error {
	got, _ := readResults(results, of)
	return fmt.Errorf("%w, after %d of %d cases", why, len(got), of)
}

// duration is a time as lintel-k6 reads it, "" for none.
func duration(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return d.String()
}

// complete tells why a replay that did not play every case is none.
func complete(child *local.Child, played, of int) error {
	status := child.Status()
	if played == of && (status == 0 || status == exitThresholds) {
		return nil
	}
	count := fmt.Sprintf("%d of %d cases were played", played, of)
	if status < 0 {
		return fmt.Errorf("k6 was killed; %s", count)
	}
	if said := complaint(child.Log()); said != "" {
		return fmt.Errorf("k6 ended with status %d; %s: %s", status, count, said)
	}
	return fmt.Errorf("k6 ended with status %d; %s", status, count)
}

// complaint is what k6 said went wrong: its first lines, for what follows is where in
// its own machinery.
func complaint(log string) string {
	var said []string
	for line := range strings.Lines(log) {
		if line = strings.TrimSpace(line); line != "" && len(said) < 3 {
			said = append(said, line)
		}
	}
	return strings.Join(said, " | ")
}

// readResults reads the results by index. A line that is cut off, as by the end of a
// process, is none.
func readResults(file string, of int) (map[int]cases.Result, error) {
	out := make(map[int]cases.Result, of)
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, maxResult)
	for s.Scan() {
		var r cases.Result
		if json.Unmarshal(s.Bytes(), &r) != nil {
			continue
		}
		if r.Index < 0 || r.Index >= of {
			return nil, fmt.Errorf("read results: there is no case %d", r.Index)
		}
		// A case that a script plays again must pass each time.
		if before, ok := out[r.Index]; !ok || before.Passed {
			out[r.Index] = r
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	return out, nil
}
