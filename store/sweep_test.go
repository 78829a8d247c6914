package store_test

import (
	"crypto/rand"
	"testing"
	"time"

	"portico/e2e/storetest"
)

// A counter is swept when its own window has ended, and not before.
func TestCountersAreSweptAfterTheirWindow(t *testing.T) {
	t.Parallel()
	db := storetest.DB()
	var short, long [32]byte
	_, _ = rand.Read(short[:])
	_, _ = rand.Read(long[:])
	for key, window := range map[[32]byte]time.Duration{short: 15 * time.Minute, long: 24 * time.Hour} {
		if _, _, err := db.RateLimit(t.Context(), key, window, 1); err != nil {
			t.Fatal(err)
		}
		// It began so long ago that the short one has ended.
		moveBack(t, `update rate_counters set window_start = now() - interval '16 minutes', ends_at = ends_at - window_start + now() - interval '16 minutes' where key = $1`, key[:])
	}
	if _, err := db.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		key  [32]byte
		want int
	}{"of 15 minutes": {short, 0}, "of a day": {long, 1}} {
		var n int
		must(t, storetest.Superuser(t).QueryRow(t.Context(), `select count(*) from rate_counters where key = $1`, c.key[:]).Scan(&n))
		if n != c.want {
			t.Errorf("a counter %s has %d rows, want %d", what, n, c.want)
		}
	}
}
