//go:build !linux

package compiler_test

import "os/exec"

func maxRSS(*exec.Cmd) int64 { return 0 }

func cpuSeconds() float64 { return 0 }
