package wire

// swap holds the arguments and results of a running exchange of TLS. They are fields,
// and the step bound once, so that an exchange allocates nothing.
type swap struct {
	out, in []byte
	n, sent int
	err     error
	wrote   bool
	step    func() bool
}

// exchange is Exchange for a TLS client.
func (s *secure) exchange(req, p []byte) (n, sent int, err error) {
	x := &s.swap
	x.out, x.in, x.n, x.sent, x.err, x.wrote = req, p, 0, 0, nil, false
	err = s.owner.raw.loop(x.step)
	x.out, x.in = nil, nil
	if err != nil {
		return 0, x.sent, err
	}
	return x.n, x.sent, x.err
}

// swapped writes at its first call and leaves without a read, as a plain exchange does.
func (s *secure) swapped() bool {
	x := &s.swap
	if !x.wrote {
		x.wrote = true
		x.sent, x.err = s.write(x.out, false)
		return x.err != nil || x.sent < len(x.out)
	}
	s.empty = false
	x.n, x.err = s.read(x.in, true)
	return x.err != ErrAgain
}
