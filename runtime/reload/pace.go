package reload

import "time"

// While a bundle serves, the next one is decoded and built in steps with rests between
// them: a request that is ready meanwhile waits for one step and not for the whole
// build. A step is about 0.2 ms. The rest is a timer's, not runtime.Gosched: that would
// hand the processor back at once unless another goroutine is known to be ready, and
// connections are known to be only after the network has been asked.
const (
	paceSteps = 32
	paceRest  = 100 * time.Microsecond
)

// yield is what the work between two routes is followed by; nil before the first
// bundle, when nobody is served and every rest would only be late.
func (r *Reloader) yield() func() {
	if r.current == nil {
		return nil
	}
	n := 0
	return func() {
		if n++; n%paceSteps == 0 {
			time.Sleep(paceRest)
		}
	}
}
