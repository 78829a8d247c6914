package handlers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// Case 56: the refusal of a full plan says which limit is reached, how high it is and who
// can raise it, to people and to programs. Existing work stays visible.
func TestFullPlanRefusesAnotherProject(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	storetest.Plan(t, a.Acme, "starter")
	dana := a.Member(t, a.Dana, a.Acme)
	for range 20 {
		storetest.Project(t, dana, "Full")
	}
	ravi, base := s.as(t, a.Ravi), "/w/"+a.Acme
	got := ravi.post(t, base+"/projects", url.Values{"name": {"One more"}})
	want(t, "one more", got, http.StatusPaymentRequired)
	for _, says := range []string{"Starter", "20 projects", "21", "owner of the agency"} {
		if !strings.Contains(got.body, says) {
			t.Errorf("the page does not say %q", says)
		}
	}
	got = ravi.with("Accept", "application/json").post(t, base+"/projects", url.Values{"name": {"One more"}})
	want(t, "to a program", got, http.StatusPaymentRequired)
	var told struct {
		Error     string
		Metric    string
		Limit     int64
		NextUsage int64 `json:"nextUsage"`
	}
	if err := json.Unmarshal([]byte(got.body), &told); err != nil || told.Error != "PLAN_LIMIT_EXCEEDED" || told.Metric != "projects" || told.Limit != 20 || told.NextUsage != 21 {
		t.Errorf("a program is told %s", got.body)
	}
	want(t, "the list", ravi.get(t, base+"/projects"), http.StatusOK)
	usage := s.as(t, a.Dana).get(t, base+"/usage")
	want(t, "usage", usage, http.StatusOK)
	if !strings.Contains(usage.body, "20 of 20") {
		t.Error("the usage page does not say that it is full")
	}
	plan := "/w/" + a.Agency + "/clients/"
	has(t, "usage, for an owner of the agency", usage, `href="`+plan)
	// Ravi owns the client's staff side, and nothing of the agency.
	run(t, storetest.Superuser(t), `update memberships set role = 'owner' where tenant_id = $1 and user_id = $2`, dana.TenantID(), a.Member(t, a.Ravi, a.Acme).ID())
	raviUsage := ravi.get(t, base+"/usage")
	want(t, "usage, for who doesn't own the agency", raviUsage, http.StatusOK)
	hasNot(t, "usage, for who doesn't own the agency", raviUsage, plan)
	want(t, "usage, for its owner", s.as(t, a.Mia).get(t, base+"/usage"), http.StatusOK)
	want(t, "usage, for somebody else there", s.as(t, a.Leo).get(t, base+"/usage"), http.StatusForbidden)
}

// A plan's sizes read round, and the page, the refusal and the choice of plans say the same.
func TestPlanSizesAreRound(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	storetest.Plan(t, d.Acme, "starter")
	has(t, "the usage page", newSite(t).as(t, d.Dana).get(t, d.at("/usage")), "of 10 GB")
	got := d.ravi.json(t, http.MethodPost, d.at("/versions/%s/uploads", d.draft), map[string]any{"name": "film.mp4", "size": 10_000_000_001})
	want(t, "a byte too many", got, http.StatusPaymentRequired)
	has(t, "the refusal", got, "10000000000")
	want(t, "what fits", d.ravi.json(t, http.MethodPost, d.at("/versions/%s/uploads", d.draft), map[string]any{"name": "film.mp4", "size": 10_000_000_000}), http.StatusCreated)
	has(t, "the choice of plans", newSite(t).as(t, d.Dana).get(t, "/w/"+d.Agency+"/clients/new"), "projects, 10 GB", "projects, 500 GB", "projects, 100 TB")
}

// Open invitations count against the limit of people, so the usage page counts them, and the form for a list says how
// many more people fit. A list of exactly so many is invited; one more is refused.
func TestUsageCountsOpenInvitations(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	storetest.Plan(t, a.Acme, "starter")
	dana, base := s.as(t, a.Dana), "/w/"+a.Acme
	allowed := func() string {
		_, hint, _ := strings.Cut(dana.get(t, base+"/members/import").body, "The plan allows ")
		hint, _, _ = strings.Cut(hint, ".")
		return hint
	}
	people := len(clientPeople(t, a))
	if got, want := allowed(), fmt.Sprintf("%d more people on the client&#39;s side", 5-people); got != want {
		t.Errorf("the form allows %q, want %q", got, want)
	}
	hasNot(t, "the usage page before", dana.get(t, base+"/usage"), "open invitation")
	for n := range 5 - people {
		want(t, "an invitation", dana.post(t, base+"/invites", invitation(fmt.Sprintf("n%d@%s.test", n, a.Suffix), "client", "viewer")), http.StatusSeeOther)
	}
	has(t, "the usage page", dana.get(t, base+"/usage"), fmt.Sprintf("%d people and %d open invitations of 5", people, 5-people), `value="100"`)
	if got := allowed(); !strings.HasPrefix(got, "0 more people") {
		t.Errorf("the form allows %q in a full plan", got)
	}
	got := dana.post(t, base+"/invites", invitation("more@"+a.Suffix+".test", "client", "viewer"))
	want(t, "one more", got, http.StatusPaymentRequired)
	has(t, "the refusal", got, "allows 5 people, open invitations included. With this it would be 6.")
	want(t, "staff don't count", dana.post(t, base+"/invites", invitation("staff@"+a.Suffix+".test", "agency", "viewer")), http.StatusSeeOther)
	has(t, "the usage page with staff invited", dana.get(t, base+"/usage"), fmt.Sprintf("%d open invitations of 5", 5-people))
}

// clientPeople are the client users of Acme.
func clientPeople(t *testing.T, a *storetest.Tenants) (mine []store.Membership) {
	t.Helper()
	var all []store.Membership
	if err := storetest.DB().Read(t.Context(), a.Member(t, a.Dana, a.Acme), store.ListPeople(&all)); err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.Party == store.PartyClient {
			mine = append(mine, m)
		}
	}
	return mine
}

// An upload that exceeds the plan is refused before anything is stored.
func TestFullPlanRefusesALargeUpload(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	storetest.Plan(t, d.Acme, "starter")
	got := d.ravi.json(t, http.MethodPost, d.at("/versions/%s/uploads", d.draft), map[string]any{"name": "film.mp4", "size": 11 << 30})
	want(t, "too large for the plan", got, http.StatusPaymentRequired)
	if !strings.Contains(got.body, `"metric":"storage"`) {
		t.Errorf("told %s", got.body)
	}
	if list := d.list(t); len(list) != 0 {
		t.Errorf("%d files were begun", len(list))
	}
	got = d.ravi.json(t, http.MethodPost, d.at("/versions/%s/uploads", d.draft), map[string]any{"name": "film.mp4", "size": 9 << 30})
	want(t, "one that fits", got, http.StatusCreated)
}

// Work that is not shared with the client does not change the usage page they see.
func TestUsageHidesUnsharedWorkFromClients(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	mia, page := s.as(t, a.Mia), "/w/"+a.Acme+"/usage"
	before := mia.get(t, page)
	has(t, "the client", before, "People")
	hasNot(t, "the client", before, "Files")
	dana := a.Member(t, a.Dana, a.Acme)
	draft := storetest.Draft(t, dana, storetest.Deliverable(t, dana, storetest.Project(t, dana, "Unseen"), "Draft"))
	storetest.File(t, dana, draft, "unseen.bin")
	if after := mia.get(t, page); after.withoutRequestID() != before.withoutRequestID() {
		t.Error("the client can tell that there is work they do not see")
	}
	has(t, "the agency", s.as(t, a.Dana).get(t, page), "Projects", "Files")
}

// Support without the agency's consent isn't told how much a tenant uses: that counts the
// agency's drafts. The tenant's own staff are told.
func TestFullPlanTellsSupportNoCounts(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letWrite(t)
	storetest.Plan(t, d.Acme, "starter")
	dana := d.Member(t, d.Dana, d.Acme)
	for range 20 {
		storetest.Project(t, dana, "Full")
	}
	d.in(t, d.Dana)
	want(t, "the step", d.prove(t).sam.post(t, "/support/write", sure), http.StatusSeeOther)
	one := url.Values{"name": {"One more"}}
	page := d.sam.post(t, d.base+"/projects", one)
	want(t, "support", page, http.StatusPaymentRequired)
	has(t, "support", page, "20 projects")
	hasNot(t, "support", page, "With this it would be")
	program := d.sam.with("Accept", "application/json").post(t, d.base+"/projects", one)
	want(t, "support's program", program, http.StatusPaymentRequired)
	hasNot(t, "support's program", program, "nextUsage")
	staff := d.as(t, d.Dana).post(t, d.base+"/projects", one)
	want(t, "staff", staff, http.StatusPaymentRequired)
	has(t, "staff", staff, "With this it would be 21")
}
