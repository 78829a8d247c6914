package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// desk is an agency, and a support agent who is signed in.
type desk struct {
	*storetest.Tenants
	*site
	agent string
	token store.Token
	sam   *browser
	base  string // Acme's base path
}

func setupDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Tenants: storetest.Agency(t), site: newSite(t), agent: storetest.Agent(t)}
	d.sam, d.base = d.nobody(), "/w/"+d.Acme
	d.token = storetest.SignIn(t, d.agent)
	d.sam.signIn(t, d.token)
	return d
}

// prove gives the agent a fresh step-up.
func (d *desk) prove(t *testing.T) *desk {
	t.Helper()
	d.token = storetest.StepUp(t, d.token)
	d.sam.signIn(t, d.token)
	return d
}

// letIn has Acme's client owner allow support access.
func (d *desk) letIn(t *testing.T) *desk {
	t.Helper()
	want(t, "grant", d.as(t, d.Mia).post(t, d.base+"/support/grant", url.Values{"hours": {"4"}}), 303)
	return d
}

func (d *desk) form(subject uuid.UUID) url.Values {
	return url.Values{"tenant": {d.Acme}, "person": {subject.String()}, "reason": {"A file does not open"},
		"ticket": {"T-7"}, "minutes": {"30"}}
}

// in starts a session as the given person of Acme.
func (d *desk) in(t *testing.T, email string) *desk {
	t.Helper()
	got := d.prove(t).sam.post(t, "/support/sessions", d.form(d.Member(t, email, d.Acme).ID()))
	want(t, "start", got, 303)
	if got.location() != d.base+"/" {
		t.Fatalf("start leads to %q", got.location())
	}
	return d
}

func has(t *testing.T, what string, a answer, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(a.body, part) {
			t.Errorf("%s lacks %q", what, part)
		}
	}
}

func hasNot(t *testing.T, what string, a answer, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(a.body, part) {
			t.Errorf("%s has %q", what, part)
		}
	}
}

// The console is for agents only, and on the main host only. Agents have no other
// pages. To them, a tenant without a session looks like one that doesn't exist.
func TestConsoleIsForAgentsAlone(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	want(t, "nobody", d.nobody().get(t, "/support"), 302)
	for _, member := range []string{d.Dana, d.Mia} {
		b := d.as(t, member)
		want(t, "a member at the console", b.get(t, "/support"), 404)
		want(t, "a member starts", b.post(t, "/support/sessions", d.form(uuid.New())), 404)
		want(t, "a member stops", b.post(t, "/support/stop", nil), 404)
	}
	want(t, "the agent", d.sam.get(t, "/support"), 200)
	if home := d.sam.get(t, "/"); home.status != 303 || home.location() != "/support" {
		t.Errorf("the agent's / is %d to %q", home.status, home.location())
	}
	for path, form := range map[string]url.Values{"/switcher": nil, "/account/name": {"name": {"Mia"}}} {
		method := d.sam.get
		if form != nil {
			method = func(t *testing.T, path string) answer { return d.sam.post(t, path, form) }
		}
		want(t, "the agent at "+path, method(t, path), 404)
	}
	has(t, "the console", d.sam.get(t, "/support"), `href="/account"`)
	want(t, "the agent's step-up", d.sam.get(t, "/step-up"), 200)
	want(t, "a member's account", d.as(t, d.Mia).get(t, "/account"), 200)
	there, nowhere := d.sam.get(t, d.base+"/"), d.sam.get(t, "/w/nowhere-"+d.Suffix+"/")
	want(t, "a tenant from outside", there, 404)
	if there.withoutRequestID() != nowhere.withoutRequestID() {
		t.Error("a tenant that exists looks different from one that does not")
	}
	elsewhere := *d.sam
	elsewhere.header = http.Header{"Host": {d.Acme + ".portals.test"}}
	if got := elsewhere.get(t, "/support"); got.status == 200 {
		t.Error("the console answers on a tenant's host")
	}
}

// An agent searches, starts a session, and stops it.
func TestConsoleJourney(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	mia := d.Member(t, d.Mia, d.Acme)
	find := "/support?q=" + d.Acme
	has(t, "the search", d.sam.get(t, find), "Acme "+d.Suffix)
	hasNot(t, "the search without a grant", d.sam.get(t, find), "?tenant=", "Northwind")
	has(t, "the search without a grant", d.sam.get(t, find), "An owner or admin must first allow support access, or access requests, on the page Support")
	has(t, "before a search", d.sam.get(t, "/support"), "Search by the exact name or address of the workspace.")
	hasNot(t, "the console", d.sam.get(t, find), "a tenant", "the tenant")
	hasNot(t, "the form without a grant", d.sam.get(t, "/support?tenant="+d.Acme), "Mia "+d.Suffix)
	d.letIn(t)
	has(t, "the search", d.sam.get(t, find), "/support?tenant="+d.Acme, "Client of Northwind "+d.Suffix)
	hasNot(t, "the search with a grant", d.sam.get(t, find), "must first allow")

	// The step-up comes before the form and before the start.
	for what, got := range map[string]answer{
		"the form":  d.sam.get(t, "/support?tenant="+d.Acme),
		"the start": d.sam.post(t, "/support/sessions", d.form(mia.ID())),
	} {
		if got.status != 303 || !strings.HasPrefix(got.location(), "/step-up?return_to="+url.QueryEscape("/support?")) || !strings.Contains(got.location(), url.QueryEscape("tenant="+d.Acme)) {
			t.Errorf("%s without a fresh proof: %d to %q", what, got.status, got.location())
		}
	}
	d.prove(t)
	form := d.sam.get(t, "/support?tenant="+d.Acme)
	has(t, "the form", form, "Choose a person", "Reason", "Ticket")
	hasNot(t, "the form before a reason", form, "Mia "+d.Suffix, "Leo "+d.Suffix, mia.ID().String())
	first := d.form(mia.ID())
	first.Del("person")
	people := d.sam.post(t, "/support/sessions", first)
	want(t, "the people", people, 200)
	has(t, "the people", people, "Mia "+d.Suffix+", owner (client)", "Leo "+d.Suffix, mia.ID().String(), "A file does not open", "Start the session")
	has(t, "the tenant's trail", d.as(t, d.Mia).get(t, d.base+"/activity?kind=support"), "listed the people to view as", "found this workspace in ")

	// Typed values are kept, and each error is shown at its field.
	wrong := d.form(mia.ID())
	wrong.Set("reason", " \u200b ")
	wrong.Set("ticket", "kept-"+d.Suffix)
	wrong.Set("minutes", "99999999999")
	got := d.sam.post(t, "/support/sessions", wrong)
	want(t, "a bad start", got, 422)
	has(t, "the form again", got, "Enter a reason. The customer sees it.", "Choose how long.", "kept-"+d.Suffix)
	wrong = d.form(uuid.New())
	want(t, "as nobody", d.sam.post(t, "/support/sessions", wrong), 422)

	d.in(t, d.Mia)
	inside := d.sam.get(t, d.base+"/")
	want(t, "inside", inside, 200)
	has(t, "the bar", inside, "Sam (support) is viewing Acme "+d.Suffix+" as Mia "+d.Suffix+", read-only", "T-7", "A file does not open", `action="/support/stop"`)
	want(t, "a second start", d.sam.post(t, "/support/sessions", d.form(mia.ID())), 409)
	has(t, "the console meanwhile", d.sam.get(t, "/support"), "Mia "+d.Suffix, "/support/stop", d.base+"/")

	for range 2 {
		if got := d.sam.post(t, "/support/stop", nil); got.status != 303 || got.location() != "/support" {
			t.Errorf("stop is %d to %q", got.status, got.location())
		}
	}
	want(t, "after Stop", d.sam.get(t, d.base+"/"), 404)
	has(t, "the agent's past", d.sam.get(t, "/support"), "Stopped by support", "T-7")
}

// A tenant without support access, and one that doesn't exist.
func TestConsoleStartRefused(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).prove(t)
	mia := d.Member(t, d.Mia, d.Acme)
	want(t, "no grant", d.sam.post(t, "/support/sessions", d.form(mia.ID())), 403)
	nowhere := d.form(mia.ID())
	nowhere.Set("tenant", "nowhere-"+d.Suffix)
	want(t, "no tenant", d.sam.post(t, "/support/sessions", nowhere), 404)
	has(t, "the tenant's own trail", d.as(t, d.Mia).get(t, d.base+"/activity?kind=support"), "was refused a support session")
	d.letIn(t).in(t, d.Mia)
}

// Start and Stop are refused from another site and accepted from ours.
func TestConsoleFromAnotherSite(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letIn(t).prove(t)
	mia := d.Member(t, d.Mia, d.Acme)
	evil := *d.sam
	for _, header := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.test"}},
		{"Sec-Fetch-Site": {"same-site"}, "Origin": {"http://acme.portals.test"}},
		{"Origin": {"null"}},
	} {
		evil.header = header
		want(t, "a start from elsewhere", evil.post(t, "/support/sessions", d.form(mia.ID())), 403)
	}
	want(t, "still outside", d.sam.get(t, d.base+"/"), 404)
	d.in(t, d.Mia)
	evil.cookie = d.sam.cookie
	want(t, "a stop from elsewhere", evil.post(t, "/support/stop", nil), 403)
	want(t, "still inside", d.sam.get(t, d.base+"/"), 200)
	d.sam.header = http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {d.server.URL}}
	want(t, "a stop from here", d.sam.post(t, "/support/stop", nil), 303)
	want(t, "a GET is no stop", d.sam.get(t, "/support/stop"), 404)
}

// Searches are rate-limited and recorded in the agent's own account: how often and
// which tenants, but not the search text.
func TestConsoleSearchIsOnTheRecord(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letIn(t)
	var last answer
	for range 61 { // at most two windows of thirty
		if last = d.sam.get(t, "/support?q="+d.Leo); last.status != 200 {
			break
		}
	}
	want(t, "searching without end", last, 429)
	if last.header.Get("Retry-After") == "" {
		t.Error("429 does not say when to come back")
	}
	want(t, "the console itself", d.sam.get(t, "/support"), 200)
	me := storetest.Person(t, d.token)
	var n, named int
	err := storetest.Superuser(t).QueryRow(t.Context(), `
		select count(*), count(*) filter (where detail::text like '%' || $2 || '%')
		from account_events where user_id = $1 and verb = 'support.searched' and detail -> 'found' ? $3`,
		me.ID(), d.Leo, d.Member(t, d.Leo, d.Acme).TenantID().String()).Scan(&n, &named)
	if err != nil || n < 30 || named != 0 {
		t.Errorf("%d searches on the record, %d with what was typed, %v", n, named, err)
	}
}

// Support views as staff where the agency did not consent: the form, the bar and the bin say
// that drafts are hidden. As the client's people they would be anyway, and with the agency's
// consent they are not.
func TestSessionsSayThatDraftsAreHidden(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letIn(t).prove(t)
	form := d.form(uuid.Nil)
	form.Del("person")
	has(t, "the form", d.sam.post(t, "/support/sessions", form), "drafts stay hidden unless the agency allows support access too")
	const words = ", without the agency&#39;s drafts"
	d.in(t, d.Dana)
	has(t, "the bar", d.sam.get(t, d.base+"/"), "as Dana "+d.Suffix+", read-only"+words)
	has(t, "the bin", d.sam.get(t, d.base+"/bin"), "Nothing to show in this session")
	hasNot(t, "the bin", d.sam.get(t, d.base+"/bin"), "The bin is empty")
	want(t, "stop", d.sam.post(t, "/support/stop", nil), 303)
	d.in(t, d.Mia)
	hasNot(t, "the bar, as a client", d.sam.get(t, d.base+"/"), words)
	want(t, "stop", d.sam.post(t, "/support/stop", nil), 303)
	storetest.GrantSupport(t, d.Member(t, d.Dana, d.Acme))
	d.in(t, d.Dana)
	hasNot(t, "the bar, with the agency's consent", d.sam.get(t, d.base+"/"), words)
	has(t, "the bin", d.sam.get(t, d.base+"/bin"), "The bin is empty")
}
