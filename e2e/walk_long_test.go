//go:build long

package e2e

import (
	"testing"

	"portico/e2e/browser"
)

// Every page of the walk is accessible, wide and light, and narrow and dark.
func TestLongWalk(t *testing.T) {
	walkEverywhere(t, browser.EveryRule...)
}
