package handlers_test

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/handlers"
	"portico/store"
)

// refusedByPlan are forms that a full plan refuses. The page leads people who can change the plan
// to it.
func refusedByPlan(t *testing.T) {
	t.Helper()
	a, s := storetest.Agency(t), newSite(t)
	dana, agency, base := s.as(t, a.Dana), "/w/"+a.Agency, "/w/"+a.Acme
	one := func(slug string) url.Values {
		return url.Values{"name": {"Written " + a.Suffix}, "slug": {slug + a.Suffix}, "plan": {"starter"}, "email_1": {"owner@" + a.Suffix + ".test"}, "role_1": {"owner"}}
	}
	for _, slug := range []string{"third-", "fourth-", "fifth-"} {
		want(t, slug, dana.post(t, agency+"/clients", one(slug)), 303)
	}
	storetest.Plan(t, a.Agency, "starter")
	storetest.Plan(t, a.Acme, "starter")
	for _, name := range []string{"ann", "bob", "cid"} {
		want(t, name, dana.post(t, base+"/invites", invitation(name+"@"+a.Suffix+".test", "client", "viewer")), 303)
	}
	for _, c := range []refusedForm{
		{"a person", dana, base + "/invites", invitation("dot@"+a.Suffix+".test", "client", "viewer"), 402, []string{"dot@" + a.Suffix}, "you can choose a larger plan", agency + "/clients/" + a.Member(t, a.Dana, a.Acme).TenantID().String(), ""},
		{"a person, to the client", s.as(t, a.Mia), base + "/invites", invitation("dot@"+a.Suffix+".test", "client", "viewer"), 402, []string{"dot@" + a.Suffix}, "Remove something first, or ask Northwind " + a.Suffix + " for a larger plan.", base + "/usage", ""},
		{"a client", dana, agency + "/clients", one("sixth-"), 402, []string{"Written " + a.Suffix, "sixth-" + a.Suffix, "owner@" + a.Suffix}, "Delete a client that nobody used", agency + "/settings/billing", ""},
	} {
		c.check(t)
	}
}

// refusedWhenClosed are forms of a workspace that is suspended, in words for each side.
func refusedWhenClosed(t *testing.T) {
	t.Helper()
	a, s := storetest.Agency(t), newSite(t)
	base, text := "/w/"+a.Acme, "Written for an hour "+a.Suffix
	client := "/w/" + a.Agency + "/clients/" + a.Member(t, a.Dana, a.Acme).TenantID().String()
	want(t, "suspend", s.as(t, a.Dana).post(t, client+"/suspend", nil), 303)
	invited := url.Values{"name": {text}, "email": {"new@" + a.Suffix + ".test"}}
	for _, c := range []refusedForm{
		{"its client", s.as(t, a.Mia), base + "/invites", invited, 403, []string{text, "new@" + a.Suffix}, "This portal is paused", base + "/invites/new", ""},
		{"its staff", s.as(t, a.Ravi), base + "/projects", url.Values{"name": {"N"}, "summary": {text}}, 403, []string{text}, "This workspace is suspended or archived", base + "/projects/new", ""},
	} {
		c.check(t)
	}
	want(t, "resume", s.as(t, a.Dana).post(t, client+"/resume", nil), 303)
	want(t, "the same text then", s.as(t, a.Ravi).post(t, base+"/projects", url.Values{"name": {"N"}, "summary": {text}}), 303)
}

// refusedInTheForm are forms that come back with what was typed, and with the reason.
func refusedInTheForm(t *testing.T) {
	t.Helper()
	d := setupDesk(t)
	mia, text := d.as(t, d.Mia), "Written for an hour "+d.Suffix
	me := d.Member(t, d.Ravi, d.Acme)
	deliverable := storetest.Deliverable(t, me, storetest.Project(t, me, "Spring"), "Poster")
	draft := storetest.Draft(t, me, deliverable)
	storetest.File(t, me, draft, "one.txt")
	publish := d.base + "/deliverables/" + deliverable.String() + "/versions/1/publish"
	owner, fresh := d.base+"/members/"+d.Member(t, d.Mia, d.Acme).ID().String()+"/role", d.steppedUp(t, d.Mia)
	domains, taken := d.base+"/settings/domains", url.Values{"host": {"portal-" + d.Suffix + ".example.org"}}
	want(t, "a domain", fresh.post(t, domains, taken), 303)
	want(t, "let them ask", mia.post(t, d.base+"/support/asking", url.Values{"asks": {"on"}}), 303)
	request := url.Values{"tenant": {d.Acme}, "code": {storetest.SupportCode(t, d.Acme)}, "reason": {text}, "ticket": {"T-" + d.Suffix}, "hours": {"24"}, "mode": {"write"}}
	want(t, "ask", d.sam.post(t, "/support/asks", request), 303)
	asked := d.sam.post(t, "/support/asks", request)
	d.letIn(t).in(t, d.Mia)
	start := d.form(d.Member(t, d.Leo, d.Acme).ID())
	start.Set("reason", text)
	note := strings.Repeat("ä", 2001)
	for _, c := range []struct {
		what   string
		got    answer
		status int
		action string
		parts  []string
	}{
		{"the last owner", fresh.post(t, owner, url.Values{"role": {"viewer"}}), 409, owner, []string{`value="viewer" selected`, "Nothing was changed"}},
		{"a note that is too long", d.as(t, d.Ravi).post(t, publish, url.Values{"note": {note}}), 422, publish, []string{">" + note + "</textarea>", "Nothing is published yet", "At most 2000 fit."}},
		{"a domain twice", fresh.post(t, domains, taken), 422, domains, []string{taken.Get("host"), "already listed", "Nothing has been saved yet"}},
		{"an access request twice", asked, 409, "/support/asks", []string{text, "T-" + d.Suffix, `value="24" selected`, `value="write" selected`, "This request was not sent"}},
		{"a second session", d.sam.post(t, "/support/sessions", start), 409, "/support/sessions", []string{text, "T-7", `value="30" selected`, start.Get("person") + `" selected`, "This session was not started"}},
	} {
		want(t, c.what, c.got, c.status)
		has(t, c.what, c.got, append(c.parts, `action="`+c.action+`"`)...)
	}
	exists := d.as(t, d.Ravi).post(t, d.base+"/deliverables/"+deliverable.String()+"/versions", nil)
	want(t, "a second draft", exists, 409)
	has(t, "a second draft", exists, "already a draft", "Nothing was changed.", `href="`+d.base+"/deliverables/"+deliverable.String()+`"`)

	want(t, "published", d.as(t, d.Ravi).post(t, publish, url.Values{"note": {"Look"}}), 303)
	late := d.as(t, d.Dana).post(t, publish, url.Values{"note": {text}})
	want(t, "published meanwhile", late, 409)
	has(t, "published meanwhile", late, "Not published", text)
}

// refusedByFailure are forms that a failure of ours refuses.
func refusedByFailure(t *testing.T) {
	t.Helper()
	a, text := storetest.Agency(t), "Written for an hour"
	base, form := "/w/"+a.Acme, url.Values{"name": {"N"}, "summary": {text}}
	u := must(url.Parse(storetest.Server().AppURL(stack.DatabaseName)))
	q := u.Query()
	q.Set("default_transaction_read_only", "on")
	u.RawQuery = q.Encode()
	db := must(store.Open(t.Context(), store.Config{URL: u.String()}))
	t.Cleanup(db.Close)
	readOnly := newSiteWith(t, db, nil, func(*handlers.Config) {})
	check := "Check whether it was saved before you send it again. Your text is kept below."
	for _, c := range []refusedForm{
		{"a database that accepts no changes", readOnly.as(t, a.Dana), base + "/projects", form, 503, []string{text}, "Temporarily unavailable", base + "/projects/new", check},
		{"a panic", breakingSite(t, "quoted", 0).as(t, a.Dana), base + "/breaks/deed", form, 500, []string{text}, "Something went wrong", base + "/projects/new", check},
	} {
		c.check(t)
	}
}

// refusedBrokenBodies are forms of which only a part arrives. The page shows that part.
func refusedBrokenBodies(t *testing.T) {
	t.Helper()
	a, s := storetest.Agency(t), newSite(t)
	dana, base := s.as(t, a.Dana), "/w/"+a.Acme
	partly := "Nothing was saved. Not all of your text arrived; what did is kept below."
	large := strings.Repeat("é", 400_000) // of six bytes each on the way
	send := func(path, from string, body func(context.CancelFunc) io.Reader) answer {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, s.server.URL+base+path, body(cancel))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Cookie", dana.cookie)
		r.Header.Set("Referer", s.server.URL+base+cmp.Or(from, path))
		rec := httptest.NewRecorder()
		s.server.Config.Handler.ServeHTTP(rec, r)
		return answer{rec.Code, rec.Header(), rec.Body.String()}
	}
	form := url.Values{"name": {"Kept " + a.Suffix}, "welcome": {large}}.Encode()
	got := send("/settings", "", func(context.CancelFunc) io.Reader { return strings.NewReader(form) })
	refusedForm{"more than fits", dana, "", nil, 413, []string{"Kept " + a.Suffix, large[:100_000]}, "more text than a form can send", base + "/settings", partly}.compare(t, got)
	slow := refusedForm{"too slow", dana, "", nil, 408, []string{"Kept " + a.Suffix, "half a sum"}, "did not arrive in time", base + "/projects/new", partly}
	for _, end := range []string{"", "%", "%C", "%C3", "%C3%"} {
		slow.compare(t, send("/projects", "/projects/new", func(lost context.CancelFunc) io.Reader {
			return io.MultiReader(strings.NewReader("name=Kept+"+a.Suffix+"&summary=half+a+sum"+end), slowBody{lost})
		}))
	}
	want(t, "in time", send("/projects", "/projects/new", func(context.CancelFunc) io.Reader { return strings.NewReader("name=Whole&summary=all") }), 303)
}

// refusedOtherSites are forms that another site sends. Its text isn't what anybody typed
// here, so the page doesn't show it.
func refusedOtherSites(t *testing.T) {
	t.Helper()
	a, s := storetest.Agency(t), newSite(t)
	text := "Written by another site " + a.Suffix
	for from, header := range crossOriginHeaders(strings.TrimPrefix(s.server.URL, "http://")) {
		b := s.as(t, a.Dana)
		b.header = header
		got := b.post(t, "/w/"+a.Acme+"/projects", url.Values{"name": {text}})
		want(t, from, got, 403)
		has(t, from, got, "came from another site", "Nothing was changed.", `href="/"`)
		hasNot(t, from, got, text)
	}
}
