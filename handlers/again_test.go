package handlers_test

import (
	"net/http"
	"net/url"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// A person who accepts an invitation again, or opens its link again, is led into the
// workspace. Nobody else learns where it led, and neither does somebody who has left.
func TestSecondAcceptanceGoesOn(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	nina, form := "nina@"+a.Suffix+".test", url.Values{"name": {"Nina"}}
	_, link := inviteAs(t, a.Member(t, a.Dana, a.Acme), store.NewPerson{Name: "Nina", Email: nina, Party: store.PartyClient, Role: store.RoleViewer})
	me, home := s.as(t, nina), "/w/"+a.Acme+"/"
	want(t, "the first time", me.post(t, link, form), http.StatusSeeOther)
	for what, got := range map[string]answer{"the button again": me.post(t, link, form), "the link again": me.get(t, link), "on her phone": s.as(t, nina).get(t, link)} {
		if want(t, what, got, http.StatusSeeOther); got.location() != home {
			t.Errorf("%s leads to %q", what, got.location())
		}
	}
	var joined, refused int
	if err := storetest.Superuser(t).QueryRow(t.Context(), `
select (select count(*) from audit_events where verb = 'member.joined' and actor_id = u.id),
       (select count(*) from account_events where verb = 'invite.refused' and user_id = u.id)
from users u where u.email = $1`, nina).Scan(&joined, &refused); err != nil || joined != 1 || refused != 0 {
		t.Errorf("joined %d times, refused %d times, %v", joined, refused, err)
	}
	for who, other := range map[string]*browser{"a stranger": s.nobody(), "somebody else": s.as(t, a.Gus), "a member": s.as(t, a.Mia)} {
		got := other.get(t, link)
		want(t, who, got, http.StatusGone)
		hasNot(t, who, got, a.Suffix, home)
	}
	want(t, "somebody else accepts", s.as(t, a.Gus).post(t, link, form), http.StatusGone)
	if err := removePersonOf(t, a, nina); err != nil {
		t.Fatal(err)
	}
	want(t, "after she was removed", me.get(t, link), http.StatusGone)
	want(t, "accepted after she was removed", me.post(t, link, form), http.StatusGone)
	want(t, "her workspace", me.get(t, home), http.StatusNotFound)
}

// removePersonOf has Dana remove somebody from Acme.
func removePersonOf(t *testing.T, a *storetest.Tenants, email string) error {
	t.Helper()
	id := a.Member(t, email, a.Acme).ID()
	return storetest.DB().Write(t.Context(), a.Member(t, a.Dana, a.Acme), func(tx *store.Tx) error { return tx.RemovePerson(t.Context(), id) })
}

// A hand-over that is opened again in the browser whose session it opened leads to the
// same page. It opens no other session there, and leads nobody else to that page.
func TestSecondHandoverGoesOn(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	host, page := a.Acme+".portals.test", "/projects?show=archived"
	b, leo := s.hostBrowser(), s.hostBrowser()
	b.signIn(t, a.Mia)
	_, path := b.handOver(t, b.leave(t, host, page))
	want(t, "the first time", b.get(t, host, path), http.StatusSeeOther)
	sessions := func() (n int) {
		if err := storetest.Superuser(t).QueryRow(t.Context(), `select count(*) from sessions s join users u on u.id = s.user_id where u.email = $1`, a.Mia).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := sessions()
	for range 2 {
		if got := b.get(t, host, path); got.status != http.StatusSeeOther || got.location() != page {
			t.Errorf("the second time: %d to %q", got.status, got.location())
		}
	}
	if n := sessions(); n != before {
		t.Errorf("%d sessions, before %d", n, before)
	}
	leo.signIn(t, a.Leo)
	_, own := leo.handOver(t, leo.leave(t, host, "/"))
	want(t, "leo's own", leo.get(t, host, own), http.StatusSeeOther)
	if got := leo.get(t, host, path); got.location() == page {
		t.Error("somebody else is led to the page")
	}
	want(t, "in another browser", s.hostBrowser().get(t, host, path), http.StatusGone)
	want(t, "sign out", b.at(t, host, http.MethodPost, "/logout"), http.StatusSeeOther)
	want(t, "after signing out", b.get(t, host, path), http.StatusGone)
}

// Publishing the same form twice says that it is published. Another note, or somebody
// else's form, is told that nothing was published now.
func TestSecondPublishGoesOn(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	storetest.File(t, d.me, d.draft, "poster.txt")
	page := d.at("/deliverables/%s", d.deliverable)
	action := page + "/versions/1/publish"
	form := url.Values{"note": {"Look " + d.Suffix}, "seen": {seenIn(t, d.ravi.get(t, page).body, action)}}
	first := d.ravi.post(t, action, form)
	want(t, "the first time", first, http.StatusSeeOther)
	again := d.ravi.post(t, action, form)
	want(t, "the second time", again, http.StatusSeeOther)
	if again.location() != first.location() {
		t.Errorf("the second time leads to %q, the first to %q", again.location(), first.location())
	}
	has(t, "the page", d.ravi.get(t, again.location()), "Published.")
	var published int
	if err := storetest.Superuser(t).QueryRow(t.Context(), `select count(*) from audit_events where tenant_id = $1 and verb = 'version.published'`, d.me.TenantID()).Scan(&published); err != nil || published != 1 {
		t.Errorf("published %d times, %v", published, err)
	}
	other := d.ravi.post(t, action, url.Values{"note": {"Another " + d.Suffix}})
	want(t, "another note", other, http.StatusConflict)
	want(t, "somebody else", d.as(t, d.Dana).post(t, action, form), http.StatusConflict)
}
