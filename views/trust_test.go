package views_test

import (
	"os"
	"strings"
	"testing"

	"portico/views"
)

// docs/security.md has a row for each claim of the trust page, with the same command.
func TestSecurityManualHasEveryClaim(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(string(manual), "\n")
	for _, c := range views.TrustClaims() {
		command := "`" + strings.ReplaceAll(c.Command, "|", `\|`) + "`"
		found := false
		for _, row := range rows {
			found = found || strings.HasPrefix(row, "| "+c.Says+" |") && strings.HasSuffix(row, command+" |")
		}
		if !found {
			t.Errorf("docs/security.md has no row %q that ends with %s", c.Says, command)
		}
	}
}
