package handlers_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// steppedUp returns a browser in which somebody has just stepped up.
func (s *site) steppedUp(t *testing.T, email string) *browser {
	t.Helper()
	b := s.nobody()
	b.signIn(t, storetest.StepUp(t, storetest.SignIn(t, email)))
	return b
}

func invitation(email, party, role string) url.Values {
	return url.Values{"name": {"Nina Okoye"}, "email": {email}, "party": {party}, "role": {role}}
}

func invitesTo(t *testing.T, email string) (n int) {
	t.Helper()
	if err := storetest.Admin(t).QueryRow(t.Context(), `select count(*) from invites where email = $1`, email).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Case 33: people can give only the roles they may give, whatever the form says. Errors
// appear next to their fields, and nothing typed is lost.
func TestInviteFormGivesOnlyAllowedRoles(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	base, nina := "/w/"+a.Acme, "nina@"+a.Suffix+".test"
	mia := s.as(t, a.Mia)
	want(t, "the form", mia.get(t, base+"/invites/new"), http.StatusOK)
	for what, c := range map[string]struct {
		form   url.Values
		status int
		says   string
	}{
		"no address":        {invitation("nina", "client", "viewer"), http.StatusUnprocessableEntity, "Enter an email address"},
		"two addresses":     {invitation("a@x.test, b@x.test", "client", "viewer"), http.StatusUnprocessableEntity, "Enter an email address"},
		"no name":           {url.Values{"email": {nina}, "role": {"viewer"}}, http.StatusUnprocessableEntity, nina},
		"an unknown role":   {invitation(nina, "client", "king"), http.StatusUnprocessableEntity, "Choose a role."},
		"an unknown side":   {invitation(nina, "system", "viewer"), http.StatusUnprocessableEntity, "Choose a side."},
		"a member":          {invitation(a.Leo, "client", "viewer"), http.StatusUnprocessableEntity, "already has access"},
		"the agency's side": {invitation(nina, "agency", "viewer"), http.StatusForbidden, ""},
		"ownership":         {invitation(nina, "client", "owner"), http.StatusUnprocessableEntity, "To invite an owner, confirm"},
	} {
		got := mia.post(t, base+"/invites", c.form)
		want(t, what, got, c.status)
		if !strings.Contains(got.body, c.says) {
			t.Errorf("%s: the page lacks %q", what, c.says)
		}
	}
	want(t, "by a viewer", s.as(t, a.Leo).post(t, base+"/invites", invitation(nina, "client", "viewer")), http.StatusForbidden)
	want(t, "by a stranger", s.as(t, a.Gus).post(t, base+"/invites", invitation(nina, "client", "viewer")), http.StatusNotFound)
	if n := invitesTo(t, nina); n != 0 {
		t.Fatalf("%d invitations by refused forms", n)
	}
	form := invitation("  NINA@"+a.Suffix+".test", "client", "member")
	form.Set("tenant_id", uuid.NewString())
	form.Set("invited_by", uuid.NewString())
	want(t, "invited", mia.post(t, base+"/invites", form), http.StatusSeeOther)
	want(t, "again", mia.post(t, base+"/invites", form), http.StatusUnprocessableEntity)
	page := mia.get(t, base+"/members")
	for _, says := range []string{"Nina Okoye", nina, "invited by Mia", "Member of Acme", "/resend", "/revoke"} {
		if !strings.Contains(page.body, says) {
			t.Errorf("the list of the invited lacks %q", says)
		}
	}
	want(t, "an owner, with a fresh proof", s.steppedUp(t, a.Mia).post(t, base+"/invites", invitation("olga@"+a.Suffix+".test", "client", "owner")), http.StatusSeeOther)
	got := mia.get(t, base+"/invites/new?role=owner")
	want(t, "the form for an owner", got, http.StatusSeeOther)
	if !strings.HasPrefix(got.location(), "/step-up?") {
		t.Errorf("leads to %q", got.location())
	}
}

// Case 33: after an invitation is revoked or sent again, its old link does not work.
// Clients cannot see or change invitations of staff.
func TestOldInviteLinksStopWorking(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	base, nina := "/w/"+a.Acme, "nina@"+a.Suffix+".test"
	id, link := inviteAs(t, dana, store.NewPerson{Name: "Nina", Email: nina, Party: store.PartyClient, Role: store.RoleViewer})
	staff, _ := inviteAs(t, dana, store.NewPerson{Name: "Sven", Email: "sven@" + a.Suffix + ".test", Party: store.PartyAgency, Role: store.RoleMember})
	mia, me := s.as(t, a.Mia), s.as(t, nina)
	at := func(id uuid.UUID, act string) string { return base + "/invites/" + id.String() + "/" + act }
	for _, act := range []string{"resend", "revoke"} {
		want(t, act+" by a viewer", s.as(t, a.Leo).post(t, at(id, act), nil), http.StatusForbidden)
		want(t, act+" of staff by the client", mia.post(t, at(staff, act), nil), http.StatusNotFound)
		want(t, act+" from another tenant", s.as(t, a.Gus).post(t, "/w/"+a.Globex+"/invites/"+id.String()+"/"+act, nil), http.StatusNotFound)
	}
	if page := mia.get(t, base+"/members"); strings.Contains(page.body, "Sven") {
		t.Error("the client sees whom the agency asks in")
	}
	want(t, "still good", s.nobody().get(t, link), http.StatusOK)
	want(t, "sent again", mia.post(t, at(id, "resend"), nil), http.StatusSeeOther)
	want(t, "the mail before", me.post(t, link, url.Values{"name": {"Nina"}}), http.StatusGone)
	again := "/invites/" + storetest.InviteToken(t, dana.TenantID(), id).String()
	want(t, "the mail after", me.get(t, again), http.StatusOK)
	want(t, "revoked", mia.post(t, at(id, "revoke"), nil), http.StatusSeeOther)
	want(t, "accepted after that", me.post(t, again, url.Values{"name": {"Nina"}}), http.StatusGone)
	want(t, "revoked twice", mia.post(t, at(id, "revoke"), nil), http.StatusConflict)
	want(t, "sent again after that", mia.post(t, at(id, "resend"), nil), http.StatusConflict)
	want(t, "no member", me.get(t, base+"/"), http.StatusNotFound)
}

// Case 56: a full plan answers 402 before an invitation is made or a mail is sent.
func TestFullPlanRefusesAnotherInvite(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	storetest.Plan(t, a.Acme, "starter")
	dana, base := s.as(t, a.Dana), "/w/"+a.Acme
	for i := range 3 {
		want(t, "within the plan", dana.post(t, base+"/invites", invitation(string(rune('a'+i))+"@"+a.Suffix+".test", "client", "viewer")), http.StatusSeeOther)
	}
	nina := "nina@" + a.Suffix + ".test"
	got := dana.post(t, base+"/invites", invitation(nina, "client", "viewer"))
	want(t, "one too many", got, http.StatusPaymentRequired)
	if !strings.Contains(got.body, "5 people") || invitesTo(t, nina) != 0 {
		t.Errorf("%d invitations, and the page says %.300s", invitesTo(t, nina), got.body)
	}
	got = dana.with("Accept", "application/json").post(t, base+"/invites", invitation(nina, "client", "viewer"))
	want(t, "to a program", got, http.StatusPaymentRequired)
	if !strings.Contains(got.body, `"metric":"users","nextUsage":6`) {
		t.Errorf("told %s", got.body)
	}
	want(t, "staff take no place", dana.post(t, base+"/invites", invitation(nina, "agency", "member")), http.StatusSeeOther)
}

// Case 3: a changed role and a removal apply from the next request of a browser that is
// already signed in.
func TestRoleChangeAndRemovalApplyAtOnce(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	base := "/w/" + a.Acme
	dana, leo := s.as(t, a.Dana), s.as(t, a.Leo)
	id := a.Member(t, a.Leo, a.Acme).ID().String()
	want(t, "a viewer looks at people", leo.get(t, base+"/members"), http.StatusForbidden)
	want(t, "made a member", dana.post(t, base+"/members/"+id+"/role", url.Values{"role": {"member"}, "party": {"agency"}}), http.StatusSeeOther)
	want(t, "at once", leo.get(t, base+"/members"), http.StatusOK)
	if m := a.Member(t, a.Leo, a.Acme); m.Party != store.PartyClient || m.Role != store.RoleMember {
		t.Errorf("became %s %s", m.Party, m.Role)
	}
	want(t, "made a viewer", dana.post(t, base+"/members/"+id+"/role", url.Values{"role": {"viewer"}}), http.StatusSeeOther)
	want(t, "at once", leo.get(t, base+"/members"), http.StatusForbidden)
	want(t, "an unknown role", dana.post(t, base+"/members/"+id+"/role", url.Values{"role": {"king"}}), http.StatusUnprocessableEntity)
	want(t, "a page", leo.get(t, base+"/"), http.StatusOK)
	want(t, "removed", dana.post(t, base+"/members/"+id+"/remove", nil), http.StatusSeeOther)
	for _, path := range []string{"/", "/projects", "/members", "/leave"} {
		want(t, "after "+path, leo.get(t, base+path), http.StatusNotFound)
	}
	want(t, "removed again", dana.post(t, base+"/members/"+id+"/remove", nil), http.StatusNotFound)
	want(t, "their page", dana.get(t, base+"/members/"+id), http.StatusNotFound)
}

// Giving and giving up ownership needs a recent step-up. The last owner cannot leave,
// and the page says why.
func TestOwnershipNeedsStepUpAndAnotherOwner(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	base := "/w/" + a.Acme
	mia, leo := a.Member(t, a.Mia, a.Acme).ID().String(), a.Member(t, a.Leo, a.Acme).ID().String()
	old, fresh := s.as(t, a.Mia), s.steppedUp(t, a.Mia)
	got := old.post(t, base+"/members/"+leo+"/role", url.Values{"role": {"owner"}})
	want(t, "without a fresh proof", got, http.StatusSeeOther)
	if back, _ := url.QueryUnescape(got.location()); back != "/step-up?return_to="+base+"/members/"+leo+"?role=owner" {
		t.Errorf("leads to %q", got.location())
	}
	if a.Member(t, a.Leo, a.Acme).Role != store.RoleViewer {
		t.Error("ownership was given without a step-up")
	}
	for what, got := range map[string]answer{
		"leave":       fresh.post(t, base+"/leave", nil),
		"become less": fresh.post(t, base+"/members/"+mia+"/role", url.Values{"role": {"viewer"}}),
		"be removed":  s.steppedUp(t, a.Dana).post(t, base+"/members/"+mia+"/remove", nil),
	} {
		want(t, "the last owner would "+what, got, http.StatusConflict)
		if !strings.Contains(got.body, "There is no other owner") {
			t.Errorf("%s: the page does not say why", what)
		}
	}
	want(t, "with one", fresh.post(t, base+"/members/"+leo+"/role", url.Values{"role": {"owner"}}), http.StatusSeeOther)
	got = old.post(t, base+"/leave", nil)
	want(t, "leave without one", got, http.StatusSeeOther)
	if !strings.HasPrefix(got.location(), "/step-up?") {
		t.Errorf("leads to %q", got.location())
	}
	want(t, "leave with one", fresh.post(t, base+"/leave", nil), http.StatusSeeOther)
	want(t, "gone, in every browser", old.get(t, base+"/"), http.StatusNotFound)
	trail := s.as(t, a.Leo).get(t, base+"/activity?kind=member")
	for _, says := range []string{"changed the role of", "left"} {
		if !strings.Contains(trail.body, says) {
			t.Errorf("the trail does not say %q", says)
		}
	}
}

// Only the agency decides whether a client manages its own people.
func TestOnlyTheAgencyLetsClientsManagePeople(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	base, leo := "/w/"+a.Acme, a.Member(t, a.Leo, a.Acme).ID().String()
	dana, mia := s.as(t, a.Dana), s.as(t, a.Mia)
	asked, _ := inviteAs(t, a.Member(t, a.Mia, a.Acme), store.NewPerson{Name: "Nina", Email: "nina@" + a.Suffix + ".test", Party: store.PartyClient, Role: store.RoleViewer})
	if page := dana.get(t, base+"/members").body; !strings.Contains(page, "/resend") {
		t.Error("the page does not offer to resend a valid invitation")
	}
	want(t, "the client forbids", mia.post(t, base+"/members/by-client", nil), http.StatusForbidden)
	want(t, "the agency forbids", dana.post(t, base+"/members/by-client", nil), http.StatusSeeOther)
	got := mia.get(t, base+"/invites/new")
	want(t, "the form", got, http.StatusForbidden)
	if !strings.Contains(got.body, "Northwind "+a.Suffix) {
		t.Error("does not say whom to ask")
	}
	want(t, "a role", mia.post(t, base+"/members/"+leo+"/role", url.Values{"role": {"member"}}), http.StatusForbidden)
	if page := mia.get(t, base+"/members/"+leo); strings.Contains(page.body, "/role") || strings.Contains(mia.get(t, base+"/members").body, "/invites/new") {
		t.Error("the pages still offer it")
	}
	if page := dana.get(t, base+"/members").body; !strings.Contains(page, "the inviter may no longer invite people") || strings.Contains(page, "/resend") {
		t.Error("the page shows the invitation of a client as valid")
	}
	want(t, "sent again", dana.post(t, base+"/invites/"+asked.String()+"/resend", nil), http.StatusConflict)
	want(t, "the agency itself", dana.post(t, base+"/members/"+leo+"/role", url.Values{"role": {"member"}}), http.StatusSeeOther)
	want(t, "the agency lets them", dana.post(t, base+"/members/by-client", url.Values{"may": {"on"}}), http.StatusSeeOther)
	want(t, "a role again", mia.post(t, base+"/members/"+leo+"/role", url.Values{"role": {"viewer"}}), http.StatusSeeOther)
}

// The number of invitation mails that one address gets is limited.
func TestInviteMailsAreRateLimited(t *testing.T) {
	t.Parallel()
	storetest.InOneWindow(t, time.Hour)
	s, a := newSite(t), storetest.Agency(t)
	base := "/w/" + a.Acme
	dana, by := s.as(t, a.Dana), a.Member(t, a.Dana, a.Acme)
	id, _ := inviteAs(t, by, store.NewPerson{Name: "Nina", Email: "nina@" + a.Suffix + ".test", Party: store.PartyClient, Role: store.RoleViewer})
	for range 4 { // the invitation is the first mail
		want(t, "sent again", dana.post(t, base+"/invites/"+id.String()+"/resend", nil), http.StatusSeeOther)
	}
	got := dana.post(t, base+"/invites/"+id.String()+"/resend", nil)
	want(t, "once too often", got, http.StatusTooManyRequests)
	if got.header.Get("Retry-After") == "" {
		t.Error("does not say when to come back")
	}
	if !regexp.MustCompile(`Wait \d+ minutes,`).MatchString(got.body) {
		t.Error("the page says to wait a minute, of an hour")
	}
	want(t, "somebody else", dana.post(t, base+"/invites", invitation("olga@"+a.Suffix+".test", "client", "viewer")), http.StatusSeeOther)
}

// People are listed page by page and can be searched.
func TestPeopleAreListedByPageAndSearch(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	by := a.Member(t, a.Dana, a.Acme)
	write(t, by, func(tx *store.Tx) error {
		for i := range 55 {
			_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Crowd " + string(rune('A'+i%26)) + uuid.NewString()[:6],
				Email: uuid.NewString() + "@crowd.test", Party: store.PartyClient, Role: store.RoleViewer})
			if err != nil {
				return err
			}
		}
		return nil
	})
	dana, at := s.as(t, a.Dana), "/w/"+a.Acme+"/members"
	first := dana.get(t, at)
	want(t, "first page", first, http.StatusOK)
	if n := strings.Count(first.body, `class="row-link"`); n != 50 || !strings.Contains(first.body, "57 people") {
		t.Errorf("%d people on the first page", n)
	}
	next := strings.ReplaceAll(between(first.body, `class="button" href="`+at+"?after=", `"`), "&amp;", "&")
	second := dana.get(t, at+"?after="+next)
	if n := strings.Count(second.body, `class="row-link"`); n != 9 {
		t.Errorf("%d people on the second page", n)
	}
	found := dana.get(t, at+"?q="+url.QueryEscape("LEO@"+a.Suffix))
	if n := strings.Count(found.body, `class="row-link"`); n != 1 || !strings.Contains(found.body, a.Leo) {
		t.Errorf("%d people found", n)
	}
	none := dana.get(t, at+"?q=%3Cscript%3E")
	if !strings.Contains(none.body, "No one matches") || strings.Contains(none.body, "“<script>") {
		t.Errorf("nobody found: %.300s", none.body)
	}
	want(t, "an odd place", dana.get(t, at+"?after=%00&q=%ff%00"), http.StatusOK)
}

// An invitation to the agency's own team names the agency.
func TestTeamInvitationsNameTheAgency(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	err := storetest.DB().Write(t.Context(), a.Member(t, a.Dana, a.Agency), func(tx *store.Tx) error {
		_, err := tx.InvitePerson(t.Context(), store.NewPerson{Name: "Nia", Email: "nia@" + a.Suffix + ".test", Party: store.PartyAgency, Role: store.RoleMember})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	has(t, "the people of the agency", s.as(t, a.Dana).get(t, "/w/"+a.Agency+"/members"), "Member of Northwind "+a.Suffix)
}
