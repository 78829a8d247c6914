package web

import (
	"fmt"
	"testing"
)

// A flood of new visitors does not fill the memory.
func TestRateLimiterMemoryIsBounded(t *testing.T) {
	t.Parallel()
	l := NewRateLimiter(RateLimit{PerSecond: 1e-9, Burst: 1})
	const met = 10 * maxKnown
	for i := range met {
		l.Allow(fmt.Sprint(i))
	}
	remembered, knowsLast := len(l.known)+len(l.old), !l.Allow(fmt.Sprint(met-1))
	if remembered > 2*maxKnown || !knowsLast {
		t.Errorf("%d are remembered, the last among them: %t", remembered, knowsLast)
	}
}
