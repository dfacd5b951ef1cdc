package local

import "syscall"

// maxRSSUnit is the unit of Rusage.Maxrss in bytes (getrusage(2)).
const maxRSSUnit = 1 << 10

// dieWithParent lets the kernel end the child when this process is killed.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
