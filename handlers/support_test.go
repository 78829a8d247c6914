package handlers_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"portico/e2e/storetest"
)

// An owner allows support access, sees the session, and ends the access. The
// agent's next click leaves the tenant and says why.
func TestSupportSeenAndRevoked(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	mia := d.as(t, d.Mia)
	has(t, "before", mia.get(t, d.base+"/support"), "No sessions yet", "Allow support access")
	for _, hours := range []string{"", "0", "2", "9999", "-1"} {
		got := mia.post(t, d.base+"/support/grant", url.Values{"hours": {hours}})
		want(t, "hours "+hours, got, 422)
		has(t, "the page again", got, "Choose how long.")
	}
	d.letIn(t)
	has(t, "granted", mia.get(t, d.base+"/support"), "Revoke support access", "Mia "+d.Suffix)

	d.in(t, d.Dana)
	want(t, "a page", d.sam.get(t, d.base+"/projects"), 200)
	page := mia.get(t, d.base+"/support")
	has(t, "the ledger", page, "Sam of support, as Dana "+d.Suffix, "T-7", "A file does not open", "Read-only", "Viewed 1 page, opened no files", "Stop now")

	want(t, "revoke", mia.post(t, d.base+"/support/revoke", nil), 303)
	out := d.sam.get(t, d.base+"/projects")
	if out.status != 303 || !strings.HasPrefix(out.location(), "/support") {
		t.Errorf("the next click is %d to %q", out.status, out.location())
	}
	has(t, "why", d.sam.get(t, out.location()), "The customer ended your session")
	hasNot(t, "the console as such", d.sam.get(t, "/support"), "session has ended")
	has(t, "the ledger", mia.get(t, d.base+"/support"), "Ended by an owner or admin here", "Allow support access")
	want(t, "stop after the end", d.sam.post(t, "/support/stop", nil), 303)
	want(t, "and then", d.sam.get(t, d.base+"/projects"), 404)
}

// Each side reads what is allowed in its own words. The form shows what is allowed now, so
// that sending it as it is changes nothing but the time.
func TestSupportPageShowsWhatIsAllowed(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	mia, dana := d.as(t, d.Mia), d.as(t, d.Dana)
	const day, reads = `<option value="24" selected>`, `<option value="read" selected>`
	has(t, "before", mia.get(t, d.base+"/support"), day, reads)
	want(t, "grant", mia.post(t, d.base+"/support/grant", url.Values{"hours": {"1"}, "mode": {"write"}}), 303)
	has(t, "the client", mia.get(t, d.base+"/support"), "Support can enter as one of your people until", "Support can enter as a member of Northwind "+d.Suffix+" until",
		`<option value="1" selected>`, `<option value="write" selected>`)
	hasNot(t, "the client", mia.get(t, d.base+"/support"), "the client&#39;s people", day, reads)
	has(t, "the agency", dana.get(t, d.base+"/support"), "Support can enter as one of Acme "+d.Suffix+"&#39;s people until", "Support can enter as a member of Northwind "+d.Suffix+" until",
		`<option value="1" selected>`, `<option value="write" selected>`)
	want(t, "the agency's own", dana.post(t, d.base+"/support/grant", url.Values{"hours": {"72"}, "mode": {"read"}, "seen": {"none"}}), 303)
	has(t, "the agency", dana.get(t, d.base+"/support"), `<option value="72" selected>`, reads)
	has(t, "the client", mia.get(t, d.base+"/support"), `<option value="1" selected>`)
}

// A tenant's owner ends one session and the support access stays. Another tenant's
// owner gets 404.
func TestSupportSessionEndedByTheTenant(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letIn(t)
	d.in(t, d.Mia)
	mia := d.as(t, d.Mia)
	end := regexp.MustCompile(`/support/sessions/[0-9a-f-]{36}/end`).FindString(mia.get(t, d.base+"/support").body)
	if end == "" {
		t.Fatal("the ledger offers no end")
	}
	want(t, "from another tenant", d.as(t, d.Gus).post(t, "/w/"+d.Globex+end, nil), 404)
	want(t, "by a viewer", d.as(t, d.Leo).post(t, d.base+end, nil), 403)
	want(t, "still inside", d.sam.get(t, d.base+"/"), 200)
	want(t, "by its owner", mia.post(t, d.base+end, nil), 303)
	want(t, "then", d.sam.get(t, d.base+"/"), 303)
	want(t, "again", mia.post(t, d.base+end, nil), 404)
	d.in(t, d.Mia)
}

// Viewers and staff without the role can neither see the page nor use its forms.
func TestSupportPageIsForManagement(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	for _, email := range []string{d.Leo, d.Ravi} {
		b := d.as(t, email)
		want(t, "the page", b.get(t, d.base+"/support"), 403)
		want(t, "a grant", b.post(t, d.base+"/support/grant", url.Values{"hours": {"1"}}), 403)
		want(t, "a revocation", b.post(t, d.base+"/support/revoke", nil), 403)
	}
	want(t, "another tenant's owner", d.as(t, d.Gus).get(t, d.base+"/support"), 404)
	want(t, "Dana", d.as(t, d.Dana).get(t, d.base+"/support"), 200)
}

// An agent in a session as an agency's owner can see pages. Changes are refused and
// recorded. The agent can't change support access or see another tenant, and the
// owner's seen marks don't move.
func TestSupportInside(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letIn(t)
	dana := d.Member(t, d.Dana, d.Acme)
	project := storetest.Project(t, dana, "Spring "+d.Suffix).String()
	storetest.GrantSupport(t, dana)
	d.in(t, d.Dana)
	marks := func() (all string) {
		err := storetest.Superuser(t).QueryRow(t.Context(), `
			select string_agg(m::text, ',' order by m.tenant_id) || u::text || (select string_agg(s::text, ',' order by s.id) from sessions s where s.user_id = u.id)
			from memberships m join users u on u.id = m.user_id where u.id = $1 group by u.*, u.id`, dana.ID()).Scan(&all)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := marks()
	for _, path := range []string{"/", "/projects", "/projects/" + project, "/members", "/activity", "/bin", "/settings", "/support"} {
		got := d.sam.get(t, d.base+path)
		want(t, path, got, 200)
		has(t, path, got, "Sam (support)", `action="/support/stop"`)
		hasNot(t, path, got, "Globex "+d.Suffix)
	}
	hasNot(t, "the support page", d.sam.get(t, d.base+"/support"), "Revoke support access", "/end\"")
	for path, form := range map[string]url.Values{
		"/projects":                         {"name": {"x"}},
		"/projects/" + project:              {"name": {"x"}},
		"/projects/" + project + "/archive": nil,
		"/settings":                         {"name": {"x"}},
		"/support/grant":                    {"hours": {"1"}},
		"/support/revoke":                   nil,
	} {
		want(t, "POST "+path, d.sam.post(t, d.base+path, form), 403)
	}
	for _, other := range []string{d.Globex, d.Agency} {
		want(t, other, d.sam.get(t, "/w/"+other+"/"), 404)
	}
	if after := marks(); after != before {
		t.Errorf("her rows moved:\n%s\n%s", before, after)
	}
	var seen, refused int
	err := storetest.Superuser(t).QueryRow(t.Context(), `
		select count(*) filter (where verb = 'support.page_seen'), count(*) filter (where verb = 'access.refused' and result = 'denied')
		from audit_events where tenant_id = $1 and support_session_id is not null and actor_id = $2 and subject_id = $3`,
		dana.TenantID(), storetest.Person(t, d.token).ID(), dana.ID()).Scan(&seen, &refused)
	if err != nil || seen != 9 || refused != 6 {
		t.Errorf("the trail has %d pages and %d refusals, want 9 and 6; %v", seen, refused, err)
	}
	want(t, "Dana herself", d.as(t, d.Dana).post(t, d.base+"/projects/"+project+"/archive", nil), 303)
}

// A page is shown only if its audit row can be written.
func TestSupportPageNeedsItsRow(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letIn(t)
	d.in(t, d.Mia)
	tenant := d.Member(t, d.Mia, d.Acme).TenantID()
	// An audit row needs a share lock on the tenant's row. An exclusive lock on it
	// blocks audit rows for this tenant only.
	hold, err := storetest.Superuser(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hold.Exec(t.Context(), `select from tenants where id = $1 for update`, tenant); err != nil {
		t.Fatal(err)
	}
	shut := d.sam.get(t, d.base+"/projects")
	want(t, "while the trail is shut", shut, 503)
	hasNot(t, "the refusal", shut, d.Suffix)
	if err := hold.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "once it is open", d.sam.get(t, d.base+"/projects"), 200)
}

// When the agent is disabled or the session expires while a page is open, the next
// request is refused.
func TestSupportEndsInTheMiddle(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letIn(t)
	d.in(t, d.Mia)
	want(t, "inside", d.sam.get(t, d.base+"/"), 200)
	if _, err := storetest.Superuser(t).Exec(t.Context(), `
		update support_sessions set started_at = started_at - interval '1 hour', ends_at = ends_at - interval '1 hour' where actor_id = $1`,
		storetest.Person(t, d.token).ID()); err != nil {
		t.Fatal(err)
	}
	out := d.sam.get(t, d.base+"/")
	want(t, "past the end", out, 303)
	has(t, "why", d.sam.get(t, out.location()), "because its time ran out")
	has(t, "the ledger", d.as(t, d.Mia).get(t, d.base+"/support"), "Time ran out")

	d.in(t, d.Mia)
	storetest.DisableAgent(t, d.agent)
	want(t, "disabled", d.sam.get(t, d.base+"/"), 302)
	want(t, "at the console", d.sam.get(t, "/support"), 302)
	has(t, "the ledger", d.as(t, d.Mia).get(t, d.base+"/support"), "The agent lost access")
}
