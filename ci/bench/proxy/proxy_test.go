package main

import (
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/ci/bench/proxy/judge"
	"github.com/lintel-gateway/lintel/ci/bench/proxy/load"
)

func TestCasesAreWhole(t *testing.T) {
	seen := map[string]bool{}
	r := &runner{tools: tools{judges: []string{"nginx"}}}
	for _, c := range allCases() {
		if c.name == "" || c.group == "" || c.what == "" || c.address == nil || c.generate == nil && c.special == nil || seen[c.name] {
			t.Errorf("case %q is not whole, or there twice", c.name)
		}
		seen[c.name] = true
		if s := r.spec(c.bed); len(s.Others)+len(s.Lintel) < 1 {
			t.Errorf("case %s: there is no bed %q", c.name, c.bed)
		}
		if c.target.Script != "" && inputs()[c.target.Script] == "" {
			t.Errorf("case %s: there is no file %s", c.name, c.target.Script)
		}
	}
	if got := chosen(allCases(), "tls,grpc"); len(got) != 4 {
		t.Errorf("%d cases are chosen", len(got))
	}
	if got := chosen(allCases(), "nothing"); len(got) != 0 {
		t.Errorf("%d cases are chosen", len(got))
	}
}

func TestGRPCMessageIsFramed(t *testing.T) {
	m := inputs()[grpcMessage]
	if n := int(m[4]); m[:4] != "\x00\x00\x00\x00" || n != len(m)-5 {
		t.Errorf("the prefix says %d of %d bytes", n, len(m)-5)
	}
}

func TestCompare(t *testing.T) {
	of := func(cpu float64, rate float64) sample {
		return sample{load.Result{Requests: 1, Rate: rate, P50: time.Millisecond}, cpu}
	}
	got := compare(benchCase{what: "a load"}, []*judge.Proxy{{Name: "base"}, {Name: "other"}}, map[string][]sample{
		"base": {of(10, 100), of(100, 10)}, "other": {of(8, 120), of(80, 12)},
	}).markdown()
	for _, want := range []string{"| a load | base ", "| other | 0.80      | 0.80 to 0.80  | 1.20 ", "| 1ms | -   |"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestCounts(t *testing.T) {
	if n, err := perfCount("4100,,raw_syscalls:sys_enter,100,100.00,,\n"); err != nil || n != 4100 {
		t.Error(n, err)
	}
	if n, err := perfCount("<not supported>,,raw_syscalls:sys_enter,0\n"); err == nil {
		t.Error("nothing counted is taken for", n)
	}
	const table = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.600000           6    100000           write
 40.00    0.400000           4    100000        12 read
------ ----------- ----------- --------- --------- ----------------
100.00    1.000000           5    200000        12 total
`
	if n, err := straceCount(table); err != nil || n != 200000 {
		t.Error(n, err)
	}
	if n, err := straceCount("strace: attach: no\n"); err == nil {
		t.Error("nothing counted is taken for", n)
	}
}

func TestNumber(t *testing.T) {
	for in, want := range map[string]string{
		"nginx version: nginx/1.22.1": "1.22.1", "HAProxy version 2.6.12-1+deb12u4 2026/10/17": "2.6.12-1+deb12u4", "nothing": "unknown",
	} {
		if got := number(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
