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

// twoFiles adds a second file to the version, and makes both pictures.
func (d *noteDesk) twoFiles(t *testing.T) (other uuid.UUID) {
	t.Helper()
	other = store.NewID()
	run(t, storetest.Admin(t), `
insert into files (tenant_id, id, version_id, name, state, declared_size, size, sha256, content_type, object_key, position, shared_at, created_by)
select tenant_id, $2, version_id, 'other.png', 'ready', 1, 1, sha256, content_type, replace(object_key, id::text, $2::uuid::text), 9, shared_at, created_by from files where id = $1`, d.file, other)
	run(t, storetest.Admin(t), `update files set content_type = 'image/png' where id = any ($1)`, []uuid.UUID{d.file, other})
	return other
}

// A page has the notes on its file and says how many there are on others. What somebody
// writes on another file leads there.
func TestPagesHaveTheNotesOfTheirFile(t *testing.T) {
	t.Parallel()
	d := newNoteDesk(t)
	other := d.twoFiles(t)
	d.start(t, d.mia, url.Values{"words": {"Whole"}})
	got := d.mia.post(t, d.page+"/versions/1/notes", url.Values{"words": {"Here"}, "file": {d.file.String()}, "place": {"B2"}, "shown": {d.file.String()}})
	want(t, "a note", got, http.StatusSeeOther)
	got = d.mia.post(t, d.page+"/versions/1/notes", url.Values{"words": {"There"}, "file": {other.String()}, "place": {"C3"}, "shown": {d.file.String()}})
	want(t, "a note on the other file", got, http.StatusSeeOther)
	if to := got.location(); !strings.Contains(to, "file="+other.String()) || !strings.HasSuffix(to, "#note-3") {
		t.Errorf("it leads to %q", to)
	}
	page := d.mia.get(t, d.page)
	has(t, "the first file", page, "Whole", "Here", `id="pin-2"`, "1 more on other files", "1 open note<")
	hasNot(t, "the first file", page, "There", `id="pin-3"`)
	there := d.mia.get(t, d.page+"?file="+other.String())
	has(t, "the other file", there, "Whole", "There", `id="pin-3"`, "1 more on other files")
	hasNot(t, "the other file", there, "Here", `id="pin-2"`)
	all := d.mia.get(t, d.page+"?on=all")
	has(t, "all files", all, "Whole", "Here", "There", `name="shown_on" value="all"`)
	want(t, "a file of another version", d.mia.get(t, d.page+"?file="+uuid.NewString()), http.StatusNotFound)
	note := d.start(t, d.mia, url.Values{"words": {"Again"}, "file": {other.String()}, "shown": {other.String()}})
	reply := d.mia.post(t, d.at("notes/%s/replies", note.ID), url.Values{"words": {"And"}, "shown": {d.file.String()}, "shown_on": {"all"}})
	if to := reply.location(); !strings.Contains(to, "on=all") || !strings.HasSuffix(to, "#note-4") {
		t.Errorf("a reply among the notes on all files leads to %q", to)
	}
}

// The notes are those of the file that is shown first: the first that browsers show, or the
// lead.
func TestNotesAreThoseOfTheShownFile(t *testing.T) {
	t.Parallel()
	d := newNoteDesk(t)
	other := d.twoFiles(t)
	run(t, storetest.Admin(t), `update files set content_type = 'image/x-unknown' where id = $1`, d.file)
	d.start(t, d.mia, url.Values{"words": {"Unshown"}, "file": {d.file.String()}})
	d.start(t, d.mia, url.Values{"words": {"Shown"}, "file": {other.String()}})
	page := d.mia.get(t, d.page)
	has(t, "the page", page, ">Shown<", "1 more on other files")
	hasNot(t, "the page", page, "Unshown")
	run(t, storetest.Admin(t), `update files set lead = true where id = $1`, d.file)
	page = d.mia.get(t, d.page)
	has(t, "the page with a lead", page, "Unshown")
	hasNot(t, "the page with a lead", page, ">Shown<")
}

// The link of a mail leads to the page that lists the note, with its file and its page of the
// list. For a client, one to a team note leads where one to an invented note leads.
func TestLinksLeadToTheNote(t *testing.T) {
	t.Parallel()
	d := newNoteDesk(t)
	other := d.twoFiles(t)
	d.start(t, d.mia, url.Values{"words": {"There"}, "file": {other.String()}})
	team := d.start(t, d.ravi, url.Values{"words": {"cnryteam"}, "visibility": {"team"}, "file": {other.String()}})
	to := func(by *browser, note string) string {
		got := by.get(t, d.page+"?version=1&note="+note)
		want(t, note, got, http.StatusSeeOther)
		return got.location()
	}
	if got := to(d.mia, "1"); !strings.Contains(got, "file="+other.String()) || !strings.HasSuffix(got, "#note-1") {
		t.Errorf("a note leads to %q", got)
	}
	if got := to(d.ravi, "t1"); !strings.Contains(got, "file="+other.String()) || !strings.HasSuffix(got, "#note-t1") {
		t.Errorf("a team note leads to %q", got)
	}
	hidden, invented := to(d.mia, "t1"), to(d.mia, "t7")
	if hidden != invented || strings.Contains(hidden, other.String()) || !strings.HasSuffix(hidden, "?version=1#notes") {
		t.Errorf("a hidden note leads to %q, an invented one to %q", hidden, invented)
	}
	has(t, "no label", d.mia.get(t, d.page+"?note=x"), `id="notes"`)
	gus := d.as(t, d.Gus)
	foreign := gus.get(t, strings.Replace(d.page, "/w/"+d.Acme, "/w/"+d.Globex, 1)+"?version=1&note=1")
	unknown := gus.get(t, "/w/"+d.Globex+"/deliverables/"+uuid.NewString()+"?version=1&note=1")
	if foreign.status != http.StatusNotFound || foreign.withoutRequestID() != unknown.withoutRequestID() {
		t.Errorf("another tenant's note: %d", foreign.status)
	}
	want(t, "done", d.ravi.post(t, d.at("notes/%s/resolve", team.ID), nil), http.StatusSeeOther)
	if got := to(d.ravi, "t1"); !strings.Contains(got, "notes=done") {
		t.Errorf("a note that is done leads to %q", got)
	}
	run(t, storetest.Admin(t), `
insert into threads (tenant_id, id, version_id, visibility, number, file_id, created_by)
select tenant_id, gen_random_uuid(), version_id, visibility, n, file_id, created_by from threads, generate_series(2, 60) n where version_id = $1 and visibility = 'client'`,
		storetest.Draft(t, d.staff, d.deliverable))
	if got := to(d.mia, "27"); !strings.Contains(got, "list=2") || !strings.HasSuffix(got, "#note-27") {
		t.Errorf("the 27th note leads to %q", got)
	}
	written := d.mia.post(t, d.page+"/versions/1/notes", url.Values{"words": {"The 61st"}, "file": {other.String()}, "shown": {other.String()}})
	at := d.mia.get(t, written.location())
	if got := at.location(); !strings.Contains(got, "list=3") || !strings.HasSuffix(got, "#note-61") || !strings.Contains(got, "did=note.written") {
		t.Errorf("what was written last leads to %q", got)
	}
}

// The bytes of a page are bounded, with 5,000 comments on one file and with 60 notes that have
// pins. Each note is there on some page, and each reply on the page of its note.
func TestPagesWithManyNotesAreBounded(t *testing.T) {
	t.Parallel()
	d := newNoteDesk(t)
	d.twoFiles(t)
	first := d.start(t, d.mia, url.Values{"words": {"First"}, "file": {d.file.String()}, "place": {"B2"}})
	run(t, storetest.Admin(t), `
insert into threads (tenant_id, id, version_id, visibility, number, file_id, x, y, created_by)
select tenant_id, gen_random_uuid(), version_id, visibility, n, file_id, 100 * n, 100 * n, created_by from threads, generate_series(2, 60) n where id = $1`, first.ID)
	run(t, storetest.Admin(t), `
insert into comments (tenant_id, id, thread_id, thread_visibility, visibility, body, form_key, created_by, created_at)
select t.tenant_id, gen_random_uuid(), t.id, t.visibility, t.visibility, repeat('words ', 20) || n, gen_random_uuid(), t.created_by, now() + n * interval '1 second'
from threads t, generate_series(1, 84) n where t.file_id = $1`, d.file)
	page := d.mia.get(t, d.page)
	has(t, "the page", page, "First", "Page 1 of 3", "79 earlier replies", `id="pin-1"`, `id="pin-60"`, "note=60")
	if n := len(page.body); n > 300_000 { // all of it Mia may still edit
		t.Errorf("the page has %d bytes", n)
	}
	last := d.mia.get(t, d.page+"?list=3")
	has(t, "the last page", last, `id="note-60"`, "Page 3 of 3", `id="pin-1"`)
	hasNot(t, "the last page", last, `id="note-1"`)
	alone := d.mia.get(t, d.page+"?alone=1")
	has(t, "the note alone", alone, "First", "Page 1 of 2", "All notes", "words 40")
	hasNot(t, "the note alone", alone, `id="note-2"`, "words 84")
	has(t, "its last replies", d.mia.get(t, d.page+"?alone=1&list=2"), "words 84")
	for _, odd := range []string{"?list=0", "?list=-1", "?list=x", "?list=99999999999999999999", "?list=65535", "?alone=t1", "?alone=0", "?alone=99999999", "?on=x", "?note=t0"} {
		want(t, odd, d.mia.get(t, d.page+odd), http.StatusOK)
	}
	kept := d.mia.post(t, d.at("notes/%s/replies", first.ID), url.Values{"words": {strings.Repeat("kept ", 20_000)}, "shown": {d.file.String()}})
	want(t, "a long reply", kept, http.StatusUnprocessableEntity)
	has(t, "a long reply", kept, "At most 10000 fit.", "kept kept", `data-focus`)
}

// Drawings that are malformed, huge, outside, negative or no numbers are refused in words,
// and nothing is saved. The form keeps one that is right, and the page draws it of numbers.
func TestDrawingsAreNumbers(t *testing.T) {
	t.Parallel()
	d := newNoteDesk(t)
	d.twoFiles(t)
	form := func(drawing string) url.Values {
		return url.Values{"words": {"kept"}, "file": {d.file.String()}, "place": {"pin"}, "x": {"100"}, "y": {"200"}, "shown": {d.file.String()}, "drawing": {drawing}}
	}
	for what, drawing := range map[string]string{
		"malformed": "x", "huge": `[{"kind":"pen","points":[` + strings.Repeat("1,", 5000) + `1]}]`, "NaN": `[{"kind":"box","points":[NaN,1,2,3]}]`,
		"negative": `[{"kind":"box","points":[-1,1,2,3]}]`, "outside": `[{"kind":"arrow","points":[1,1,2,10001]}]`, "markup": `[{"kind":"\"><script>","points":[1,1,2,3]}]`,
	} {
		got := d.mia.post(t, d.page+"/versions/1/notes", form(drawing))
		want(t, what, got, http.StatusUnprocessableEntity)
		has(t, what, got, "This drawing can&#39;t be saved. Clear it and draw it again", "kept")
		hasNot(t, what, got, "NaN", `"><script>`, `10001`)
	}
	const right = `[{"kind":"pen","points":[1,2,300,400,5000,6000]},{"kind":"arrow","points":[0,0,2500,5000]},{"kind":"box","points":[5000,5000,2500,10000]}]`
	bad := form(right)
	bad.Set("words", " ")
	refused := d.mia.post(t, d.page+"/versions/1/notes", bad)
	want(t, "no words", refused, http.StatusUnprocessableEntity)
	has(t, "no words", refused, `name="drawing" value="[{&#34;kind&#34;:&#34;pen&#34;,&#34;points&#34;:[1,2,300,400,5000,6000]}`)
	want(t, "a drawing", d.mia.post(t, d.page+"/versions/1/notes", form(right)), http.StatusSeeOther)
	page := d.ravi.get(t, d.page)
	has(t, "Ravi's page", page, `<path d="M1 2 300 400 5000 6000"/>`, `<line x1="0%" y1="0%" x2="25%" y2="50%"`, `<rect x="25%" y="50%" width="25%" height="50%"`)
	hasNot(t, "Ravi's page", page, `"kind"`, `&#34;kind`)
	team := form(right)
	team.Set("visibility", "team")
	before := d.mia.get(t, d.page).withoutRequestID()
	want(t, "a team drawing", d.ravi.post(t, d.page+"/versions/1/notes", team), http.StatusSeeOther)
	if after := d.mia.get(t, d.page); after.withoutRequestID() != before || strings.Count(after.body, `class="drawn"`) != 1 {
		t.Error("the client's page changes with a drawing of the team")
	}
	if n := strings.Count(d.ravi.get(t, d.page).body, `class="drawn"`); n != 2 {
		t.Errorf("staff see %d drawings", n)
	}
	if _, err := storetest.AdminPool().Exec(t.Context(), `update threads set drawing = '<script>alert(1)</script>' where visibility = 'client' and file_id = $1`, d.file); err != nil {
		t.Fatal(err)
	}
	hasNot(t, "a page with a forged row", d.mia.get(t, d.page), "alert(1)", `class="drawn"`)
}
