package views_test

import (
	"testing"

	"portico/views"
)

// An invitation names the portal, not the company, so that people aren't invited to their
// own.
func TestInvitePlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		agency, tenant string
		team           bool
		want           string
	}{
		{"Northwind", "Acme", false, "the Acme portal"},
		{"Northwind", "Acme", true, "the team of Northwind that works for Acme"},
		{"", "Northwind", true, "the team of Northwind"},
		{"Northwind", "Northwind", true, "the team of Northwind"},
		{"Studios", "Lotus's", false, "the Lotus's portal"},
		{"A & B", "C \"D\"", false, "the C \"D\" portal"},
		{"شركة", "Acme", false, "the Acme portal"},
		{"北風", "東海", false, "the 東海 portal"},
		{"Agency", "the", true, "the team of Agency that works for the"},
		{"", "Solo", false, "the team of Solo"},
	} {
		if got := views.InvitePlace(c.agency, c.tenant, c.team); got != c.want {
			t.Errorf("%q invites for %q: %q, want %q", c.agency, c.tenant, got, c.want)
		}
	}
}
