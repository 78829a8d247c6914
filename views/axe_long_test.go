//go:build long

package views_test

import (
	"testing"

	"portico/e2e/browser"
)

// Every sample is accessible at both widths in both colour schemes.
func TestLongEverySampleIsAccessible(t *testing.T) {
	t.Parallel()
	wantAccessible(t, func(int) []browser.Setting { return browser.Settings })
}
