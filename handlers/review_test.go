package handlers_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// reviewSite is a published version 1 in Acme, and the browsers around it. Nora is a member
// of Acme besides Mia.
type reviewSite struct {
	*storetest.Tenants
	*site
	dana, ravi, mia, nora, leo *browser
	danaMember                 store.Member
	noraMail                   string
	deliverable                uuid.UUID
	base, page                 string
	ids                        map[string]string // user ids by first name
}

func setupReviewSite(t *testing.T) *reviewSite {
	t.Helper()
	a := storetest.Agency(t)
	d := &reviewSite{Tenants: a, site: newSite(t), noraMail: "nora@" + a.Suffix + ".test", base: "/w/" + a.Acme, ids: map[string]string{}}
	d.danaMember = a.Member(t, a.Dana, a.Acme)
	write(t, d.danaMember, func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Nora " + a.Suffix, Email: d.noraMail, Party: store.PartyClient, Role: store.RoleMember})
		return err
	})
	d.dana, d.ravi, d.mia, d.nora, d.leo = d.as(t, a.Dana), d.as(t, a.Ravi), d.as(t, a.Mia), d.as(t, d.noraMail), d.as(t, a.Leo)
	for name, mail := range map[string]string{"mia": a.Mia, "nora": d.noraMail, "leo": a.Leo, "dana": a.Dana} {
		d.ids[name] = idOf(t, mail).String()
	}
	d.deliverable = storetest.Deliverable(t, d.danaMember, storetest.Project(t, d.danaMember, "Spring"), "Poster")
	storetest.File(t, d.danaMember, storetest.Draft(t, d.danaMember, d.deliverable), "poster & more.txt")
	d.page = d.base + "/deliverables/" + d.deliverable.String()
	return d
}

func (d *reviewSite) act(number, deed string) string {
	return d.page + "/versions/" + number + "/" + deed
}

func (d *reviewSite) nextDraft(t *testing.T, name string) {
	t.Helper()
	write(t, d.danaMember, func(tx *store.Tx) error { _, err := tx.AddVersion(t.Context(), d.deliverable); return err })
	storetest.File(t, d.danaMember, storetest.Draft(t, d.danaMember, d.deliverable), name)
}

var contentField = regexp.MustCompile(`name="content" value="([0-9a-f]{64})"`)

// contentIn is the hash of the files that a page lists.
func contentIn(t *testing.T, page answer) string {
	t.Helper()
	m := contentField.FindStringSubmatch(page.body)
	if m == nil {
		t.Fatalf("the page has no form to decide: %d", page.status)
	}
	return m[1]
}

func answerForm(content, answer, words string) url.Values {
	return url.Values{"content": {content}, "answer": {answer}, "words": {words}}
}

// Staff publish and ask two people, in the same form. One asks for changes with words; the
// next version is asked of the same people, and approved by both.
func TestReviewJourney(t *testing.T) {
	t.Parallel()
	d := setupReviewSite(t)
	form := d.dana.get(t, d.page)
	has(t, "the publish dialog", form, "Ask for a decision", "Nora "+d.Suffix, "One approval is enough", `value="`+d.ids["mia"]+`"`)
	hasNot(t, "the publish dialog", form, `name="ask" value="`+d.ids["leo"]+`"`)
	publish := func(number string, who ...string) answer {
		t.Helper()
		var ids []string
		for _, w := range who {
			ids = append(ids, d.ids[w])
		}
		return d.dana.post(t, d.act(number, "publish"), url.Values{"note": {"Look"}, "ask": ids, "rule": {"all"}, "due": {"2199-12-05"}})
	}
	want(t, "publish and ask", publish("1", "mia", "nora"), 303)
	asked := d.mia.get(t, d.page)
	has(t, "Mia's page", asked, "Dana "+d.Suffix, "asks you to decide", "5 Dec", "poster &amp; more.txt", "Approve with changes", "Changes needed", "decide=approved")
	hasNot(t, "everybody is asked", asked, "Not me: pass on")
	for who, b := range map[string]*browser{"staff": d.dana, "a viewer": d.leo} {
		hasNot(t, who+"'s page", b.get(t, d.page), `name="content"`, "asks you to decide")
	}
	has(t, "staff's page", d.dana.get(t, d.page), "Waiting for", "Mia "+d.Suffix, "not opened yet", "Withdraw request")
	hasNot(t, "staff's page", d.dana.get(t, d.page), "Close without an answer", "Ask for a decision")

	// Without scripts the buttons lead to the form in the page.
	for answer, title := range map[string]string{"approved": "Approve version 1?", "approved_with_changes": "Approve version 1 with changes?", "changes_required": "Version 1 needs changes?"} {
		has(t, answer, d.mia.get(t, d.page+"?version=1&decide="+answer), `id="decide"`, title)
	}
	content := contentIn(t, asked)
	refused := d.mia.post(t, d.act("1", "decide"), answerForm(content, "changes_required", ""))
	want(t, "without words", refused, 422)
	has(t, "without words", refused, "Say what should change.", "Version 1 needs changes?")
	long := d.mia.post(t, d.act("1", "decide"), answerForm(content, "changes_required", strings.Repeat("x", 4001)))
	want(t, "too many words", long, 422)
	has(t, "too many words", long, strings.Repeat("x", 4001), "At most 4000 fit")
	want(t, "with words", d.mia.post(t, d.act("1", "decide"), answerForm(content, "changes_required", "Darker, <please>")), 303)
	for who, b := range map[string]*browser{"staff": d.dana, "Mia": d.mia, "Nora": d.nora} {
		has(t, who, b.get(t, d.page), "Darker, &lt;please&gt;", "Changes needed")
	}
	hasNot(t, "Nora isn't asked any more", d.nora.get(t, d.page), `name="content"`)
	want(t, "Nora decides", d.nora.post(t, d.act("1", "decide"), answerForm(content, "approved", "")), 403)

	d.nextDraft(t, "poster 2.txt")
	has(t, "filled in as before", d.dana.get(t, d.page), `id="ask-`+d.ids["mia"]+`" name="ask" value="`+d.ids["mia"]+`" checked`)
	want(t, "publish the next", publish("2", "mia", "nora"), 303)
	late := d.mia.post(t, d.act("1", "decide"), answerForm(content, "approved", ""))
	want(t, "on version 1", late, 409)
	has(t, "on version 1", late, "Version 2 is out. Decide there.", "version=2")
	want(t, "Mia", d.mia.post(t, d.act("2", "decide"), answerForm(contentIn(t, d.mia.get(t, d.page)), "approved", "")), 303)
	has(t, "one of two", d.dana.get(t, d.page), "In review")
	want(t, "Nora", d.nora.post(t, d.act("2", "decide"), answerForm(contentIn(t, d.nora.get(t, d.page)), "approved_with_changes", "A bit.")), 303)
	has(t, "both", d.dana.get(t, d.page), "Approved with changes", "A bit.")
	has(t, "Mia reads her answer", d.mia.get(t, d.page), "You approved this version", "Change your answer")
}

// Only who may decide sends a decision: not staff, a viewer, a stranger, or the other
// client. Nobody reads what they can't see.
func TestOnlyAskedClientsDecideByForm(t *testing.T) {
	t.Parallel()
	d := setupReviewSite(t)
	want(t, "publish", d.dana.post(t, d.act("1", "publish"), url.Values{"ask": {d.ids["nora"]}, "rule": {"all"}}), 303)
	content := contentIn(t, d.nora.get(t, d.page))
	form := answerForm(content, "approved", "")
	for who, c := range map[string]struct {
		b      *browser
		status int
	}{
		"the agency's owner": {d.dana, 403}, "its member": {d.ravi, 403}, "a viewer": {d.leo, 403}, "who isn't asked": {d.mia, 403},
		"another client": {d.as(t, d.Gus), 404}, "nobody": {d.nobody(), 302},
	} {
		want(t, who, c.b.post(t, d.act("1", "decide"), form), c.status)
		want(t, who+" passes on", c.b.post(t, d.act("1", "pass-on"), url.Values{"to": {d.ids["mia"]}}), c.status)
	}
	viewing := d.as(t, d.Dana)
	want(t, "view as", viewing.post(t, d.base+"/view-as", url.Values{"person": {d.ids["nora"]}}), 303)
	page := viewing.get(t, d.page)
	want(t, "as Nora", page, 200)
	hasNot(t, "as Nora", page, `name="content"`, "decide=approved")
	want(t, "decides as Nora", viewing.post(t, d.act("1", "decide"), form), 403)
	for who, b := range map[string]*browser{"a client": d.mia, "a viewer": d.leo} {
		for _, deed := range []string{"ask", "close", "withdraw"} {
			want(t, who+" does "+deed, b.post(t, d.act("1", deed), url.Values{"ask": {d.ids["mia"]}, "rule": {"all"}}), 403)
		}
	}
	want(t, "another deliverable", d.nora.post(t, strings.Replace(d.act("1", "decide"), d.deliverable.String(), store.NewID().String(), 1), form), 404)
	want(t, "another version", d.nora.post(t, d.act("7", "decide"), form), 404)
	want(t, "another answer", d.nora.post(t, d.act("1", "decide"), answerForm(content, "closed", "x")), 422)
	want(t, "other bytes", d.nora.post(t, d.act("1", "decide"), answerForm(strings.Repeat("00", 32), "approved", "")), 409)
	want(t, "no bytes", d.nora.post(t, d.act("1", "decide"), answerForm("", "approved", "")), 409)
	var n int
	if err := storetest.AdminPool().QueryRow(t.Context(), `select count(*) from decisions where tenant_id = $1`, d.danaMember.TenantID()).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d decisions, %v", n, err)
	}
	want(t, "Nora", d.nora.post(t, d.act("1", "decide"), form), 303)
}

// The files of a version change while somebody reads it. Their decision isn't taken for the
// files that they didn't see. After a decision, the files stay.
func TestFilesChangeWhileReading(t *testing.T) {
	t.Parallel()
	d := setupReviewSite(t)
	second := storetest.File(t, d.danaMember, storetest.Draft(t, d.danaMember, d.deliverable), "second.txt")
	want(t, "publish", d.dana.post(t, d.act("1", "publish"), url.Values{}), 303)
	page := d.mia.get(t, d.page)
	has(t, "nobody is asked", page, "Your decision")
	hasNot(t, "nobody is asked", page, "Not me")
	want(t, "bin", d.dana.post(t, d.base+"/files/"+second.String()+"/delete", nil), 303)
	got := d.mia.post(t, d.act("1", "decide"), answerForm(contentIn(t, page), "changes_required", "Darker"))
	want(t, "decide", got, 409)
	has(t, "decide", got, "The files changed while you were reading. Look again, then decide.", "Darker")
	want(t, "look again", d.mia.post(t, d.act("1", "decide"), answerForm(contentIn(t, d.mia.get(t, d.page)), "approved", "")), 303)
	var files []store.File
	read(t, d.danaMember, store.ListFilesOf(d.deliverable, &files))
	binned := d.dana.post(t, d.base+"/files/"+files[0].ID.String()+"/delete", nil)
	want(t, "bin what was decided on", binned, 409)
	has(t, "bin what was decided on", binned, "Somebody decided on this file. It can&#39;t be removed from this version.")
	want(t, "restore what was not", d.dana.post(t, d.base+"/files/"+second.String()+"/restore", nil), 409)
}

// Staff ask about a published version, see who opened it, and withdraw or close it. A
// refused form keeps what was chosen.
func TestAskForDecisionLater(t *testing.T) {
	t.Parallel()
	d := setupReviewSite(t)
	want(t, "publish", d.dana.post(t, d.act("1", "publish"), url.Values{}), 303)
	for what, c := range map[string]struct {
		form url.Values
		says string
	}{
		"nobody":        {url.Values{"rule": {"all"}}, "Choose whom to ask."},
		"a viewer":      {url.Values{"rule": {"all"}, "ask": {d.ids["leo"]}}, "can&#39;t decide any more"},
		"staff":         {url.Values{"rule": {"all"}, "ask": {d.ids["dana"]}}, "can&#39;t decide any more"},
		"a past day":    {url.Values{"rule": {"any"}, "ask": {d.ids["mia"]}, "due": {"2001-01-01"}}, "Choose today or a later day."},
		"no day":        {url.Values{"rule": {"any"}, "ask": {d.ids["mia"]}, "due": {"soon"}}, "Enter a date"},
		"no known rule": {url.Values{"rule": {"most"}, "ask": {d.ids["mia"]}}, "Choose how many have to approve."},
	} {
		got := d.dana.post(t, d.act("1", "ask"), c.form)
		want(t, what, got, 422)
		has(t, what, got, c.says)
		if c.form.Get("ask") == d.ids["mia"] {
			has(t, what, got, `value="`+d.ids["mia"]+`" checked`)
		}
	}
	want(t, "an id that is none", d.dana.post(t, d.act("1", "ask"), url.Values{"rule": {"all"}, "ask": {"x"}}), 404)
	inOrder := url.Values{"rule": {"order"}, "ask": {d.ids["mia"], d.ids["nora"]}, "place_" + d.ids["mia"]: {"2"}, "place_" + d.ids["nora"]: {"1"}}
	want(t, "ask", d.dana.post(t, d.act("1", "ask"), inOrder), 303)
	want(t, "ask twice", d.dana.post(t, d.act("1", "ask"), inOrder), 409)
	page := d.dana.get(t, d.page)
	has(t, "whose turn it is", page, "Then: ", "Close without an answer")
	has(t, "Nora is first", d.nora.get(t, d.page), "asks you to decide")
	hasNot(t, "Mia is second", d.mia.get(t, d.page), "asks you to decide")
	passed := d.nora.post(t, d.act("1", "pass-on"), url.Values{"to": {d.ids["mia"]}})
	want(t, "to who is asked already", passed, 422)
	has(t, "to who is asked already", passed, "They are asked already.")
	want(t, "withdraw", d.dana.post(t, d.act("1", "withdraw"), nil), 303)
	want(t, "withdraw twice", d.dana.post(t, d.act("1", "withdraw"), nil), 409)
	want(t, "ask Mia", d.dana.post(t, d.act("1", "ask"), url.Values{"rule": {"any"}, "ask": {d.ids["mia"]}, "due": {"2199-12-05"}}), 303)
	has(t, "Mia", d.mia.get(t, d.page), "Not me: pass on", "Nora "+d.Suffix)
	has(t, "without scripts", d.mia.get(t, d.page+"?version=1&decide=pass-on"), `id="decide"`, "Pass it on", `<option value="`+d.ids["nora"]+`"`)
	early := d.dana.post(t, d.act("1", "close"), nil)
	want(t, "close too early", early, 409)
	has(t, "close too early", early, "People still have time to answer.")
	want(t, "pass on", d.mia.post(t, d.act("1", "pass-on"), url.Values{"to": {d.ids["nora"]}}), 303)
	has(t, "Nora", d.nora.get(t, d.page), "Mia "+d.Suffix, "passed this decision on to you", "5 Dec")
	if _, err := storetest.AdminPool().Exec(t.Context(), `update review_requests set due_on = '2020-01-01' where tenant_id = $1`, d.danaMember.TenantID()); err != nil {
		t.Fatal(err)
	}
	want(t, "close", d.dana.post(t, d.act("1", "close"), nil), 303)
	has(t, "closed", d.nora.get(t, d.page), "Closed without an answer.")
	want(t, "too late", d.nora.post(t, d.act("1", "decide"), answerForm(strings.Repeat("00", 32), "approved", "")), 409)
	has(t, "ask again", d.dana.get(t, d.page), "Ask for a decision")
}

// Support that may make changes as a client, or as staff, is offered neither to decide nor
// to ask, and does neither.
func TestSupportIsNotOfferedToDecide(t *testing.T) {
	t.Parallel()
	d := setupReviewSite(t)
	want(t, "publish", d.dana.post(t, d.act("1", "publish"), url.Values{}), 303)
	content := contentIn(t, d.mia.get(t, d.page))
	mia := d.Member(t, d.Mia, d.Acme)
	grant := func(tx *store.Tx) error { return tx.GrantSupportToWrite(t.Context(), hour) }
	write(t, mia, grant)
	write(t, d.danaMember, grant)
	agent := storetest.Agent(t)
	for who, subject := range map[string]uuid.UUID{"as Mia": mia.ID(), "as Dana": d.danaMember.ID()} {
		token, session := storetest.SupportAs(t, agent, d.Acme, subject)
		if _, err := storetest.AdminPool().Exec(t.Context(), `update support_sessions set mode = 'write' where id = $1`, session); err != nil {
			t.Fatal(err)
		}
		b := d.nobody()
		b.signIn(t, token)
		page := b.get(t, d.page)
		want(t, who, page, 200)
		hasNot(t, who, page, `name="content"`, "Ask for a decision", "decide=approved")
		want(t, who+" decides", b.post(t, d.act("1", "decide"), answerForm(content, "approved", "")), 403)
		want(t, who+" asks", b.post(t, d.act("1", "ask"), url.Values{"ask": {d.ids["mia"]}, "rule": {"all"}}), 403)
		if _, err := storetest.AdminPool().Exec(t.Context(), `update support_sessions set ended_at = now(), ended_how = 'stopped' where id = $1`, session); err != nil {
			t.Fatal(err)
		}
	}
	want(t, "Mia decides", d.mia.post(t, d.act("1", "decide"), answerForm(content, "approved", "")), 303)
}

// Until a version is approved, clients look at its files and can't download them, in any
// way; staff can. The approval unlocks them, and only those of its version.
func TestDownloadsWaitForApproval(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	e := &fixture{slug: a.Acme, key: "k", staff: a.Member(t, a.Dana, a.Acme), maker: s.as(t, a.Dana)}
	e.tenant = e.staff.TenantID()
	dana, mia := e.maker, s.as(t, a.Mia)
	project := e.project(t, true)
	made := dana.post(t, e.at("/projects/"+project.String()+"/deliverables"), url.Values{"title": {"Poster"}, "downloads_wait": {"on"}})
	want(t, "create", made, 303)
	deliverable := must(uuid.Parse(between(made.location(), "/deliverables/", "?")))
	page := e.at("/deliverables/" + deliverable.String())
	has(t, "the form", dana.get(t, page+"/edit"), `name="downloads_wait" value="on" checked`)
	version := storetest.Draft(t, e.staff, deliverable)
	var ids []uuid.UUID
	for _, name := range []string{"one", "two"} {
		ids = append(ids, e.file(t, version, func(string) string { return name }))
	}
	e.publish(t, deliverable)
	archive := e.at("/versions/" + version.String() + "/files.zip")
	file := e.at("/files/" + ids[0].String())
	key, _ := storetest.APIKey(t, a.Mia, a.Acme, store.ScopeReadWork)
	program := s.nobody()
	program.header.Set("Authorization", "Bearer "+store.KeyPrefix+key.String())
	viewing := s.as(t, a.Dana)
	want(t, "view as", viewing.post(t, e.at("/view-as"), url.Values{"person": {idOf(t, a.Mia).String()}}), 303)
	locked := func(when string, status int) {
		t.Helper()
		for who, b := range map[string]*browser{"Mia": mia, "staff as Mia": viewing} {
			for _, path := range []string{file, archive} {
				got := b.get(t, path)
				want(t, when+", "+who+" at "+path, got, status)
				if status == 403 {
					has(t, when, got, "It unlocks when this version is approved.")
				}
			}
		}
		want(t, when+", her program", program.get(t, "/api/v1/files/"+ids[0].String()), status)
		want(t, when+", HEAD", mia.do(t, "HEAD", file, nil, ""), status)
		want(t, when+", HEAD of the archive", mia.do(t, "HEAD", archive, nil, ""), status)
		want(t, when+", a piece", mia.with("Range", "bytes=0-0").get(t, file), map[int]int{403: 403, 200: 206}[status])
		for _, path := range []string{file, archive} {
			want(t, when+", staff at "+path, dana.get(t, path), 200)
		}
		want(t, when+", the text", mia.get(t, file+"/text"), 200)
		want(t, when+", its preview", mia.get(t, file+"/preview"), 200)
	}
	locked("in review", 403)
	shown := mia.get(t, page)
	has(t, "Mia's page", shown, "You can download the files when version 1 is approved.")
	hasNot(t, "Mia's page", shown, "Download all", `href="`+file+`"`)
	has(t, "staff's page", dana.get(t, page), "Download all", `href="`+file+`"`, "Clients can download only after approval")
	act := page + "/versions/1/decide"
	want(t, "approve", mia.post(t, act, answerForm(contentIn(t, shown), "approved_with_changes", "A bit.")), 303)
	locked("approved", 200)
	has(t, "Mia's page", mia.get(t, page), "Download all", `href="`+file+`"`)
	want(t, "change her mind", mia.post(t, act, answerForm(contentIn(t, mia.get(t, page)), "changes_required", "No.")), 303)
	locked("changes needed", 403)
	form := dana.get(t, page+"/edit")
	want(t, "let them", dana.post(t, page, url.Values{"title": {"Poster"}, "seen": {seenIn(t, form.body, page)}}), 303)
	locked("for everyone", 200)
}

// Homes list the open requests: to the client their own, to staff all.
func TestHomesListRequests(t *testing.T) {
	t.Parallel()
	d := setupReviewSite(t)
	home := d.base + "/"
	for who, b := range map[string]*browser{"Mia": d.mia, "staff": d.dana} {
		hasNot(t, who+"'s home", b.get(t, home), "Waiting for you", "Waiting for the client")
	}
	want(t, "publish", d.dana.post(t, d.act("1", "publish"), url.Values{"ask": {d.ids["mia"], d.ids["nora"]}, "rule": {"order"}, "due": {"2199-12-05"}}), 303)
	at := `href="` + d.page + `?version=1"`
	has(t, "Mia's home", d.mia.get(t, home), "Waiting for you", at, "asked", "Dana "+d.Suffix, "5 Dec", "Decide on")
	hasNot(t, "Mia's home", d.mia.get(t, home), "New for you")
	for who, b := range map[string]*browser{"Nora": d.nora, "Leo": d.leo} {
		hasNot(t, who+"'s home", b.get(t, home), "Waiting for you", "Waiting for the client")
	}
	for who, b := range map[string]*browser{"who asked": d.dana, "a colleague": d.ravi} {
		has(t, who, b.get(t, home), "Waiting for the client", at, "for Mia "+d.Suffix, "not opened yet")
		hasNot(t, who, b.get(t, home), "for Nora", "In review <span")
	}
	want(t, "Mia decides", d.mia.post(t, d.act("1", "decide"), answerForm(contentIn(t, d.mia.get(t, d.page)), "approved", "")), 303)
	hasNot(t, "Mia's home", d.mia.get(t, home), "Waiting for you")
	has(t, "Nora's home", d.nora.get(t, home), "Waiting for you", at)
	has(t, "staff's home", d.dana.get(t, home), "for Nora "+d.Suffix)
	hasNot(t, "another client's home", d.as(t, d.Gus).get(t, "/w/"+d.Globex+"/"), "Waiting for you", "Poster")
	want(t, "archive", d.dana.post(t, d.page+"/archive", nil), 303)
	hasNot(t, "archived", d.dana.get(t, home), "Waiting for the client")
}
