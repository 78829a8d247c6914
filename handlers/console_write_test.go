package handlers_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/handlers"
	"portico/handlers/support"
	"portico/store"
)

// deskWith is a desk on an installation configured by the test.
func deskWith(t *testing.T, edit func(*handlers.Config)) *desk {
	t.Helper()
	d := &desk{Tenants: storetest.Agency(t), site: newSiteWith(t, storetest.DB(), nil, edit), agent: storetest.Agent(t)}
	d.sam, d.base = d.nobody(), "/w/"+d.Acme
	d.token = storetest.SignIn(t, d.agent)
	d.sam.signIn(t, d.token)
	return d
}

func (d *desk) letWrite(t *testing.T) *desk {
	t.Helper()
	want(t, "grant", d.as(t, d.Mia).post(t, d.base+"/support/grant", url.Values{"hours": {"4"}, "mode": {"write"}}), 303)
	return d
}

var sure = url.Values{"sure": {"on"}}

// Write mode requires its own step-up and a confirmation. An allowed change then
// succeeds, and forbidden actions stay refused.
func TestConsoleWriteJourney(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	if got := d.sam.get(t, "/support/write"); got.status != 303 || got.location() != "/support" {
		t.Errorf("outside the step is %d to %q", got.status, got.location())
	}
	d.letWrite(t)
	has(t, "the consent", d.as(t, d.Mia).get(t, d.base+"/support"), "Support can make changes")
	d.in(t, d.Dana)
	has(t, "the bar", d.sam.get(t, d.base+"/"), ", read-only", `href="/support/write"`)
	make := url.Values{"name": {"Mended " + d.Suffix}}
	want(t, "a change while reading", d.sam.post(t, d.base+"/projects", make), 403)
	for what, got := range map[string]answer{"the page": d.sam.get(t, "/support/write"), "the step": d.sam.post(t, "/support/write", sure)} {
		if got.status != 303 || got.location() != "/step-up?return_to="+url.QueryEscape("/support/write") {
			t.Errorf("%s without a proof of its own: %d to %q", what, got.status, got.location())
		}
	}
	page := d.sam.get(t, "/step-up?return_to=%2Fsupport%2Fwrite")
	has(t, "the step-up", page, "to make changes in a support session", "The one that started the session doesn&#39;t count.")
	hasNot(t, "the step-up", page, "to start a support session", "lasts five minutes")
	d.prove(t)
	has(t, "the page", d.sam.get(t, "/support/write"), "Make changes as Dana "+d.Suffix, "I will only change what the ticket needs",
		`class="support-bar"`, "Sam (support) is viewing Acme "+d.Suffix+" as Dana "+d.Suffix, `action="/support/stop"`)
	again := d.sam.post(t, "/support/write", nil)
	want(t, "without the tick", again, 422)
	has(t, "without the tick", again, "Tick this box to continue.")
	want(t, "still reading", d.sam.post(t, d.base+"/projects", make), 403)

	got := d.sam.post(t, "/support/write", sure)
	if got.status != 303 || got.location() != d.base+"/" {
		t.Fatalf("the step is %d to %q", got.status, got.location())
	}
	has(t, "the bar", d.sam.get(t, d.base+"/"), "and can make changes", `data-mode="write"`)
	hasNot(t, "the bar", d.sam.get(t, d.base+"/"), `href="/support/write"`)
	want(t, "a change", d.sam.post(t, d.base+"/projects", make), 303)
	for path, form := range map[string]url.Values{
		"/settings":       {"name": {"x"}},
		"/support/grant":  {"hours": {"1"}},
		"/support/asking": {"asks": {"on"}},
		"/support/revoke": nil,
		"/view-as":        {"person": {d.Member(t, d.Mia, d.Acme).ID().String()}},
	} {
		want(t, "POST "+path, d.sam.post(t, d.base+path, form), 403)
	}
	twice := d.sam.post(t, "/support/write", sure)
	want(t, "the step again", twice, 409)
	has(t, "the step again", twice, "Your session can make changes already.", `href="`+d.base+`/">Return to session`)
	page = d.as(t, d.Mia).get(t, d.base+"/support")
	has(t, "the ledger", page, "Could make changes")
	has(t, "the trail", d.as(t, d.Mia).get(t, d.base+"/activity?support=1"), "started making changes")
	want(t, "revoke", d.as(t, d.Mia).post(t, d.base+"/support/revoke", nil), 303)
	if got := d.sam.post(t, d.base+"/projects", make); got.status != 303 || !strings.HasPrefix(got.location(), "/support") {
		t.Errorf("a change after that is %d to %q", got.status, got.location())
	}
}

// A session that has ended while the agent was about to make changes: the answer says so, and
// why, with one way on.
func TestConsoleWriteAfterTheEnd(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letWrite(t)
	d.in(t, d.Dana).prove(t)
	want(t, "the page", d.sam.get(t, "/support/write"), 200)
	want(t, "revoke", d.as(t, d.Mia).post(t, d.base+"/support/revoke", nil), 303)
	out := d.sam.get(t, "/support/write")
	want(t, "the page", out, 303)
	another := `href="/support?tenant=` + d.Acme + `">Start another session`
	has(t, "the page", d.sam.get(t, out.location()), "The customer ended your session.", another)
	got := d.sam.post(t, "/support/write", sure)
	want(t, "the step", got, 409)
	has(t, "the step", got, "The customer ended your session. Nothing was changed.", another)
	want(t, "stop", d.sam.post(t, "/support/stop", nil), 303)
	has(t, "the step after Stop", d.sam.post(t, "/support/write", sure), "You have no running session. Nothing was changed.")
}

// Changes are offered only as somebody whose role may change something.
func TestNoChangesAsSomebodyWhoMayChangeNothing(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letWrite(t)
	for email, offered := range map[string]bool{d.Leo: false, d.Mia: false, d.Dana: true} {
		d.in(t, email)
		if got := strings.Contains(d.sam.get(t, d.base+"/").body, `href="/support/write"`); got != offered {
			t.Errorf("as %s changes are offered: %v", email, got)
		}
		want(t, "stop", d.sam.post(t, "/support/stop", nil), 303)
	}
	for _, r := range new(handlers.Server).Routes() {
		for _, p := range []store.Party{store.PartyAgency, store.PartyClient} {
			for _, role := range store.Roles() {
				if r.Support == handlers.SupportWrites && store.May(r.Needs, p, role) && !store.May(store.EditWork, p, role) {
					t.Errorf("support may change something at %s as %s %s, but is not offered to", r.Pattern(), p, role)
				}
			}
		}
	}
}

// With read-only access there is no write mode, and the refusal says why.
func TestConsoleWriteNeedsConsent(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letIn(t)
	d.in(t, d.Dana)
	hasNot(t, "the bar", d.sam.get(t, d.base+"/"), `href="/support/write"`)
	d.prove(t)
	got := d.sam.post(t, "/support/write", sure)
	want(t, "the step", got, 403)
	has(t, "the step", got, "allows support read-only access")
	want(t, "a change", d.sam.post(t, d.base+"/projects", url.Values{"name": {"x"}}), 403)
}

// With four eyes, a session can't make changes before a second agent confirms.
func TestConsoleWriteWithFourEyes(t *testing.T) {
	t.Parallel()
	d := deskWith(t, func(c *handlers.Config) { c.Support = support.FourEyes }).letWrite(t)
	d.in(t, d.Dana).prove(t)
	has(t, "the page", d.sam.get(t, "/support/write"), "Another agent must approve")
	asked := d.sam.post(t, "/support/write", sure)
	want(t, "the step", asked, 200)
	has(t, "the step", asked, "Another agent must approve this in their console within ten minutes")
	make := url.Values{"name": {"Mended " + d.Suffix}}
	want(t, "a change meanwhile", d.sam.post(t, d.base+"/projects", make), 403)

	tess := d.nobody()
	token := storetest.SignIn(t, storetest.Agent(t))
	tess.signIn(t, token)
	console := tess.get(t, "/support")
	has(t, "the second agent's console", console, "Sam in Acme "+d.Suffix+" as Dana "+d.Suffix, "T-7")
	row := console.body[strings.Index(console.body, "Sam in Acme "+d.Suffix):]
	session := regexp.MustCompile(`name="session" value="([0-9a-f-]{36})"`).FindStringSubmatch(row)
	if session == nil {
		t.Fatal("there is nothing to agree to")
	}
	agree := url.Values{"session": {session[1]}}
	if got := tess.post(t, "/support/write/confirm", agree); got.status != 303 || !strings.HasPrefix(got.location(), "/step-up") {
		t.Errorf("without a proof: %d to %q", got.status, got.location())
	}
	want(t, "by the one who asks", d.sam.post(t, "/support/write/confirm", agree), 409)
	tess.signIn(t, storetest.StepUp(t, token))
	want(t, "something else", tess.post(t, "/support/write/confirm", url.Values{"session": {"x"}}), 409)
	want(t, "agree", tess.post(t, "/support/write/confirm", agree), 303)
	want(t, "a change", d.sam.post(t, d.base+"/projects", make), 303)
	want(t, "agree again", tess.post(t, "/support/write/confirm", agree), 409)
	has(t, "the trail", d.as(t, d.Mia).get(t, d.base+"/activity?kind=support"), "approved changes by another support agent")
}

// With support off, agents can't start, request access or write, and running
// sessions end. Staff can still view as their clients.
func TestSupportSwitchedOff(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letWrite(t)
	d.in(t, d.Mia)
	off := deskWith(t, func(c *handlers.Config) { c.Support = support.Off })
	off.sam.signIn(t, d.token)
	inside := off.sam.get(t, d.base+"/")
	want(t, "inside", inside, 403)
	has(t, "inside", inside, "Support is turned off")
	hasNot(t, "inside", inside, d.Suffix)
	for path, form := range map[string]url.Values{
		"/support/sessions": d.form(d.Member(t, d.Mia, d.Acme).ID()), "/support/asks": {"tenant": {d.Acme}},
		"/support/write": sure, "/support/write/confirm": nil,
	} {
		want(t, "POST "+path, off.sam.post(t, path, form), 403)
	}
	has(t, "the console", off.sam.get(t, "/support"), "Support is turned off")
	for _, query := range []string{"?q=" + d.Suffix, "?tenant=" + d.Acme, "?ask=" + d.Acme} {
		console := off.sam.get(t, "/support"+query)
		has(t, "the console with "+query, console, "Support is turned off")
		hasNot(t, "the console with "+query, console, "Globex "+d.Suffix, d.Globex, "name=\"tenant\"", "name=\"q\"")
	}
	want(t, "stop", off.sam.post(t, "/support/stop", nil), 303)
	dana := off.as(t, off.Dana)
	want(t, "staff", dana.post(t, off.base+"/view-as", url.Values{"person": {off.Member(t, off.Mia, off.Acme).ID().String()}}), 303)
	want(t, "staff inside", dana.get(t, off.base+"/"), 200)
}
