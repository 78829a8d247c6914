package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/handlers"
	"portico/store"
	"portico/views"
)

// Home tells what others did since yesterday: not the reader's own acts, nor the previews that support's pages load. The
// trail keeps all of them.
func TestNewsAreWhatOthersDid(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana, ravi := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Ravi, a.Acme)
	file := storetest.File(t, dana, storetest.Draft(t, dana, storetest.Deliverable(t, dana, storetest.Project(t, dana, "Packaging"), "Poster")), "Dieline.pdf")
	record := func(by store.Member, verb string) {
		t.Helper()
		if err := storetest.DB().Record(t.Context(), by, store.Event{Verb: verb, TargetKind: store.KindFile, TargetID: file}); err != nil {
			t.Fatal(err)
		}
	}
	record(ravi, "file.downloaded")
	for range 5 {
		record(ravi, "support.asset_seen")
		record(dana, "file.viewed")
	}
	for who, c := range map[string]struct {
		email      string
		has, lacks []string
	}{
		"Dana": {a.Dana, []string{"Since yesterday", "Dieline.pdf", "downloaded"}, []string{"viewed <a", "previews and styles", "loaded a preview"}},
		"Ravi": {a.Ravi, []string{"Since yesterday", "viewed <a"}, []string{"downloaded", "previews and styles", "loaded a preview"}},
	} {
		_, news, _ := strings.Cut(s.as(t, c.email).get(t, "/").body, "<h2>")
		has(t, who, answer{body: news}, c.has...)
		hasNot(t, who, answer{body: news}, c.lacks...)
	}
	has(t, "the whole trail", s.as(t, a.Dana).get(t, "/w/"+a.Acme+"/activity"), "viewed <a", "downloaded", "loaded 5 previews and styles")
}

// What an agency pays is in its trail for those who may see billing: not for the others of
// its team, and not for support, whoever it acts as.
func TestBillingInTheTrailIsForWhoMaySeeIt(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := a.Member(t, a.Dana, a.Agency)
	if err := storetest.DB().Record(t.Context(), dana, store.Event{Verb: "billing.payment_failed", TargetKind: store.KindTenant, TargetID: dana.TenantID()}); err != nil {
		t.Fatal(err)
	}
	storetest.GrantSupport(t, dana)
	session, _ := storetest.SupportAs(t, storetest.Agent(t), a.Agency, dana.ID())
	support := s.nobody()
	support.signIn(t, session)
	const says = "recorded that a payment failed"
	for _, path := range []string{"/w/" + a.Agency + "/", "/w/" + a.Agency + "/activity", "/w/" + a.Agency + "/activity?kind=billing"} {
		has(t, "the owner's "+path, s.as(t, a.Dana).get(t, path), says)
		hasNot(t, "a member's "+path, s.as(t, a.Ravi).get(t, path), says, "kind=billing\"")
		hasNot(t, "support's "+path, support.get(t, path), says, "kind=billing\"")
	}
	event := "/w/" + a.Agency + "/activity/" + loggedEvent(t, dana.TenantID(), "billing.payment_failed").String()
	sealTrail(t, dana.TenantID())
	for _, path := range []string{event, event + "/proof"} {
		want(t, "the owner's "+path, s.as(t, a.Dana).get(t, path), http.StatusOK)
		want(t, "a member's "+path, s.as(t, a.Ravi).get(t, path), http.StatusNotFound)
	}
	hasNot(t, "a member's home", s.as(t, a.Ravi).get(t, "/"), says)
	// The database hides it from support, whatever a read asks for.
	me, _ := storetest.Visit(t, session, a.Agency).Member()
	var events []store.Activity
	if err := storetest.DB().Read(t.Context(), me, store.ListActivity(store.ActivityFilter{Billing: true, Kind: "billing", Page: store.Page{Limit: 9}}, &events)); err != nil || len(events) != 0 {
		t.Errorf("support reads %d events, %v", len(events), err)
	}
}

// What happened to a client names it: in its agency's trail and on the agency's home, and in
// the news of those who work for that client.
func TestActivityNamesClients(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	ravi := a.Member(t, a.Ravi, a.Agency)
	run(t, storetest.Superuser(t), `update memberships set role = 'admin' where tenant_id = $1 and user_id = $2`, ravi.TenantID(), ravi.ID())
	acme, globex := "created the workspace of Acme "+a.Suffix, "created the workspace of Globex "+a.Suffix
	for _, path := range []string{"/w/" + a.Agency + "/", "/w/" + a.Agency + "/activity"} {
		has(t, path, answer{body: plainText(s.as(t, a.Ravi).get(t, path).body)}, acme, globex)
	}
	news := answer{body: plainText(s.as(t, a.Ravi).get(t, "/").body)}
	has(t, "the news", news, acme, "created the workspace of a client")
	hasNot(t, "the news", news, globex)
}

// Views of one person are one line, so that downloads stay in sight. The line leads to all
// of them. Names lead to the person and to the work.
func TestActivityFoldsViews(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letIn(t)
	dana, mia := d.Member(t, d.Dana, d.Acme), d.Member(t, d.Mia, d.Acme)
	deliverable := storetest.Deliverable(t, dana, storetest.Project(t, dana, "Packaging "+d.Suffix), "Poster")
	draft := storetest.Draft(t, dana, deliverable)
	var files []uuid.UUID
	for _, name := range []string{"one.txt", "two.txt", "three.txt"} {
		files = append(files, storetest.File(t, dana, draft, name))
	}
	record := func(verb string, file uuid.UUID) {
		t.Helper()
		if err := storetest.DB().Record(t.Context(), dana, store.Event{Verb: verb, TargetKind: store.KindFile, TargetID: file}); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		for _, f := range files {
			record("file.viewed", f)
		}
	}
	record("file.downloaded", files[0])
	browser := d.as(t, d.Dana)
	page := browser.get(t, d.base+"/activity")
	has(t, "the activity", page, "viewed <a href", "3 files", "downloaded", "one.txt", `href="`+d.base+"/deliverables/"+deliverable.String()+`"`,
		`href="`+d.base+"/activity?person="+dana.ID().String()+`"`)
	if n := strings.Count(page.body, "viewed <a"); n != 1 {
		t.Errorf("12 views are %d lines", n)
	}
	all := browser.get(t, d.base+"/activity?kind=viewed&person="+dana.ID().String())
	if n := strings.Count(all.body, `class="event"`); n != 12 {
		t.Errorf("the views are %d lines, want 12", n)
	}
	for query, what := range map[string]string{"kind=downloaded": "downloaded", "kind=file&person=" + dana.ID().String(): "uploaded"} {
		has(t, query, browser.get(t, d.base+"/activity?"+query), what)
	}
	hasNot(t, "by another person", browser.get(t, d.base+"/activity?kind=downloaded&person="+mia.ID().String()), "one.txt")

	for range 3 {
		has(t, "a search", d.sam.get(t, "/support?q="+d.Acme), "Acme "+d.Suffix)
	}
	d.in(t, d.Dana)
	inside, ok := storetest.Visit(t, d.token, d.Acme).Member()
	if !ok {
		t.Fatal("support is not inside")
	}
	for _, f := range files {
		if err := storetest.DB().RecordOnce(t.Context(), inside, store.Event{Verb: "support.asset_seen", TargetKind: store.KindFile, TargetID: f}); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"/", "/projects", "/members", "/activity", "/support"} {
		want(t, path, d.sam.get(t, d.base+path), http.StatusOK)
	}
	want(t, "refused", d.sam.post(t, d.base+"/settings", nil), http.StatusForbidden)
	for who, email := range map[string]string{"the agency": d.Dana, "the client": d.Mia} {
		folded := d.as(t, email).get(t, d.base+"/activity")
		has(t, who, folded, "viewed", "5 pages", "loaded 3 previews and styles", "found this workspace in 3 searches")
		hasNot(t, who, folded, "{tenant}", "GET /", "viewed a page", "loaded a preview", "found this workspace in a search")
	}
	var session string
	if err := storetest.Admin(t).QueryRow(t.Context(), `select id::text from support_sessions where tenant_id = $1`, dana.TenantID()).Scan(&session); err != nil {
		t.Fatal(err)
	}
	unfolded := d.as(t, d.Dana).get(t, d.base+"/activity?support="+session)
	has(t, "the session", unfolded, "viewed the list of projects", "viewed the home page", "loaded 3 previews and styles")
	hasNot(t, "the session", unfolded, "{tenant}", "GET /")
}

// A client's activity says what was published for them, and nothing else of what the
// agency did. Its words say so.
func TestClientsActivityHasPublications(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	storetest.File(t, d.me, d.draft, "poster.txt")
	want(t, "publish", d.ravi.post(t, d.at("/deliverables/%s/versions/1/publish", d.deliverable), nil), http.StatusSeeOther)
	storetest.Project(t, d.me, "Unseen "+d.Suffix)
	mia := d.site.as(t, d.Mia)
	page := mia.get(t, "/w/"+d.Acme+"/activity")
	has(t, "the client", page, "published a new version of", "and what Northwind "+d.Suffix+" published for you")
	hasNot(t, "the client", page, "Unseen", "Everything done here", "uploaded")
	// Only what selects something is offered. What support is sent by mail is under Support.
	for _, kind := range []string{"project", "deliverable", "version", "mail"} {
		hasNot(t, "the client's filters", page, "?kind="+kind+`"`)
		has(t, "the agency's filters", d.ravi.get(t, "/w/"+d.Acme+"/activity"), "?kind="+kind+`"`)
	}
	for _, kind := range []string{"member", "file", "support", "access", "published", "downloaded", "viewed"} {
		has(t, "the client's filters", page, "?kind="+kind+`"`)
	}
	gus := d.site.as(t, d.Gus)
	hasNot(t, "another client", gus.get(t, "/w/"+d.Globex+"/activity"), "published a new version")
	has(t, "the agency", d.ravi.get(t, "/w/"+d.Acme+"/activity"), "Everything done here", "Unseen")
}

// Each press of an arrow key moves a row by one place. The day's moves of one thing by one
// person are one line, in the trail and in the news.
func TestActivityFoldsMoves(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana, ravi := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Ravi, a.Acme)
	first, second := storetest.Project(t, dana, "First "+a.Suffix), storetest.Project(t, dana, "Second "+a.Suffix)
	for range 3 {
		for who, id := range map[*store.Member]uuid.UUID{&ravi: first, &dana: second} {
			if err := storetest.DB().Record(t.Context(), *who, store.Event{Verb: "project.moved", TargetKind: store.KindProject, TargetID: id}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := storetest.DB().Record(t.Context(), ravi, store.Event{Verb: "project.moved", TargetKind: store.KindProject, TargetID: second}); err != nil {
		t.Fatal(err)
	}
	browser := s.as(t, a.Dana)
	for path, most := range map[string]int{"/w/" + a.Acme + "/activity": 3, "/w/" + a.Acme + "/activity?kind=project": 3, "/w/" + a.Acme + "/": 3, "/": 2} {
		if got := strings.Count(browser.get(t, path).body, "reordered the project"); got != most {
			t.Errorf("%s has %d moves, want %d", path, got, most)
		}
	}
}

// Every page of a tenant that support may see has words, so that no route is shown.
func TestEveryPageHasWords(t *testing.T) {
	t.Parallel()
	for _, r := range new(handlers.Server).Routes() {
		if r.Who != handlers.AMember || r.Support == handlers.SupportRefused || r.Asset || (r.Method != http.MethodGet && r.Method != "") {
			continue
		}
		if name := views.PageName(strings.TrimSpace(r.Method + " " + r.Path)); name == "a page" || name == "a change" {
			t.Errorf("%s has no words: add it to pageNames in views/pages.go", r.Pattern())
		}
	}
	for _, route := range []string{"GET /w/{tenant}/nothing", "POST /w/{tenant}/projects/{id}", "DELETE /x", "x"} {
		if name := views.PageName(route); strings.Contains(name, "{") || strings.Contains(name, "/") || name == "" {
			t.Errorf("%s is shown as %q", route, name)
		}
	}
}
