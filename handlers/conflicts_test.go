package handlers_test

import (
	"cmp"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

var seenField = regexp.MustCompile(`<input type="hidden" name="seen" value="([^"]+)"`)

// seenIn returns what the form to that path carries of the state that it was read in.
func seenIn(t *testing.T, page, action string) string {
	t.Helper()
	_, form, found := strings.Cut(page, `action="`+action+`"`)
	form, _, _ = strings.Cut(form, "</form>")
	field := seenField.FindStringSubmatch(form)
	if !found || field == nil {
		t.Fatalf("the form to %s carries nothing of what was read", action)
	}
	return html.UnescapeString(field[1])
}

// Two people open the same form. The second to save gets 409 with their own text, what
// the first saved, and a form that saves theirs after all. Nothing is lost.
func TestConflictShowsBoth(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	storetest.Plan(t, a.Acme, "starter")
	dana := s.as(t, a.Dana)
	acme := a.Member(t, a.Dana, a.Acme)
	base, agency := "/w/"+a.Acme, "/w/"+a.Agency
	project := storetest.Project(t, acme, "Spring").String()
	deliverable := storetest.Deliverable(t, acme, storetest.Project(t, acme, "Other"), "Poster").String()
	leo := a.Member(t, a.Leo, a.Acme).ID().String()
	client := agency + "/clients/" + acme.TenantID().String()
	third := strings.Split(dana.post(t, agency+"/clients", url.Values{"name": {"Third"}, "slug": {"third-" + a.Suffix}, "plan": {"starter"}}).location(), "?")[0]
	ravi, globex := a.Member(t, a.Ravi, a.Acme).ID().String(), a.Member(t, a.Dana, a.Globex).TenantID().String()
	cara, finn := colleague(t, a, "Cara"), colleague(t, a, "Finn")
	draft := storetest.Draft(t, acme, must(uuid.Parse(deliverable)))
	var files []string
	for _, name := range []string{"one.txt", "two.txt", "three.txt"} {
		files = append(files, storetest.File(t, acme, draft, name).String())
	}
	for what, c := range map[string]struct {
		page, action    string
		first, second   url.Values
		theirs, typed   string // on the page of the conflict
		afterwards, now string // a page, and what it shows in the end
		other           string // the action of the second, if it is another than of the first
	}{
		"a project's name": {base + "/projects/" + project + "/edit", base + "/projects/" + project,
			url.Values{"name": {"Summer by Ravi"}}, url.Values{"name": {"Autumn by Dana"}}, "Summer by Ravi", `value="Autumn by Dana"`,
			base + "/projects/" + project, "Autumn by Dana", ""},
		"a brief": {base + "/deliverables/" + deliverable + "/edit", base + "/deliverables/" + deliverable,
			url.Values{"title": {"Poster"}, "brief": {"Look at the <b>type</b>"}}, url.Values{"title": {"Poster"}, "brief": {"Look at the colours"}},
			"Look at the &lt;b&gt;type&lt;/b&gt;", ">Look at the colours</textarea>", base + "/deliverables/" + deliverable, "Look at the colours", ""},
		"the settings": {base + "/settings", base + "/settings",
			url.Values{"name": {"Acme"}, "welcome": {"Welcome back"}}, url.Values{"name": {"Acme Ltd"}}, "Welcome back", `value="Acme Ltd"`,
			base + "/settings", "Acme Ltd", ""},
		"a client's name": {client, client, url.Values{"name": {"Acme One"}}, url.Values{"name": {"Acme Two"}}, "Acme One", `value="Acme Two"`, client, "Acme Two", ""},
		"a client's plan": {client, client + "/plan", url.Values{"plan": {"growth"}}, url.Values{"plan": {"enterprise"}}, "<dt>Plan</dt>", `value="enterprise" selected`,
			client, `value="enterprise" selected`, ""},
		"a role": {base + "/members/" + leo, base + "/members/" + leo + "/role", url.Values{"role": {"admin"}}, url.Values{"role": {"member"}},
			"<dt>Role</dt>", `value="member" selected`, base + "/members/" + leo, `value="member" selected`, ""},
		"the lead file": {base + "/deliverables/" + deliverable, base + "/files/" + files[1] + "/lead", url.Values{}, url.Values{}, "There you chose two.txt.", "Your choice, three.txt,",
			base + "/deliverables/" + deliverable, `name="seen" value="` + files[2] + `"`, base + "/files/" + files[2] + "/lead"},
		"support access": {base + "/support", base + "/support/grant", url.Values{"hours": {"4"}, "mode": {"read"}}, url.Values{"hours": {"24"}, "mode": {"write"}},
			"Read-only, allowed by Dana", `value="24" selected`, base + "/support", "Support can make changes", ""},
		"a person's clients": {agency + "/members/" + ravi, agency + "/members/" + ravi + "/clients", work(acme.TenantID().String(), globex, "viewer"), work(acme.TenantID().String(), globex, "admin"),
			"Globex " + a.Suffix + " (Viewer)", `value="admin" selected`, agency + "/members/" + ravi, "Viewer", ""},
		"a client's team": {client, client + "/staff", url.Values{"person": {cara}, "role": {"viewer"}}, url.Values{"person": {finn}, "role": {"viewer"}},
			"Cara (Viewer)", `value="` + finn + `" checked`, client, `title="Finn"`, ""},
		"a client's state":  {third, third + "/suspend", url.Values{}, url.Values{}, "is suspended now", "You chose to archive it", third, "It is archived", third + "/archive"},
		"an account's name": {"/account", "/account/name", url.Values{"name": {"Dana One"}}, url.Values{"name": {"Dana Two"}}, "Dana One", `value="Dana Two"`, "/account", `value="Dana Two"`, ""},
	} {
		second := cmp.Or(c.other, c.action)
		page := dana.get(t, c.page).body
		seen, secondSeen := seenIn(t, page, c.action), seenIn(t, page, second)
		save := func(action string, form url.Values, seen string) answer {
			form.Set("seen", seen)
			return dana.post(t, action, form)
		}
		want(t, what+": the first", save(c.action, c.first, seen), 303)
		conflict := save(second, c.second, secondSeen)
		want(t, what+": the second", conflict, 409)
		who := "in another tab or window"
		if what == "a client's team" { // whose trail doesn't name the client
			who = "Someone else saved this"
		}
		for _, part := range []string{c.theirs, c.typed, "not saved yet", `href="`, who} {
			if !strings.Contains(conflict.body, part) {
				t.Errorf("%s: the conflict lacks %q", what, part)
			}
		}
		if page = conflict.body; !strings.Contains(page, `action="`+second+`"`) {
			page = dana.get(t, c.page).body // to which the conflict leads
			has(t, what+": the conflict", conflict, `href="`+c.page+`"`)
		}
		again := save(second, c.second, seenIn(t, page, second))
		want(t, what+": the second again", again, 303)
		if page := dana.get(t, c.afterwards); !strings.Contains(page.body, c.now) {
			t.Errorf("%s: in the end the page lacks %q", what, c.now)
		}
	}
}

// A conflict says whether somebody else saved meanwhile, or the same person in another tab.
func TestConflictSaysWhoSaved(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana, ravi := s.as(t, a.Dana), s.as(t, a.Ravi)
	acme := a.Member(t, a.Dana, a.Acme)
	base := "/w/" + a.Acme
	project := storetest.Project(t, acme, "Spring")
	for what, c := range map[string]struct{ action, field string }{
		"a project":     {base + "/projects/" + project.String(), "name"},
		"a deliverable": {base + "/deliverables/" + storetest.Deliverable(t, acme, project, "Poster").String(), "title"},
	} {
		save := func(by *browser, text, seen string) answer {
			return by.post(t, c.action, url.Values{c.field: {text}, "seen": {seen}})
		}
		seen := seenIn(t, dana.get(t, c.action+"/edit").body, c.action)
		want(t, what+": another person", save(ravi, "By another", seen), 303)
		told := save(dana, "By Dana", seen)
		want(t, what+": Dana", told, 409)
		has(t, what+": after another person", told, "Someone else saved this", "keep theirs")
		hasNot(t, what+": after another person", told, "in another tab")
		want(t, what+": Dana again", save(dana, "By Dana", seenIn(t, told.body, c.action)), 303)
		told = save(dana, "By Dana in a second tab", seen)
		want(t, what+": Dana in a second tab", told, 409)
		has(t, what+": after herself", told, "You saved this in another tab or window", "keep what you saved")
		hasNot(t, what+": after herself", told, "Someone else")
		told = save(ravi, "By another again", seen)
		want(t, what+": the other person", told, 409)
		has(t, what+": the other person", told, "Someone else saved this")
	}
}

// colleague adds somebody to the agency who works in none of its clients, and returns
// their id.
func colleague(t *testing.T, a *storetest.Tenants, name string) string {
	t.Helper()
	var id uuid.UUID
	err := storetest.DB().Write(t.Context(), a.Member(t, a.Dana, a.Agency), func(tx *store.Tx) (err error) {
		id, err = tx.AddPerson(t.Context(), store.NewPerson{Name: name, Email: strings.ToLower(name) + "@" + a.Suffix + ".test", Party: store.PartyAgency, Role: store.RoleMember})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

// work is the form that adds a client to the one in which somebody works.
func work(here, added, role string) url.Values {
	return url.Values{"was": {here}, "client": {here, added}, "client_role": {role}}
}

// Two people who save the same have no conflict, nor have two acts of the same kind.
func TestEqualActsAreNoConflict(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana, acme := s.as(t, a.Dana), a.Member(t, a.Dana, a.Acme)
	agency, client := "/w/"+a.Agency, "/w/"+a.Agency+"/clients/"+acme.TenantID().String()
	ravi, globex := agency+"/members/"+a.Member(t, a.Ravi, a.Acme).ID().String(), a.Member(t, a.Dana, a.Globex).TenantID().String()
	deliverable := storetest.Deliverable(t, acme, storetest.Project(t, acme, "Spring"), "Poster")
	draft := storetest.Draft(t, acme, deliverable)
	storetest.File(t, acme, draft, "one.txt")
	two := storetest.File(t, acme, draft, "two.txt").String()
	cara := colleague(t, a, "Cara")
	colleague(t, a, "Finn")
	for _, c := range []struct {
		page, action string
		form         url.Values
	}{
		{"/account", "/account/name", url.Values{"name": {"Dana again"}}},
		{"/w/" + a.Acme + "/deliverables/" + deliverable.String(), "/w/" + a.Acme + "/files/" + two + "/lead", url.Values{}},
		{ravi, ravi + "/clients", work(acme.TenantID().String(), globex, "viewer")},
		{client, client + "/staff", url.Values{"person": {cara}, "role": {"viewer"}}},
		{client, client + "/suspend", url.Values{}},
	} {
		c.form.Set("seen", seenIn(t, dana.get(t, c.page).body, c.action))
		for _, who := range []string{"the first", "the second"} {
			want(t, who+" to "+c.action, dana.post(t, c.action, c.form), 303)
		}
	}
}

// Two people who save the same text have no conflict.
func TestEqualEditsAreNoConflict(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	ravi := s.as(t, a.Ravi)
	at := "/w/" + a.Acme + "/projects/" + storetest.Project(t, a.Member(t, a.Ravi, a.Acme), "Spring").String()
	form := url.Values{"name": {"Summer"}, "seen": {seenIn(t, ravi.get(t, at+"/edit").body, at)}}
	want(t, "the first", ravi.post(t, at, form), 303)
	want(t, "the second", ravi.post(t, at, form), 303)
	form.Set("name", "Autumn")
	want(t, "another text", ravi.post(t, at, form), 409)
}

// Somebody who moves a row that another has moved meanwhile is told, and the order of
// the other stays. A script gets the new state of the row for its next move.
func TestMoveOfAMovedRowIsTold(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	ravi, me := s.as(t, a.Ravi), a.Member(t, a.Ravi, a.Acme)
	base := "/w/" + a.Acme
	last, middle, first := storetest.Project(t, me, "C").String(), storetest.Project(t, me, "B").String(), storetest.Project(t, me, "A").String()
	list := ravi.get(t, base+"/projects?order=1").body
	move := func(id, after, seen string) answer {
		return ravi.post(t, base+"/projects/"+id+"/move", url.Values{"after": {after}, "seen": {seen}})
	}
	seenA, seenC := seenIn(t, list, base+"/projects/"+first+"/move"), seenIn(t, list, base+"/projects/"+last+"/move")
	want(t, "the first to move A", move(first, last, seenA), 303)
	want(t, "another row", move(last, "", seenC), 303)
	told := move(first, middle, seenA)
	want(t, "the second to move A", told, 409)
	if !strings.Contains(told.body, `href="`+base+`/projects"`) {
		t.Error("the page has no link to the list")
	}
	if order := names(ravi.get(t, base+"/projects").body, "A", "B", "C"); order != "CBA" {
		t.Errorf("the order is %s", order)
	}
	ravi.header.Set("Accept", "application/json")
	now := seenIn(t, s.as(t, a.Ravi).get(t, base+"/projects?order=1").body, base+"/projects/"+first+"/move")
	for range 3 {
		moved := move(first, "", now)
		want(t, "by a script", moved, 204)
		now = strings.Trim(moved.header.Get("ETag"), `"`)
	}
	want(t, "by a script with an old state", move(first, last, seenA), 409)
}

// Without scripts the order changes by forms on a page of its own, and each move leads back to it. The rows of the plain list
// carry the same state for the script. People who can't change the order get the plain list.
func TestOrderChangesByForms(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	ravi, me := s.as(t, a.Ravi), a.Member(t, a.Ravi, a.Acme)
	project := storetest.Project(t, me, "Spring")
	for _, title := range []string{"A", "B", "C"} {
		storetest.Deliverable(t, me, project, title)
	}
	storetest.Project(t, me, "Summer")
	base := "/w/" + a.Acme + "/projects"
	for _, c := range []struct {
		list string
		of   []string
		want []string
	}{
		{base + "/" + project.String(), []string{"A", "B", "C"}, []string{"BCA", "CAB"}},
		{base, []string{"Summer", "Spring"}, []string{"SpringSummer", "SummerSpring"}},
	} {
		has(t, "the plain list", ravi.get(t, c.list), `href="`+c.list+`?order=1"`)
		for _, want := range c.want {
			page := ravi.get(t, c.list+"?order=1")
			before := names(page.body, c.of...)
			action, form := firstMove(t, page.body)
			moved := ravi.post(t, action, form)
			if moved.status != 303 || moved.location() != c.list+"?order=1" {
				t.Errorf("the move answers %d and leads to %s", moved.status, moved.location())
			}
			if got := names(ravi.get(t, c.list).body, c.of...); got != want {
				t.Errorf("%s becomes %s, want %s", before, got, want)
			}
			if seen := form.Get("seen"); seen == "" || !strings.Contains(ravi.get(t, c.list).body, ` data-placed="`) {
				t.Errorf("the state is %q", seen)
			}
		}
		hasNot(t, "a client", s.as(t, a.Mia).get(t, c.list+"?order=1"), "/move")
	}
}

// firstMove is the last button of the first row's form: to the bottom.
func firstMove(t *testing.T, page string) (action string, fields url.Values) {
	t.Helper()
	form := regexp.MustCompile(`(?s)<form class="moves" method="post" action="([^"]+)">(.*?)</form>`).FindStringSubmatch(page)
	if form == nil {
		t.Fatal("no form moves a row")
	}
	fields = url.Values{}
	for _, field := range regexp.MustCompile(` name="(\w+)" value="([^"]*)"`).FindAllStringSubmatch(form[2], -1) {
		fields.Set(field[1], html.UnescapeString(field[2]))
	}
	return form[1], fields
}

// names returns the names in the order in which the page's links have them.
func names(page string, of ...string) (order string) {
	for _, line := range strings.Split(page, "<li")[1:] {
		for _, name := range of {
			if strings.Contains(line, ">"+name+"</a>") {
				order += name
			}
		}
	}
	return order
}

// The page of a draft names the file that hasn't finished uploading. The draft can be
// published without it, and the form keeps what was typed. A file that is left out is gone
// from the draft and no longer counts as storage.
func TestPublishSaysWhatIsNotHere(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	dana := d.as(t, d.Dana)
	page, action := d.at("/deliverables/%s", d.deliverable), d.at("/deliverables/%s/versions/1/publish", d.deliverable)
	if empty := d.ravi.get(t, page); !strings.Contains(empty.body, "It has no file yet") || !strings.Contains(empty.body, `disabled aria-describedby="no-publish"`) {
		t.Error("the page of an empty draft does not say why it can't be published")
	}
	none := d.ravi.post(t, action, url.Values{"note": {"typed " + d.Suffix}})
	want(t, "nothing to publish", none, 409)
	me := d.Member(t, d.Ravi, d.Acme)
	coming := storetest.BeginUpload(t, me, d.draft, "coming.mp4", 900).String()
	if waits := d.ravi.get(t, page); !strings.Contains(waits.body, "coming.mp4 hasn&#39;t finished uploading") {
		t.Error("the page does not name the file that is not here")
	}
	storetest.File(t, me, d.draft, "here.txt")
	seen := seenIn(t, dana.get(t, page).body, action)
	told := dana.post(t, action, url.Values{"note": {"typed " + d.Suffix}, "seen": {seen}})
	want(t, "a file is not here", told, 409)
	for _, part := range []string{"coming.mp4", "typed " + d.Suffix, `name="leave_out" value="` + coming + `"`, "Publish without this file"} {
		if !strings.Contains(told.body, part) {
			t.Errorf("the refusal lacks %q", part)
		}
	}
	storetest.File(t, me, d.draft, "unseen.txt")
	changed := dana.post(t, action, url.Values{"leave_out": {coming}, "seen": {seen}})
	want(t, "another file came", changed, 409)
	if !strings.Contains(changed.body, "its files changed") {
		t.Error("nobody says that the files changed")
	}
	want(t, "another tenant's file", dana.post(t, action, url.Values{"leave_out": {store.NewID().String()}}), 409)
	want(t, "no id", dana.post(t, action, url.Values{"leave_out": {"none"}}), 404)
	done := dana.post(t, action, url.Values{"leave_out": {coming}, "seen": {seenIn(t, changed.body, action)}, "note": {"Look"}})
	want(t, "without it", done, 303)
	if after := d.ravi.get(t, page); strings.Contains(after.body, "coming.mp4") || !strings.Contains(after.body, "unseen.txt") {
		t.Error("the published version has other files")
	}
	want(t, "twice", dana.post(t, action, url.Values{"seen": {seen}}), 409)
}
