package handlers_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/handlers"
	"portico/store"
)

// newClientForm is what somebody types to create a client.
func newClientForm(name, slug string, edit url.Values) url.Values {
	form := url.Values{"name": {name}, "slug": {slug}, "plan": {"starter"}}
	for key, value := range edit {
		form[key] = value
	}
	return form
}

// createdClientID is the id of the client that a redirect leads to.
func createdClientID(t *testing.T, got answer) string {
	t.Helper()
	id := between(got.location(), "/clients/", "?")
	if _, err := uuid.Parse(id); err != nil {
		t.Fatalf("%d to %q", got.status, got.location())
	}
	return id
}

// Dana creates a client with one form, which sets its colour, its plan and its first
// people. The people are invited by mail, and the client is in her list.
func TestOneFormCreatesAClientWithPeople(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana, at := s.as(t, a.Dana), "/w/"+a.Agency+"/clients"
	want(t, "the form", dana.get(t, at+"/new"), http.StatusOK)
	got := dana.post(t, at, newClientForm("Ümbra & Söhne "+a.Suffix, "", url.Values{
		"accent": {"#336699"}, "own_accent": {"on"}, "plan": {"growth"},
		"email_1": {" Ann@" + a.Suffix + ".test"}, "role_1": {"owner"}, "email_3": {"bo@" + a.Suffix + ".test"}, "role_3": {"viewer"},
	}))
	want(t, "created", got, http.StatusSeeOther)
	id := createdClientID(t, got)
	page := dana.get(t, at+"/"+id)
	for _, says := range []string{"Ümbra &amp; Söhne", "/w/umbra-sohne-" + a.Suffix + "/", `value="growth" selected`, "Open workspace",
		"ann@" + a.Suffix + ".test and bo@" + a.Suffix + ".test</strong> are invited"} {
		if !strings.Contains(page.body, says) {
			t.Errorf("its page does not say %q", says)
		}
	}
	var invites []store.Invite
	read(t, a.Member(t, a.Dana, "umbra-sohne-"+a.Suffix), store.ListInvites(&invites))
	if len(invites) != 2 || invites[0].Email != "bo@"+a.Suffix+".test" || invites[0].Role != store.RoleViewer || invites[1].Email != "ann@"+a.Suffix+".test" {
		t.Errorf("invited: %+v", invites)
	}
	list := dana.get(t, at+"?q=mbra")
	if !strings.Contains(list.body, "/clients/"+id) || strings.Contains(list.body, "Acme") {
		t.Error("the search by name does not find exactly this client")
	}
}

// Invalid input is explained next to its field, keeps what was typed, and creates
// nothing.
func TestInvalidClientFormCreatesNothing(t *testing.T) {
	t.Parallel()
	a, other, s := storetest.Agency(t), storetest.Agency(t), newSite(t)
	dana, at := s.as(t, a.Dana), "/w/"+a.Agency+"/clients"
	released, free := "gone-"+a.Suffix, "free-"+a.Suffix
	if _, err := storetest.Admin(t).Exec(t.Context(), `insert into kept_slugs (slug, why) values ($1, 'released')`, released); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		form url.Values
		says string
	}{
		"no name":               {newClientForm("", free, nil), "Enter a name."},
		"a name of signs":       {newClientForm("!!!", "", nil), "An address has up to 40"},
		"an address with a dot": {newClientForm("New", "a.b", nil), "An address has up to 40"},
		"the client's own slug": {newClientForm("New", a.Acme, nil), "That address is not available."},
		"another's address":     {newClientForm("New", other.Acme, nil), "That address is not available."},
		"a reserved address":    {newClientForm("New", "www", nil), "That address is not available."},
		"a released address":    {newClientForm("New", released, nil), "That address is not available."},
		"no colour":             {newClientForm("New", free, url.Values{"own_accent": {"on"}, "accent": {"red"}}), "Enter a colour as #"},
		"an unknown plan":       {newClientForm("New", free, url.Values{"plan": {"free"}}), "Choose a plan."},
		"no address for mail":   {newClientForm("New", free, url.Values{"email_2": {"nobody"}, "role_2": {"owner"}}), "Enter an email address"},
		"somebody twice":        {newClientForm("New", free, url.Values{"email_1": {"a@b.test"}, "role_1": {"owner"}, "email_2": {"A@b.test"}, "role_2": {"owner"}}), "already on another line"},
		"no role":               {newClientForm("New", free, url.Values{"email_1": {"a@b.test"}, "role_1": {"king"}}), "Choose a role."},
		"the creator again":     {newClientForm("New", free, url.Values{"email_4": {a.Dana}, "role_4": {"owner"}}), "already has access"},
		"a name with a NUL":     {newClientForm("New\x00", free, nil), "be displayed"},
	} {
		got := dana.post(t, at, c.form)
		want(t, what, got, http.StatusUnprocessableEntity)
		if !strings.Contains(got.body, c.says) {
			t.Errorf("%s: does not say %q", what, c.says)
		}
		if slug := c.form.Get("slug"); slug != "" && !strings.Contains(got.body, `value="`+slug+`"`) {
			t.Errorf("%s: what was typed is gone", what)
		}
	}
	if got := dana.get(t, at+"?q=New"); strings.Contains(got.body, "row-link") {
		t.Error("a client was created after a refusal")
	}
	want(t, "as it should be", dana.post(t, at, newClientForm("New", free, nil)), http.StatusSeeOther)
	id := createdClientID(t, dana.post(t, at, newClientForm("Other", "", nil)))
	for path, form := range map[string]url.Values{"": {"name": {""}}, "/plan": {"plan": {"free"}}} {
		want(t, "about a client: "+path, dana.post(t, at+"/"+id+path, form), http.StatusUnprocessableEntity)
	}
}

// A full plan refuses another client before anything is created.
func TestFullPlanRefusesAnotherClient(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	storetest.Plan(t, a.Agency, "starter")
	dana, at := s.as(t, a.Dana), "/w/"+a.Agency+"/clients"
	lastFit := ""
	for range 3 { // Acme and Globex are there
		lastFit = createdClientID(t, dana.post(t, at, newClientForm("Fits", "f"+store.NewID().String(), nil)))
	}
	full := newClientForm("Full", "full-"+a.Suffix, nil)
	got := dana.post(t, at, full)
	want(t, "a sixth", got, http.StatusPaymentRequired)
	if !strings.Contains(got.body, "5 clients") || !strings.Contains(got.body, "choose a larger plan under Settings, Billing") || !strings.Contains(got.body, "/w/"+a.Agency+"/settings/billing") {
		t.Errorf("the page says %.600s", got.body)
	}
	off := newSiteAt(t, storetest.DB(), storage(t), nil, nil, func(*handlers.Config) {})
	if got := off.as(t, a.Dana).post(t, at, full); !strings.Contains(got.body, "the operator of this installation") || strings.Contains(got.body, "illing") {
		t.Errorf("with BILLING=off the page says %.600s", got.body)
	}
	got = dana.with("Accept", "application/json").post(t, at, full)
	var told struct {
		Metric    string
		Limit     int64
		NextUsage int64 `json:"nextUsage"`
	}
	if err := json.Unmarshal([]byte(got.body), &told); err != nil || told.Metric != "clients" || told.Limit != 5 || told.NextUsage != 6 {
		t.Errorf("a program is told %s", got.body)
	}
	id := a.Member(t, a.Dana, a.Acme).TenantID().String()
	want(t, "archived", dana.post(t, at+"/"+id+"/archive", nil), http.StatusSeeOther)
	want(t, "an archived one counts", dana.post(t, at, full), http.StatusPaymentRequired)
	want(t, "unarchived", dana.post(t, at+"/"+id+"/unarchive", nil), http.StatusSeeOther)
	used := dana.post(t, at+"/"+id+"/discard", nil)
	want(t, "one that was used is not deleted", used, http.StatusConflict)
	if !strings.Contains(used.body, "This client can&#39;t be deleted") {
		t.Error("nobody says why")
	}
	want(t, "an unused one is deleted", dana.post(t, at+"/"+lastFit+"/discard", nil), http.StatusSeeOther)
	want(t, "and is gone", dana.get(t, at+"/"+lastFit), http.StatusNotFound)
	want(t, "there is room", dana.post(t, at, full), http.StatusSeeOther)
}

// From the next request after a suspension, client users see a notice and staff can
// read but not change anything. Resuming restores everything.
func TestSuspendedClientIsReadOnly(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	project := storetest.Project(t, a.Member(t, a.Dana, a.Acme), "Spring")
	publishedBy(t, a.Member(t, a.Dana, a.Acme)) // it waits for the client
	dana, ravi, mia := s.as(t, a.Dana), s.as(t, a.Ravi), s.as(t, a.Mia)
	inside, at := "/w/"+a.Acme, "/w/"+a.Agency+"/clients/"+a.Member(t, a.Dana, a.Acme).TenantID().String()
	check := func(what, state string, client, look, touch int) {
		t.Helper()
		want(t, what+": its client", mia.get(t, inside+"/"), client)
		page := ravi.get(t, inside+"/projects")
		want(t, what+": its team looks", page, look)
		want(t, what+": its team touches", ravi.post(t, inside+"/projects/"+project.String(), url.Values{"name": {"Spring"}}), touch)
		if closed := state != ""; strings.Contains(page.body, "New project") == closed || strings.Contains(page.body, "workspace is "+state+".") != closed {
			t.Errorf("%s: the page does not offer what may be done", what)
		}
		waits := strings.Contains(ravi.get(t, inside+"/").body, "In review")
		if waits != (state == "") {
			t.Errorf("%s: something is in review: %v", what, waits)
		}
	}
	check("before", "", 200, 200, 303)
	has(t, "the dialogs", dana.get(t, at), "is suspended immediately.", "is archived immediately.")
	for _, step := range []struct{ away, state, back string }{{"/suspend", "suspended", "/resume"}, {"/archive", "archived", "/unarchive"}} {
		want(t, step.away, dana.post(t, at+step.away, nil), http.StatusSeeOther)
		check(step.away, step.state, 403, 200, 403)
		has(t, step.away+": Mia", mia.get(t, inside+"/projects"), "This portal is paused", "Ask Northwind "+a.Suffix+" to open it again.", `href="/account">Your account`)
		has(t, step.away+": the agency's page", dana.get(t, at), "0 deliverables")
		list := mia.get(t, "/?q="+a.Acme)
		has(t, step.away+": Mia's list", list, ">Paused<")
		hasNot(t, step.away+": Mia's list", list, "Suspended", "Archived")
		has(t, step.away+": Ravi's list", ravi.get(t, "/?q="+a.Acme), map[string]string{"suspended": ">Suspended<", "archived": ">Archived<"}[step.state])
		want(t, step.away+" again", dana.post(t, at+step.away, nil), http.StatusConflict)
		want(t, step.back, dana.post(t, at+step.back, nil), http.StatusSeeOther)
		check(step.back, "", 200, 200, 303)
	}
	trail := s.as(t, a.Dana).get(t, "/w/"+a.Agency+"/activity")
	if !strings.Contains(trail.body, "suspended the workspace of") || !strings.Contains(trail.body, at) {
		t.Error("the agency's trail does not lead to the client")
	}
}

// Owners and admins of an agency see only the name and counts of a client that they
// have not joined. The client sees who joins and who leaves.
func TestOnlyJoinedManagersSeeAClientsWork(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	vera := "vera@" + a.Suffix + ".test"
	write(t, a.Member(t, a.Dana, a.Agency), func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Vera", Email: vera, Party: store.PartyAgency, Role: store.RoleAdmin})
		return err
	})
	const secret = "The secret spring campaign"
	storetest.Project(t, a.Member(t, a.Dana, a.Acme), secret)
	b, mia, inside := s.as(t, vera), s.as(t, a.Mia), "/w/"+a.Acme+"/"
	at := "/w/" + a.Agency + "/clients/" + a.Member(t, a.Mia, a.Acme).TenantID().String()
	page := b.get(t, at)
	want(t, "before joining", page, http.StatusOK)
	for _, never := range []string{secret, a.Mia, "Mia " + a.Suffix, "Open workspace", `name="plan"`} {
		if strings.Contains(page.body, never) {
			t.Errorf("before joining she sees %q", never)
		}
	}
	want(t, "the workspace, before joining", b.get(t, inside), http.StatusNotFound)
	want(t, "leave, before joining", b.post(t, at+"/leave", nil), http.StatusNotFound)
	want(t, "joins", b.post(t, at+"/join", nil), http.StatusSeeOther)
	if got := b.get(t, inside+"projects"); got.status != 200 || !strings.Contains(got.body, secret) {
		t.Errorf("inside: %d", got.status)
	}
	if got := mia.get(t, inside+"members"); !strings.Contains(got.body, vera) {
		t.Error("the client does not see who joined")
	}
	want(t, "leaves", b.post(t, at+"/leave", nil), http.StatusSeeOther)
	want(t, "the workspace, after leaving", b.get(t, inside), http.StatusNotFound)
	if got := mia.get(t, inside+"members"); strings.Contains(got.body, vera) {
		t.Error("the client still sees who left")
	}
	want(t, "an admin gives a plan", b.post(t, at+"/plan", url.Values{"plan": {"growth"}}), http.StatusForbidden)
	want(t, "an admin opens one with a plan", b.post(t, "/w/"+a.Agency+"/clients", newClientForm("New", "", url.Values{"plan": {"growth"}})), http.StatusForbidden)
	want(t, "an admin opens one", b.post(t, "/w/"+a.Agency+"/clients", newClientForm("New "+a.Suffix, "", url.Values{"plan": nil})), http.StatusSeeOther)
}

// A thousand clients are listed on pages of fifty, each client once.
func TestThousandClientsAreListedOnce(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	me := a.Member(t, a.Dana, a.Agency)
	if _, err := storetest.Admin(t).Exec(t.Context(), `
insert into tenants (id, kind, agency_id, slug, name)
select gen_random_uuid(), 'client', $1, 'many-' || n || '-' || $2, 'Many ' || n % 300 from generate_series(1, 998) n`, me.TenantID(), a.Suffix); err != nil {
		t.Fatal(err)
	}
	dana, seen, pages := s.as(t, a.Dana), map[string]bool{}, 0
	for at := "/w/" + a.Agency + "/clients"; at != ""; pages++ {
		page := dana.get(t, at)
		want(t, at, page, http.StatusOK)
		for _, part := range strings.Split(page.body, `class="row-link" href="`)[1:] {
			link, _, _ := strings.Cut(part, `"`)
			if seen[link] {
				t.Errorf("%s is there twice", link)
			}
			seen[link] = true
		}
		before, _, more := strings.Cut(page.body, `" rel="next"`)
		if at = ""; more {
			at = strings.ReplaceAll(before[strings.LastIndex(before, `href="`)+len(`href="`):], "&amp;", "&")
		}
	}
	if len(seen) != 1000 || pages != 20 {
		t.Errorf("%d clients on %d pages", len(seen), pages)
	}
}

// An owner leaves a client from the agency's page only after a step-up, which leads back
// to that page, and only if the client has another owner.
func TestOwnerLeavesAClientAfterStepUp(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	acme := a.Member(t, a.Mia, a.Acme)
	page := "/w/" + a.Agency + "/clients/" + acme.TenantID().String()
	old, fresh := s.as(t, a.Dana), s.steppedUp(t, a.Dana)
	got := old.post(t, page+"/leave", nil)
	want(t, "without a fresh proof", got, http.StatusSeeOther)
	if !strings.HasPrefix(got.location(), "/step-up?") || !strings.Contains(got.location(), url.QueryEscape(page)) {
		t.Errorf("leads to %q", got.location())
	}
	role := func(role string) {
		t.Helper()
		if _, err := storetest.Admin(t).Exec(t.Context(), `update memberships set role = $3 where user_id = $1 and tenant_id = $2`, acme.ID(), acme.TenantID(), role); err != nil {
			t.Fatal(err)
		}
	}
	role("admin")
	got = fresh.post(t, page+"/leave", nil)
	want(t, "the last owner", got, http.StatusConflict)
	if !strings.Contains(got.body, "There is no other owner") || !strings.Contains(got.body, page+"/leave") {
		t.Error("the page does not say why not, or is another")
	}
	role("owner")
	want(t, "with one", fresh.post(t, page+"/leave", nil), http.StatusSeeOther)
	want(t, "gone", old.get(t, "/w/"+a.Acme+"/"), http.StatusNotFound)
	if got := old.get(t, page); !strings.Contains(got.body, page+"/join") {
		t.Error("and may not join again")
	}
}
