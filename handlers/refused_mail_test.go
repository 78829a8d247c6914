package handlers_test

import (
	"net/http"
	"testing"

	"portico/e2e/storetest"
)

// If the mail server refuses a member's address, their row and their page say so to
// everybody who sees the row, in this tenant only.
func TestRefusedMailIsOnTheRow(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	mia := s.as(t, a.Mia)
	at := "/w/" + a.Acme + "/members"
	hasNot(t, "before", mia.get(t, at), "refuses this address")
	leo := a.Member(t, a.Leo, a.Acme)
	_, err := storetest.Admin(t).Exec(t.Context(), `
update memberships set mail_refused_at = now(), mail_refused_code = 550 where user_id = $1 and tenant_id = $2`, leo.ID(), leo.TenantID())
	if err != nil {
		t.Fatal(err)
	}
	has(t, "the list", mia.get(t, at), "the mail server refuses this address (550)")
	page := mia.get(t, at+"/"+leo.ID().String())
	want(t, "the page", page, http.StatusOK)
	has(t, "the page", page, "Emails to this address bounce")
	hasNot(t, "another tenant", s.as(t, a.Gus).get(t, "/w/"+a.Globex+"/members"), "refuses this address")
}
