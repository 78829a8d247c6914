package handlers_test

import (
	"net/http"
	"net/url"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// The tenant's settings decide whether work keeps its author's name after they erase
// their account. Either way the pages still work for both parties, and none shows their
// address.
func TestErasedAccountShowsNoAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, choice := range map[string]url.Values{
		"kept":      {"name": {"Acme"}},
		"forgotten": {"name": {"Acme"}, "forgets_names": {"on"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := storetest.Agency(t)
			shows, showsNot := "Ravi "+a.Suffix, "Former member"
			if choice.Has("forgets_names") {
				shows, showsNot = showsNot, shows
			}
			base, ravi := "/w/"+a.Acme, a.SteppedUp(t, a.Ravi, a.Acme)
			work := storetest.Deliverable(t, ravi, storetest.Project(t, ravi, "Spring"), "Poster")
			version := storetest.Draft(t, ravi, work)
			storetest.File(t, ravi, version, "poster.txt")
			write(t, ravi, func(tx *store.Tx) error { return tx.Publish(t.Context(), work, 1, "Look") })
			storetest.GrantSupport(t, a.Member(t, a.Mia, a.Acme))
			storetest.SupportAs(t, storetest.Agent(t), a.Acme, ravi.ID())

			dana, mia := s.as(t, a.Dana), s.as(t, a.Mia)
			want(t, "the choice by a client", mia.post(t, base+"/settings", choice), http.StatusForbidden)
			want(t, "the choice", dana.post(t, base+"/settings", choice), http.StatusSeeOther)
			if err := storetest.DB().ForgetMe(t.Context(), ravi.Person); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{"/", "/deliverables/" + work.String(), "/activity", "/support", "/support/ledger.csv"} {
				got := dana.get(t, base+path)
				want(t, path, got, http.StatusOK)
				hasNot(t, path, got, a.Ravi, showsNot)
				if path != "/" {
					has(t, path, got, shows)
				}
			}
			has(t, "the trail", dana.get(t, base+"/activity"), "erased the account")
			for _, path := range []string{"/", "/deliverables/" + work.String(), "/support", "/members"} {
				got := mia.get(t, base+path)
				want(t, "to the client, "+path, got, http.StatusOK)
				hasNot(t, "to the client, "+path, got, a.Ravi)
			}
			hasNot(t, "the list of people", dana.get(t, base+"/members"), a.Ravi, "Former member", "Ravi "+a.Suffix)
			want(t, "their own page", dana.get(t, base+"/members/"+ravi.ID().String()), http.StatusNotFound)
			has(t, "the client's settings", mia.get(t, base+"/settings"), "When someone erases their account")
		})
	}
}
