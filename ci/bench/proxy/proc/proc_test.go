package proc

import (
	"os"
	"slices"
	"testing"
	"time"
)

func TestOnCPU(t *testing.T) {
	if got := onCPU("123456789 987 12\n"); got != 123456789*time.Nanosecond {
		t.Error(got)
	}
}

func TestResident(t *testing.T) {
	if got := resident("Name:\tx\nVmPeak:\t 99 kB\nVmRSS:\t    2048 kB\nThreads:\t1\n"); got != 2<<20 {
		t.Error(got)
	}
}

func TestSteal(t *testing.T) {
	var a, b Machine
	a.total, a.steal = ticks("cpu  100 0 0 800 0 0 0 10 5 0\ncpu0 1 1\n")
	b.total, b.steal = ticks("cpu  150 0 0 840 0 0 0 20 5 0\ncpu0 1 1\n")
	if got := b.Steal(a); got != 10 {
		t.Errorf("steal is %v %%", got)
	}
}

func TestThisProcess(t *testing.T) {
	pid := os.Getpid()
	if !slices.Contains(Tree(pid), pid) {
		t.Error("a tree is without its root")
	}
	if CPU(pid) <= 0 || RSS(pid) <= 0 {
		t.Errorf("this test has used %v and holds %d bytes", CPU(pid), RSS(pid))
	}
}
