//go:build long

package store_test

import "testing"

// [TestDecisionsInRaces], 50 times each.
func TestLongDecisionsInRaces(t *testing.T) {
	t.Parallel()
	for what, race := range decisionRaces {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			raceDecisions(t, 50, race)
		})
	}
}
