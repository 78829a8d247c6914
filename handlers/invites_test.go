package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
	"portico/views"
)

// inviteAs invites somebody to the member's tenant and returns the path of the link in
// the mail.
func inviteAs(t *testing.T, by store.Member, p store.NewPerson) (id uuid.UUID, link string) {
	t.Helper()
	write(t, by, func(tx *store.Tx) (err error) {
		id, err = tx.InvitePerson(t.Context(), p)
		return err
	})
	return id, views.Invite(storetest.InviteToken(t, by.TenantID(), id).String())
}

// Case 33, over HTTP: opening the link shows the invitation and does not spend it. Only
// the invited person can accept it, once, with the role that was given, whatever else
// the form says.
func TestOnlyTheInvitedPersonAccepts(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	nina := "nina@" + a.Suffix + ".test"
	_, link := inviteAs(t, dana, store.NewPerson{Name: "Nina Okoye", Email: nina, Party: store.PartyClient, Role: store.RoleViewer})
	form := url.Values{"name": {"Nina"}, "role": {"owner"}, "party": {"agency"}, "email": {a.Gus}, "tenant_id": {uuid.NewString()}}

	page := s.nobody().get(t, link)
	want(t, "signed out", page, http.StatusOK)
	has(t, "signed out", page, "You are invited to the Acme "+a.Suffix+" portal", "Dana "+a.Suffix+" (Northwind "+a.Suffix+")")
	for _, part := range []string{"Acme " + a.Suffix, "Dana " + a.Suffix, nina, "Viewer", `action="/login"`} {
		if !strings.Contains(page.body, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	want(t, "accepted by nobody", s.nobody().post(t, link, form), http.StatusFound)
	gus := s.as(t, a.Gus)
	want(t, "somebody else looks", gus.get(t, link), http.StatusOK)
	got := gus.post(t, link, form)
	want(t, "somebody else accepts", got, http.StatusForbidden)
	if !strings.Contains(got.body, "another address") {
		t.Errorf("the page does not say why: %.400s", got.body)
	}
	want(t, "their tenant", gus.get(t, "/w/"+a.Acme+"/"), http.StatusNotFound)

	me := s.as(t, nina)
	want(t, "before", me.get(t, "/w/"+a.Acme+"/"), http.StatusNotFound)
	want(t, "no name", me.post(t, link, url.Values{"name": {" "}}), http.StatusUnprocessableEntity)
	hostile := me.with("X-Forwarded-Host", "evil.test")
	got = hostile.post(t, link, form)
	want(t, "accepted", got, http.StatusSeeOther)
	if !strings.HasPrefix(got.location(), "/w/"+a.Acme+"/") {
		t.Errorf("leads to %q", got.location())
	}
	if m := a.Member(t, nina, a.Acme); m.Role != store.RoleViewer || m.Party != store.PartyClient || m.Name != "Nina" || m.Email != nina {
		t.Errorf("joined as %+v", m)
	}
	got = me.post(t, link, form)
	want(t, "again", got, http.StatusSeeOther)
	if got.location() != "/w/"+a.Acme+"/" {
		t.Errorf("the one who has joined is led to %q", got.location())
	}
	used := s.nobody().get(t, link)
	want(t, "used, to a stranger", used, http.StatusGone)
	if strings.Contains(used.body, a.Suffix) {
		t.Error("a used link still tells")
	}
}

// The pages between an invitation and the sign-in have the brand of the portal. It is the
// link that shows it, never the address that somebody types.
func TestInvitedPeopleSignInUnderTheBrand(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	nina, portal := "nina@"+a.Suffix+".test", "Space of "+a.Suffix
	run(t, storetest.Admin(t), `update tenants set portal_name = $2 where id = $1`, dana.TenantID(), portal)
	id, link := inviteAs(t, dana, store.NewPerson{Name: "Nina Okoye", Email: nina, Party: store.PartyClient, Role: store.RoleViewer})
	sent := func(email, to string) answer {
		t.Helper()
		b := s.nobody()
		got := b.post(t, "/login", url.Values{"email": {email}, "return_to": {to}})
		want(t, "ask for a code", got, http.StatusSeeOther)
		for _, c := range (&http.Response{Header: got.header}).Cookies() {
			b = b.with("Cookie", c.Name+"="+c.Value)
		}
		return b.get(t, got.location())
	}
	for what, got := range map[string]answer{
		"the sign-in":              s.nobody().get(t, views.LoginTo(link)),
		"check your email":         sent(nina, link),
		"a stranger with the link": sent("stranger@"+a.Suffix+".test", link),
	} {
		want(t, what, got, http.StatusOK)
		has(t, what, got, portal)
	}
	write(t, dana, func(tx *store.Tx) error { return tx.RevokeInvite(t.Context(), id) })
	for what, got := range map[string]answer{
		"no link":               sent(nina, "/"),
		"a path of the tenant":  sent(nina, "/w/"+a.Acme+"/"),
		"a revoked link":        sent(nina, link),
		"a malformed link":      sent(nina, "/invites/x"),
		"somebody who is there": sent(a.Mia, "/"),
	} {
		want(t, what, got, http.StatusOK)
		has(t, what, got, "Check your email")
		hasNot(t, what, got, portal)
	}
}

// Invalid links, and links of another tenant, do not work and reveal nothing: all get
// the same answer, byte for byte.
func TestInvalidInviteLinksRevealNothing(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	_, link := inviteAs(t, dana, store.NewPerson{Name: "Nina", Email: "nina@" + a.Suffix + ".test", Party: store.PartyClient, Role: store.RoleViewer})
	another := "A"
	if link[len(link)-10] == 'A' {
		another = "B"
	}
	first := ""
	for what, l := range map[string]string{
		"cut short":          link[:len(link)-4],
		"nonsense":           "/invites/nonsense",
		"of no tenant":       views.Invite(store.NewTenantToken(uuid.New()).String()),
		"of this tenant":     views.Invite(store.NewTenantToken(dana.TenantID()).String()),
		"one letter changed": link[:len(link)-10] + another + link[len(link)-9:],
	} {
		got := s.as(t, a.Gus).get(t, l)
		want(t, what, got, http.StatusGone)
		if first == "" {
			first = got.withoutRequestID()
		}
		if got.withoutRequestID() != first || strings.Contains(got.body, a.Suffix) {
			t.Errorf("%s differs", what)
		}
	}
	want(t, "the right one", s.nobody().get(t, link), http.StatusOK)
}

// Nobody can accept an invitation to a suspended tenant. It works again after that.
func TestSuspendedTenantAcceptsNoInvites(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	nina := "nina@" + a.Suffix + ".test"
	_, link := inviteAs(t, dana, store.NewPerson{Name: "Nina", Email: nina, Party: store.PartyClient, Role: store.RoleViewer})
	me := s.as(t, nina)
	state := func(to string) {
		if _, err := storetest.Admin(t).Exec(t.Context(), `update tenants set state = $2 where id = $1`, dana.TenantID(), to); err != nil {
			t.Fatal(err)
		}
	}
	state("suspended")
	want(t, "look", me.get(t, link), http.StatusForbidden)
	want(t, "accept", me.post(t, link, url.Values{"name": {"Nina"}}), http.StatusForbidden)
	state("active")
	want(t, "open again", me.post(t, link, url.Values{"name": {"Nina"}}), http.StatusSeeOther)
}
