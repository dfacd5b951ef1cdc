package handover

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lintel-gateway/lintel/runtime/listen"
)

// network keeps messages apart, so that each comes whole and with its descriptors.
const network = "unixpacket"

// listenAt listens for the process that will replace this one.
func listenAt(path string) (*net.UnixListener, error) { return listen.Unix(network, path, 0o600) }

// dialTo connects to the process that is to be replaced.
func dialTo(path string) (*net.UnixConn, error) {
	nc, err := net.DialTimeout(network, path, stepTime)
	if err != nil {
		return nil, err
	}
	return nc.(*net.UnixConn), nil
}

// sameUser checks that the process at the other end is one of the same user.
func sameUser(nc *net.UnixConn) error {
	raw, err := nc.SyscallConn()
	if err != nil {
		return err
	}
	var who *unix.Ucred
	if e := raw.Control(func(fd uintptr) { who, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); e != nil {
		return e
	}
	if err != nil {
		return err
	}
	if int(who.Uid) != os.Geteuid() {
		return fmt.Errorf("the other process belongs to user %d, and this one to user %d", who.Uid, os.Geteuid())
	}
	return nil
}

// send sends a message and descriptors.
func send(nc *net.UnixConn, m message, descriptors ...int) error {
	var oob []byte
	if len(descriptors) > 0 {
		oob = unix.UnixRights(descriptors...)
	}
	_ = nc.SetWriteDeadline(time.Now().Add(stepTime))
	_, _, err := nc.WriteMsgUnix(m.append(nil), oob, nil)
	return err
}

// receive waits for a message and its descriptors, which are the caller's also when it is
// not the message that was to come.
func receive(nc *net.UnixConn, patience time.Duration) (message, []int, error) {
	_ = nc.SetReadDeadline(time.Now().Add(patience))
	b, oob := make([]byte, maxMessage+1), make([]byte, unix.CmsgSpace(4*MaxSockets))
	n, size, flags, _, err := nc.ReadMsgUnix(b, oob)
	if err != nil {
		return message{}, nil, err
	}
	descriptors, err := rights(oob[:size])
	if err != nil {
		return message{}, descriptors, err
	}
	if flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 || n == len(b) {
		return message{}, descriptors, errMalformed
	}
	if n == 0 {
		return message{}, descriptors, errors.New("the other process has left")
	}
	m, err := parse(b[:n])
	return m, descriptors, err
}

// rights are the descriptors that came with a message.
func rights(oob []byte) ([]int, error) {
	list, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, err
	}
	var out []int
	for i := range list {
		one, err := unix.ParseUnixRights(&list[i])
		if err != nil {
			return out, err
		}
		out = append(out, one...)
	}
	return out, nil
}

// descriptor is a duplicate of the descriptor of a listener.
func descriptor(ln net.Listener) (int, error) {
	s, ok := ln.(syscall.Conn)
	if !ok {
		return 0, fmt.Errorf("%T has no descriptor", ln)
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return 0, err
	}
	var fd int
	if e := raw.Control(func(own uintptr) { fd, err = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) }); e != nil {
		return 0, e
	}
	return fd, err
}

// listener makes a listener of a descriptor, which it takes.
func listener(fd int) (net.Listener, error) {
	f := os.NewFile(uintptr(fd), "socket")
	defer f.Close()
	return net.FileListener(f)
}

func closeAll(descriptors []int) {
	for _, fd := range descriptors {
		_ = unix.Close(fd) // it is a duplicate that nobody uses
	}
}
