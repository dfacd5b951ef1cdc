//go:build !linux

package main

import "errors"

func relay(options) error { return errors.New("the relay needs epoll, which Linux has") }
