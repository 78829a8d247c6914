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

// nextDraft starts version 2 with one file.
func (d *noteDesk) nextDraft(t *testing.T) {
	t.Helper()
	write(t, d.staff, func(tx *store.Tx) error { _, err := tx.AddVersion(t.Context(), d.deliverable); return err })
	storetest.File(t, d.staff, storetest.Draft(t, d.staff, d.deliverable), "poster 2.txt")
}

func (d *noteDesk) publishForm(t *testing.T, more url.Values) url.Values {
	t.Helper()
	more.Set("seen", seenIn(t, d.ravi.get(t, d.page).body, d.page+"/versions/2/publish"))
	return more
}

// The form that publishes lists the client's open notes of the version before. What is ticked
// is done in the new version, with the line as a reply; the rest goes on. The client reads
// how many are done. The form lists the team's notes too, and the client's pages are the same
// with and without them.
func TestPublishFormAnswersOpenNotes(t *testing.T) {
	t.Parallel()
	d := newNoteDesk(t)
	first := d.start(t, d.mia, url.Values{"words": {"Could this be darker?"}, "file": {d.file.String()}})
	d.start(t, d.mia, url.Values{"words": {"And bigger"}})
	team := d.start(t, d.ravi, url.Values{"words": {"cnryteam"}, "visibility": {"team"}})
	d.nextDraft(t)
	form := d.ravi.get(t, d.page)
	has(t, "the form", form, "Could this be darker?", "And bigger", "Done here", `value="`+first.ID.String()+`"`, "poster.txt")
	has(t, "the form", form, "cnryteam", `value="`+team.ID.String()+`"`, "Our team only.")
	hasNot(t, "the client's page", d.mia.get(t, d.page), "Done here")
	in := d.publishForm(t, url.Values{"done": {first.ID.String()}, "line_" + first.ID.String(): {"Two steps darker"}, "line_" + team.ID.String(): {"cnryline"}})
	want(t, "publish", d.ravi.post(t, d.page+"/versions/2/publish", in), http.StatusSeeOther)
	has(t, "Mia's page", d.mia.get(t, d.page), "1 of 2", "And bigger")
	has(t, "Mia's done notes", d.mia.get(t, d.page+"?notes=done"), "Two steps darker", "Could this be darker?")
	has(t, "Ravi's page", d.ravi.get(t, d.page), "cnryteam", "cnryline", "Note </span>T1")
	with := map[string]string{d.page: "", d.page + "?notes=done": "", d.page + "?version=1": ""}
	for page := range with {
		answer := d.mia.get(t, page)
		hasNot(t, "Mia's "+page, answer, "cnry")
		with[page] = answer.withoutRequestID()
	}
	if _, err := storetest.AdminPool().Exec(t.Context(), `delete from threads where visibility = 'team' and version_id in (select id from versions where deliverable_id = $1)`, d.deliverable); err != nil {
		t.Fatal(err)
	}
	for page, before := range with {
		if d.mia.get(t, page).withoutRequestID() != before {
			t.Errorf("Mia's %s changes with the team's notes", page)
		}
	}
	has(t, "the trail", d.as(t, d.Dana).get(t, "/w/"+d.Acme+"/activity"), "published a new version of")
}

// A note that is done meanwhile and an invented one are refused alike. The form
// is there again as it was sent, and no line is lost.
func TestRefusedAnswersKeepTheirLines(t *testing.T) {
	t.Parallel()
	d := newNoteDesk(t)
	open, other := d.start(t, d.mia, url.Values{"words": {"Darker"}}), d.start(t, d.mia, url.Values{"words": {"Bigger"}})
	d.nextDraft(t)
	lines := func(id string) url.Values {
		return url.Values{"done": {id, open.ID.String()}, "line_" + id: {"My line"}, "line_" + open.ID.String(): {"The other line"}, "note": {"Look"}}
	}
	for _, id := range []string{uuid.NewString()} {
		got := d.ravi.post(t, d.page+"/versions/2/publish", d.publishForm(t, lines(id)))
		want(t, "a note that isn't carried", got, http.StatusConflict)
		has(t, "the refusal", got, "Not published: a note was marked as done while you were reading.", "My line", "The other line", `value="`+open.ID.String()+`" checked`)
	}
	in := d.publishForm(t, lines(other.ID.String()))
	want(t, "done", d.mia.post(t, d.at("notes/%s/resolve", other.ID), nil), http.StatusSeeOther)
	got := d.ravi.post(t, d.page+"/versions/2/publish", in)
	want(t, "a note that is done meanwhile", got, http.StatusConflict)
	has(t, "the refusal", got, "My line", "The other line")
	want(t, "no note at all", d.ravi.post(t, d.page+"/versions/2/publish", url.Values{"done": {"nonsense"}}), http.StatusNotFound)
	want(t, "no line of a note", d.ravi.post(t, d.page+"/versions/2/publish", url.Values{"line_nonsense": {"x"}}), http.StatusNotFound)
	want(t, "the client", d.mia.post(t, d.page+"/versions/2/publish", in), http.StatusForbidden)
	bad := d.publishForm(t, url.Values{"line_" + open.ID.String(): {"bad \x00 line"}})
	refused := d.ravi.post(t, d.page+"/versions/2/publish", bad)
	want(t, "a line that can't be shown", refused, http.StatusUnprocessableEntity)
	has(t, "the refusal", refused, "check what you wrote about the notes")
	hasNot(t, "Mia's page", d.mia.get(t, d.page), "My line", "The other line")
}

// The form that publishes says whether downloads wait. It changes that only if its box was
// changed: who published with an older page changes nothing that somebody else set meanwhile.
func TestPublishFormSaysWhetherDownloadsWait(t *testing.T) {
	t.Parallel()
	d := newNoteDesk(t)
	d.nextDraft(t)
	waits := func() bool {
		var work store.Deliverable
		read(t, d.staff, store.GetDeliverable(d.deliverable, &work))
		return work.DownloadsWait
	}
	page := d.ravi.get(t, d.page)
	has(t, "the form", page, `name="downloads_wait"`, `name="downloads_were" value="free"`)
	write(t, d.staff, func(tx *store.Tx) error {
		return tx.UpdateDeliverable(t.Context(), d.deliverable, store.DeliverableInput{Title: "Poster", DownloadsWait: true})
	})
	refused := d.ravi.post(t, d.page+"/versions/2/publish", url.Values{"note": {strings.Repeat("x", 2001)}, "downloads_were": {"free"}, "downloads_wait": {"on"}})
	want(t, "a note that is too long", refused, http.StatusUnprocessableEntity)
	has(t, "the form again", refused, `name="downloads_wait" value="on" checked`)
	want(t, "publish", d.ravi.post(t, d.page+"/versions/2/publish", d.publishForm(t, url.Values{"downloads_were": {"free"}})), http.StatusSeeOther)
	if !waits() {
		t.Error("a form whose box was not changed changed what somebody else had set")
	}
	write(t, d.staff, func(tx *store.Tx) error { _, err := tx.AddVersion(t.Context(), d.deliverable); return err })
	storetest.File(t, d.staff, storetest.Draft(t, d.staff, d.deliverable), "poster 3.txt")
	in := url.Values{"downloads_were": {"wait"}, "seen": {seenIn(t, d.ravi.get(t, d.page).body, d.page+"/versions/3/publish")}}
	want(t, "publish", d.ravi.post(t, d.page+"/versions/3/publish", in), http.StatusSeeOther)
	if waits() {
		t.Error("the box was cleared, and downloads still wait")
	}
}
