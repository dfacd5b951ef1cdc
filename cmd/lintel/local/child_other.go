//go:build !linux

package local

import "syscall"

// maxRSSUnit is the unit of Rusage.Maxrss in bytes (getrusage(2)).
const maxRSSUnit = 1

// dieWithParent does nothing: only Linux ends children with their parent.
func dieWithParent(*syscall.SysProcAttr) {}
