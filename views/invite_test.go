package views_test

import (
	"testing"

	"portico/views"
)

// An invitation says whose portal it is and for whom, never that people are invited to
// their own company.
func TestInvitePlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		agency, tenant string
		team           bool
		want           string
	}{
		{"Northwind", "Acme", false, "the portal of Northwind for Acme"},
		{"Northwind", "Acme", true, "the team of Northwind that works for Acme"},
		{"", "Northwind", true, "the team of Northwind"},
		{"Northwind", "Northwind", true, "the team of Northwind"},
		{"Studios", "Lotus's", false, "the portal of Studios for Lotus's"},
		{"A & B", "C \"D\"", false, "the portal of A & B for C \"D\""},
		{"شركة", "Acme", false, "the portal of شركة for Acme"},
		{"北風", "東海", false, "the portal of 北風 for 東海"},
		{"Agency", "the", true, "the team of Agency that works for the"},
		{"", "Solo", false, "the team of Solo"},
	} {
		if got := views.InvitePlace(c.agency, c.tenant, c.team); got != c.want {
			t.Errorf("%q invites for %q: %q, want %q", c.agency, c.tenant, got, c.want)
		}
	}
}
