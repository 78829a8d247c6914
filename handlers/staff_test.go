package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// Dana assigns Ravi to several clients from his page and from a client's page, without an
// invitation. He sees them with his next click. Saving changes only what she changed.
func TestAssigningFromThePersonAndFromTheClient(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana, ravi := s.as(t, a.Dana), s.as(t, a.Ravi)
	home := "/w/" + a.Agency
	id := a.Member(t, a.Ravi, a.Agency).ID().String()
	acme, globex := a.Member(t, a.Mia, a.Acme).TenantID().String(), a.Member(t, a.Gus, a.Globex).TenantID().String()
	want(t, "at first", ravi.get(t, "/w/"+a.Globex+"/"), http.StatusNotFound)

	page := dana.get(t, home+"/members/"+id)
	has(t, "his page", page, "Globex "+a.Suffix, `name="was" value="`+acme+`"`, "All clients, present and future")
	has(t, "the people", dana.get(t, home+"/members"), "Works in Acme "+a.Suffix)
	form := url.Values{"was": {acme}, "client": {acme, globex}, "client_role": {"viewer"}}
	got := dana.post(t, home+"/members/"+id+"/clients", form)
	want(t, "assign", got, http.StatusSeeOther)
	want(t, "then", ravi.get(t, "/w/"+a.Globex+"/"), http.StatusOK)
	has(t, "the people", dana.get(t, home+"/members"), "Works in Acme "+a.Suffix+" and Globex "+a.Suffix)

	// A form that was read before he was in Globex doesn't take him out of it.
	want(t, "an older form", dana.post(t, home+"/members/"+id+"/clients", url.Values{"was": {acme}, "client": {acme}}), http.StatusSeeOther)
	want(t, "after it", ravi.get(t, "/w/"+a.Globex+"/"), http.StatusOK)
	want(t, "unticked", dana.post(t, home+"/members/"+id+"/clients", url.Values{"was": {acme + "," + globex}, "client": {acme}}), http.StatusSeeOther)
	want(t, "after that", ravi.get(t, "/w/"+a.Globex+"/"), http.StatusNotFound)

	has(t, "the client's page", dana.get(t, home+"/clients/"+globex), "Your team here", `value="`+id+`"`)
	want(t, "nobody chosen", dana.post(t, home+"/clients/"+globex+"/staff", url.Values{"role": {"member"}}), http.StatusUnprocessableEntity)
	want(t, "from the client's page", dana.post(t, home+"/clients/"+globex+"/staff", url.Values{"person": {id}, "role": {"member"}}), http.StatusSeeOther)
	want(t, "then again", ravi.get(t, "/w/"+a.Globex+"/"), http.StatusOK)
	want(t, "everywhere", dana.post(t, home+"/members/"+id+"/clients", url.Values{"was": {acme + "," + globex}, "client": {acme, globex}, "everywhere": {"on"}, "client_role": {"member"}}), http.StatusSeeOther)
	has(t, "the people", dana.get(t, home+"/members"), "Works in all clients")
	has(t, "the client's trail", s.as(t, a.Dana).get(t, "/w/"+a.Globex+"/activity"), "gave access to")
}

// Somebody who joined an agency and works in no client reads who can change that.
func TestNewStaffReadWhoAddsThemToClients(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	email := "fresh@" + a.Suffix + ".test"
	if err := storetest.DB().Write(t.Context(), a.Member(t, a.Dana, a.Agency), func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Fresh", Email: email, Party: store.PartyAgency, Role: store.RoleMember})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	fresh, home := s.as(t, email), "/w/"+a.Agency+"/"
	has(t, "at first", fresh.get(t, home), "You aren&#39;t assigned to a client yet", home+"members")
	id, acme := a.Member(t, email, a.Agency).ID().String(), a.Member(t, a.Mia, a.Acme).TenantID().String()
	want(t, "assign", s.as(t, a.Dana).post(t, home+"members/"+id+"/clients", url.Values{"client": {acme}, "client_role": {"member"}}), http.StatusSeeOther)
	hasNot(t, "then", fresh.get(t, home), "You aren&#39;t assigned to a client yet")
	want(t, "the client", fresh.get(t, "/w/"+a.Acme+"/"), http.StatusOK)
}

// Those who work in a client only are on the agency's people page too, for its owners and
// admins. Somebody who works here already is added without an invitation.
func TestAgencyShowsEverybodyWhoWorksInItsClients(t *testing.T) {
	t.Parallel()
	a, b, s := storetest.Agency(t), storetest.Agency(t), newSite(t)
	email := "only@" + a.Suffix + ".test"
	acme := a.Member(t, a.Dana, a.Acme)
	if err := storetest.DB().Write(t.Context(), acme, func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Only " + a.Suffix, Email: email, Party: store.PartyAgency, Role: store.RoleMember})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	id, home := a.Member(t, email, a.Acme).ID().String(), "/w/"+a.Agency
	dana := s.as(t, a.Dana)
	has(t, "the people", dana.get(t, home+"/members"), "Only "+a.Suffix, "In client workspaces only")
	has(t, "a search", dana.get(t, home+"/members?q=only"), "Only "+a.Suffix)
	hasNot(t, "a search for another", dana.get(t, home+"/members?q=ravi"), "Only "+a.Suffix)
	has(t, "their page", dana.get(t, home+"/members/"+id), email, "Acme "+a.Suffix)
	for who, other := range map[string]*browser{"a member": s.as(t, a.Ravi), "another agency's owner": s.as(t, b.Dana)} {
		at := home
		if who != "a member" {
			at = "/w/" + b.Agency
		}
		hasNot(t, who, other.get(t, at+"/members"), "Only "+a.Suffix)
		want(t, who, other.get(t, at+"/members/"+id), http.StatusNotFound)
	}
	got := dana.post(t, "/w/"+a.Globex+"/invites", url.Values{"name": {"Only"}, "email": {email}, "party": {"agency"}, "role": {"member"}})
	want(t, "added", got, http.StatusSeeOther)
	if !strings.Contains(got.location(), "did=member.added") {
		t.Errorf("leads to %q", got.location())
	}
	want(t, "they work in Globex too", s.as(t, email).get(t, "/w/"+a.Globex+"/"), http.StatusOK)
	has(t, "the people", dana.get(t, home+"/members"), "Works in Acme "+a.Suffix+" and Globex "+a.Suffix)
}
