package storetest

import (
	"testing"
	"time"
)

// InOneWindow waits for the next window of a rate limit if this one ends within 30
// seconds, so that a test's attempts are counted together. Windows begin at whole
// multiples of their length.
func InOneWindow(t testing.TB, window time.Duration) {
	t.Helper()
	if left := time.Until(time.Now().Truncate(window).Add(window)); left < 30*time.Second {
		time.Sleep(left + 100*time.Millisecond)
	}
}
