package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// noteDesk is a published version in Acme with browsers of both sides.
type noteDesk struct {
	*storetest.Tenants
	*site
	staff       store.Member
	deliverable uuid.UUID
	file        uuid.UUID
	page        string // of the deliverable
	ravi, mia   *browser
}

func newNoteDesk(t *testing.T) *noteDesk {
	t.Helper()
	d := &noteDesk{Tenants: storetest.Agency(t), site: newSite(t)}
	d.staff = d.Member(t, d.Dana, d.Acme)
	project := storetest.Project(t, d.staff, "Spring "+d.Suffix)
	d.deliverable = storetest.Deliverable(t, d.staff, project, "Poster "+d.Suffix)
	d.file = storetest.File(t, d.staff, storetest.Draft(t, d.staff, d.deliverable), "poster.txt")
	write(t, d.staff, func(tx *store.Tx) error { return tx.Publish(t.Context(), d.deliverable, 1, "") })
	d.page = "/w/" + d.Acme + "/deliverables/" + d.deliverable.String()
	d.ravi, d.mia = d.as(t, d.Ravi), d.as(t, d.Mia)
	return d
}

func (d *noteDesk) at(path string, id uuid.UUID) string {
	return "/w/" + d.Acme + "/" + fmt.Sprintf(path, id)
}

// start sends the form of a note and returns the note.
func (d *noteDesk) start(t *testing.T, by *browser, form url.Values) (note store.Note) {
	t.Helper()
	want(t, "a note", by.post(t, d.page+"/versions/1/notes", form), http.StatusSeeOther)
	var notes []store.Note
	notes, _ = storetest.Notes(t, d.staff, d.deliverable, 1)
	return notes[0]
}

// Both sides write notes, answer and settle them in their own browsers, and each deed leads
// back to the note.
func TestBothSidesWriteNotes(t *testing.T) {
	t.Parallel()
	d := newNoteDesk(t)
	got := d.mia.post(t, d.page+"/versions/1/notes", url.Values{"words": {"Darker, please"}, "file": {d.file.String()}, "shown": {d.file.String()}})
	want(t, "Mia's note", got, http.StatusSeeOther)
	if to := got.location(); !strings.HasSuffix(to, "#note-1") || !strings.Contains(to, "did=note.written") || !strings.Contains(to, "file="+d.file.String()) {
		t.Errorf("it leads to %q", to)
	}
	has(t, "Ravi's page", d.ravi.get(t, d.page), "Darker, please", `id="note-1"`, "poster.txt", "sees this")
	var notes []store.Note
	notes, _ = storetest.Notes(t, d.staff, d.deliverable, 1)
	id := notes[0].ID
	want(t, "a reply", d.ravi.post(t, d.at("notes/%s/replies", id), url.Values{"words": {"In version 2"}, "visibility": {"client"}}), http.StatusSeeOther)
	has(t, "Mia's page", d.mia.get(t, d.page), "In version 2")
	want(t, "done", d.mia.post(t, d.at("notes/%s/resolve", id), nil), http.StatusSeeOther)
	hasNot(t, "the open notes", d.mia.get(t, d.page), "In version 2")
	has(t, "the done notes", d.mia.get(t, d.page+"?notes=done"), "In version 2", "Reopen")
	want(t, "reopened", d.ravi.post(t, d.at("notes/%s/reopen", id), nil), http.StatusSeeOther)
	has(t, "the open notes", d.mia.get(t, d.page), "In version 2")
	var comments []store.Comment
	_, comments = storetest.Notes(t, d.staff, d.deliverable, 1)
	want(t, "an edit of one's own", d.mia.post(t, d.at("comments/%s", comments[1].ID), url.Values{"words": {"Much darker"}}), http.StatusSeeOther)
	has(t, "the edit", d.ravi.get(t, d.page), "Much darker", "edited")
	has(t, "the trail", d.as(t, d.Dana).get(t, "/w/"+d.Acme+"/activity?kind=note"), "wrote a note on", "replied to a note on", "marked a note as done on", "reopened a note on", "edited a note on", "Poster "+d.Suffix)
	trail := d.mia.get(t, "/w/"+d.Acme+"/activity?kind=note")
	has(t, "the client's trail", trail, "wrote a note on", "marked a note as done on")
	hasNot(t, "the client's trail", trail, "replied to a note on")
}

var ago = regexp.MustCompile(`<time[^>]*>[^<]*</time>`)

// What the team says among itself leaves every page of the client as it was, byte for byte,
// and its headers.
func TestTeamNotesChangeNothingForTheClient(t *testing.T) {
	t.Parallel()
	d := newNoteDesk(t)
	shown := d.start(t, d.mia, url.Values{"words": {"Darker, please"}})
	pages := []string{d.page, d.page + "?notes=done", "/w/" + d.Acme + "/", "/w/" + d.Acme + "/projects", "/w/" + d.Acme + "/activity", "/switcher"}
	look := func() (all []string) {
		for _, path := range pages {
			got := d.mia.get(t, path)
			want(t, path, got, http.StatusOK)
			all = append(all, ago.ReplaceAllString(got.withoutRequestID(), "")+got.header.Get("ETag")+got.header.Get("Last-Modified"))
		}
		return all
	}
	look() // the first visits are recorded
	before := look()
	own := d.start(t, d.ravi, url.Values{"words": {"cnryteam"}, "visibility": {"team"}, "file": {d.file.String()}})
	want(t, "an aside", d.ravi.post(t, d.at("notes/%s/replies", shown.ID), url.Values{"words": {"cnryteam"}, "visibility": {"team"}}), http.StatusSeeOther)
	want(t, "a reply", d.ravi.post(t, d.at("notes/%s/replies", own.ID), url.Values{"words": {"cnryteam"}, "visibility": {"team"}}), http.StatusSeeOther)
	want(t, "done", d.ravi.post(t, d.at("notes/%s/resolve", own.ID), nil), http.StatusSeeOther)
	for i, after := range look() {
		if after != before[i] {
			t.Errorf("%s changed:\n%s\n%s", pages[i], before[i], after)
		}
		if strings.Contains(after, "cnryteam") {
			t.Errorf("%s has the team's words", pages[i])
		}
	}
	has(t, "staff's page", d.ravi.get(t, d.page+"?notes=done"), "cnryteam", `id="note-t1"`)
}

// A note that the client can't see, another tenant's and an invented one get one and the
// same answer.
func TestHiddenNotesAreRefusedAlike(t *testing.T) {
	t.Parallel()
	d := newNoteDesk(t)
	own := d.start(t, d.ravi, url.Values{"words": {"Ours"}, "visibility": {"team"}})
	var comments []store.Comment
	_, comments = storetest.Notes(t, d.staff, d.deliverable, 1)
	shown := d.start(t, d.mia, url.Values{"words": {"Darker, please"}})
	gus := d.as(t, d.Gus)
	globex := "/w/" + d.Globex
	for _, deed := range []string{"/replies", "/resolve", "/reopen"} {
		form := url.Values{"words": {"x"}}
		hidden := d.mia.post(t, d.at("notes/%s"+deed, own.ID), form)
		want(t, deed, hidden, http.StatusNotFound)
		for what, got := range map[string]answer{
			"invented":  d.mia.post(t, d.at("notes/%s"+deed, uuid.New()), form),
			"malformed": d.mia.post(t, "/w/"+d.Acme+"/notes/x"+deed, form),
		} {
			if got.status != hidden.status || got.withoutRequestID() != hidden.withoutRequestID() {
				t.Errorf("%s of a note that is %s: %d, another answer than for a hidden one", deed, what, got.status)
			}
		}
		foreign, invented := gus.post(t, globex+"/notes/"+shown.ID.String()+deed, form), gus.post(t, globex+"/notes/"+uuid.NewString()+deed, form)
		if foreign.status != http.StatusNotFound || foreign.withoutRequestID() != invented.withoutRequestID() {
			t.Errorf("%s of another tenant's note: %d", deed, foreign.status)
		}
	}
	hidden, invented := d.mia.post(t, d.at("comments/%s", comments[0].ID), url.Values{"words": {"x"}}), d.mia.post(t, d.at("comments/%s", uuid.New()), url.Values{"words": {"x"}})
	if hidden.status != http.StatusNotFound || hidden.withoutRequestID() != invented.withoutRequestID() {
		t.Errorf("an edit of a hidden note: %d", hidden.status)
	}
}

// Viewers read notes and write none; who views as a client and support write none either,
// and their pages have no form.
func TestOnlyEditorsInPersonWriteNotes(t *testing.T) {
	t.Parallel()
	d := newNoteDesk(t)
	note := d.start(t, d.mia, url.Values{"words": {"Darker, please"}})
	viewing := d.as(t, d.Dana)
	want(t, "view as", viewing.post(t, "/w/"+d.Acme+"/view-as", url.Values{"person": {d.Member(t, d.Mia, d.Acme).ID().String()}}), http.StatusSeeOther)
	for what, by := range map[string]*browser{"a viewer": d.as(t, d.Leo), "who views as Mia": viewing} {
		got := by.get(t, d.page)
		has(t, what, got, "Darker, please")
		hasNot(t, what, got, `id="write"`, "/replies", "/resolve")
		want(t, what+": a note", by.post(t, d.page+"/versions/1/notes", url.Values{"words": {"x"}, "visibility": {"client"}}), http.StatusForbidden)
		want(t, what+": a reply", by.post(t, d.at("notes/%s/replies", note.ID), url.Values{"words": {"x"}}), http.StatusForbidden)
		want(t, what+": done", by.post(t, d.at("notes/%s/resolve", note.ID), nil), http.StatusForbidden)
	}
	want(t, "a client shows", d.mia.post(t, d.at("notes/%s/show", note.ID), nil), http.StatusForbidden)
	has(t, "Mia's own page", d.mia.get(t, d.page), `id="write"`)
}

// A mistake keeps the words and the place, says what is wrong, and saves nothing. So does a
// version that another one replaced in the meantime: it says where to write.
func TestRefusedNotesKeepTheirWords(t *testing.T) {
	t.Parallel()
	d := newNoteDesk(t)
	file := d.file.String()
	for what, c := range map[string]struct {
		form url.Values
		says string
	}{
		"nothing":           {url.Values{"words": {" "}}, "Write something first."},
		"too much":          {url.Values{"words": {strings.Repeat("kept ", 20_000)}}, "At most 10000 fit."},
		"no page":           {url.Values{"words": {"kept"}, "file": {file}, "page": {"two"}}, "Enter the number of a page"},
		"no time":           {url.Values{"words": {"kept"}, "file": {file}, "time": {"1:99"}}, "Enter a time, such as 0:12 or 0:12.480."},
		"a time of a text":  {url.Values{"words": {"kept"}, "file": {file}, "time": {"0:12"}}, "Only video and sound have a time."},
		"a place of a text": {url.Values{"words": {"kept"}, "file": {file}, "place": {"B2"}}, "Only pictures and pages of a PDF have places."},
		"a lost pin":        {url.Values{"words": {"kept"}, "file": {file}, "place": {"pin"}, "x": {"99999"}, "y": {"1"}}, "Choose a place again."},
	} {
		got := d.mia.post(t, d.page+"/versions/1/notes", c.form)
		want(t, what, got, http.StatusUnprocessableEntity)
		has(t, what, got, c.says)
		if words := strings.TrimSpace(c.form.Get("words")); words != "" && !strings.Contains(got.body, words) {
			t.Errorf("%s: the words are lost", what)
		}
	}
	want(t, "who sees it", d.ravi.post(t, d.page+"/versions/1/notes", url.Values{"words": {"kept"}}), http.StatusUnprocessableEntity)
	want(t, "another version's number", d.mia.post(t, d.page+"/versions/2/notes", url.Values{"words": {"x"}}), http.StatusNotFound)
	want(t, "a number that is none", d.mia.post(t, d.page+"/versions/x/notes", url.Values{"words": {"x"}}), http.StatusNotFound)
	note := d.start(t, d.mia, url.Values{"words": {"Darker, please"}})
	for what, got := range map[string]answer{
		"an empty reply": d.ravi.post(t, d.at("notes/%s/replies", note.ID), url.Values{"words": {""}, "visibility": {"team"}}),
		"a long reply":   d.ravi.post(t, d.at("notes/%s/replies", note.ID), url.Values{"words": {strings.Repeat("kept ", 20_000)}, "visibility": {"team"}}),
		"nothing ticked": d.ravi.post(t, d.at("notes/%s/show", note.ID), nil),
	} {
		want(t, what, got, http.StatusUnprocessableEntity)
		has(t, what, got, `role="alert"`)
	}
	if _, err := storetest.AdminPool().Exec(t.Context(), `update versions set locked_at = now() where deliverable_id = $1`, d.deliverable); err != nil {
		t.Fatal(err)
	}
	for what, got := range map[string]answer{
		"a note":  d.mia.post(t, d.page+"/versions/1/notes", url.Values{"words": {"kept words"}}),
		"a reply": d.ravi.post(t, d.at("notes/%s/replies", note.ID), url.Values{"words": {"kept words"}, "visibility": {"team"}}),
	} {
		want(t, what, got, http.StatusConflict)
		has(t, what, got, "Version 1 is out. Write your note there.", "kept words", d.page+"?version=1#write")
	}
	locked := d.mia.get(t, d.page)
	has(t, "the locked version", locked, "Darker, please", "Write your note there.")
	hasNot(t, "the locked version", locked, "/replies", "/resolve")
	var notes []store.Note
	if notes, _ = storetest.Notes(t, d.staff, d.deliverable, 1); len(notes) != 1 {
		t.Errorf("%d notes were saved, want 1", len(notes))
	}
}

// A support session that may make changes has no form for notes either, and can't send one.
func TestSupportPagesHaveNoNoteForm(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letWrite(t)
	ravi := d.Member(t, d.Ravi, d.Acme)
	deliverable := storetest.Deliverable(t, ravi, storetest.Project(t, ravi, "Spring"), "Poster")
	storetest.File(t, ravi, storetest.Draft(t, ravi, deliverable), "poster.txt")
	write(t, ravi, func(tx *store.Tx) error { return tx.Publish(t.Context(), deliverable, 1, "") })
	d.in(t, d.Dana)
	want(t, "the step", d.prove(t).sam.post(t, "/support/write", sure), http.StatusSeeOther)
	page := d.base + "/deliverables/" + deliverable.String()
	got := d.sam.get(t, page)
	has(t, "the page", got, "Start version 2", `id="notes"`)
	hasNot(t, "the page", got, `id="write"`)
	want(t, "a note", d.sam.post(t, page+"/versions/1/notes", url.Values{"words": {"x"}, "visibility": {"client"}}), http.StatusForbidden)
}
