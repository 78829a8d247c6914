package handlers_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

var exportFormats = []string{"csv", "pdf", "edl", "fcpxml"}

// newCuttingDesk is a note desk whose file is a video.
func newCuttingDesk(t *testing.T) *noteDesk {
	t.Helper()
	d := newNoteDesk(t)
	if _, err := storetest.AdminPool().Exec(t.Context(), `update files set content_type = 'video/mp4', name = 'Cut "A".mp4' where id = $1`, d.file); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *noteDesk) export(t *testing.T, by *browser, format string) answer {
	t.Helper()
	return by.get(t, d.page+"/versions/1/notes."+format)
}

// Both sides get the notes that they see as a table, a PDF and markers. The trail says so.
func TestNotesAreExported(t *testing.T) {
	t.Parallel()
	d := newCuttingDesk(t)
	first := d.start(t, d.mia, url.Values{"words": {"=HYPERLINK(\"https://evil.example\")\nDarker, please"}, "file": {d.file.String()}, "time": {"0:12"}})
	want(t, "a reply", d.ravi.post(t, d.at("notes/%s/replies", first.ID), url.Values{"words": {"In version 2"}, "visibility": {"client"}}), http.StatusSeeOther)
	want(t, "done", d.mia.post(t, d.at("notes/%s/resolve", first.ID), nil), http.StatusSeeOther)
	d.start(t, d.ravi, url.Values{"words": {"Ours"}, "visibility": {"team"}, "file": {d.file.String()}, "time": {"0:02"}})
	got := d.export(t, d.ravi, "csv")
	want(t, "the table", got, http.StatusOK)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(got.body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("the table has %d lines, %v:\n%s", len(rows), err, got.body)
	}
	line := strings.Join(rows[1], "|")
	for _, part := range []string{"1|done|our team and ", "12||00:00:12:00|25 fps (assumed)|note|", "'=HYPERLINK"} {
		if !strings.Contains(line, part) {
			t.Errorf("the first line is %q, without %q", line, part)
		}
	}
	if strings.Contains(got.body, "|=HYPERLINK") || rows[2][len(rows[2])-1] != "In version 2" || rows[3][0] != "T1" || rows[3][2] != "our team only" {
		t.Errorf("the table is\n%s", got.body)
	}
	pdf := d.export(t, d.ravi, "pdf")
	if pdf.status != http.StatusOK || !strings.HasPrefix(pdf.body, "%PDF-") || pdf.header.Get("Content-Type") != "application/pdf" {
		t.Errorf("the PDF: %d %q", pdf.status, pdf.header.Get("Content-Type"))
	}
	has(t, "the markers", d.export(t, d.ravi, "edl"), "TITLE: Cut \"A\".mp4", "25 fps from 00:00:00:00 is assumed", "00:00:12:00", "ResolveColorGreen", "ResolveColorYellow", "|M:Note T1")
	has(t, "the XML", d.export(t, d.ravi, "fcpxml"), `<marker start="12s"`, `completed="1"`, "assumed", "our team only")
	if name := d.export(t, d.mia, "edl").header.Get("Content-Disposition"); name != `attachment; filename="notes-v1.edl"` {
		t.Errorf("the file is %s", name)
	}
	has(t, "the page", d.mia.get(t, d.page), "/versions/1/notes.csv", "/versions/1/notes.pdf", "/versions/1/notes.edl?file="+d.file.String(), "/versions/1/notes.fcpxml?file=")
	has(t, "the trail", d.as(t, d.Dana).get(t, "/w/"+d.Acme+"/activity?kind=note"), "exported the notes on")
	has(t, "a viewer's export", d.export(t, d.as(t, d.Leo), "csv"), "In version 2")
	var events int
	if err := storetest.AdminPool().QueryRow(t.Context(), `select count(*) from audit_events where tenant_id = $1 and verb = 'note.exported'`, d.staff.TenantID()).Scan(&events); err != nil || events != 6 {
		t.Errorf("%d exports are recorded, want 6, %v", events, err)
	}
	if _, err := storetest.AdminPool().Exec(t.Context(), `delete from audit_events where tenant_id = $1 and verb = 'note.exported'`, d.staff.TenantID()); err != nil {
		t.Fatal(err)
	}
	head := d.mia.do(t, http.MethodHead, d.page+"/versions/1/notes.csv", nil, "")
	if err := storetest.AdminPool().QueryRow(t.Context(), `select count(*) from audit_events where tenant_id = $1 and verb = 'note.exported'`, d.staff.TenantID()).Scan(&events); err != nil || events != 0 || head.status != http.StatusOK {
		t.Errorf("a HEAD is recorded: %d, %d, %v", events, head.status, err)
	}
}

// What the team says among itself changes nothing in what a client exports: no word, line,
// number or size.
func TestExportsHaveNoTeamNotes(t *testing.T) {
	t.Parallel()
	d := newCuttingDesk(t)
	at := url.Values{"words": {"Darker, please"}, "file": {d.file.String()}, "time": {"0:12"}}
	shown := d.start(t, d.mia, at)
	before := map[string]answer{}
	for _, format := range exportFormats {
		before[format] = d.export(t, d.mia, format)
		want(t, format, before[format], http.StatusOK)
	}
	own := d.start(t, d.ravi, url.Values{"words": {"cnryteam"}, "visibility": {"team"}, "file": {d.file.String()}, "time": {"0:02"}})
	want(t, "an aside", d.ravi.post(t, d.at("notes/%s/replies", shown.ID), url.Values{"words": {"cnryteam"}, "visibility": {"team"}}), http.StatusSeeOther)
	want(t, "done", d.ravi.post(t, d.at("notes/%s/resolve", own.ID), nil), http.StatusSeeOther)
	for _, format := range exportFormats {
		got := d.export(t, d.mia, format)
		if format != "pdf" && got.body != before[format].body {
			t.Errorf("%s changed:\n%s\n%s", format, before[format].body, got.body)
		}
		if format == "pdf" && len(got.body) > len(before[format].body)+40 { // the minute may be another one
			t.Errorf("the PDF grew from %d to %d bytes", len(before[format].body), len(got.body))
		}
	}
	hasNot(t, "the client's table", d.export(t, d.mia, "csv"), "who sees it", "cnryteam", "\nT1,")
	has(t, "staff's table", d.export(t, d.ravi, "csv"), "who sees it", "cnryteam", "\nT1,")
}

// An export of what a client can't see, of another tenant and of nothing get one and the
// same answer. A file that is none of the version's recordings gets it too.
func TestExportsOfHiddenVersionsAreRefusedAlike(t *testing.T) {
	t.Parallel()
	d := newCuttingDesk(t)
	d.start(t, d.mia, url.Values{"words": {"Darker, please"}})
	write(t, d.staff, func(tx *store.Tx) error { _, err := tx.AddVersion(t.Context(), d.deliverable); return err })
	draft := storetest.Draft(t, d.staff, d.deliverable)
	other := storetest.File(t, d.staff, draft, "other.mp4")
	if _, err := storetest.AdminPool().Exec(t.Context(), `update files set content_type = 'video/mp4' where id = $1`, other); err != nil {
		t.Fatal(err)
	}
	gus := d.as(t, d.Gus)
	for _, format := range exportFormats {
		invented := d.mia.get(t, d.page+"/versions/3/notes."+format)
		want(t, "an invented version", invented, http.StatusNotFound)
		for what, got := range map[string]answer{
			"a draft":              d.mia.get(t, d.page+"/versions/2/notes."+format),
			"a zero before it":     d.mia.get(t, d.page+"/versions/01/notes."+format),
			"a sign before it":     d.mia.get(t, d.page+"/versions/+1/notes."+format),
			"no number":            d.mia.get(t, d.page+"/versions/x/notes."+format),
			"a hidden file":        d.mia.get(t, d.page+"/versions/1/notes."+format+"?file="+other.String()),
			"an invented file":     d.mia.get(t, d.page+"/versions/1/notes."+format+"?file="+uuid.NewString()),
			"an invented portrait": d.mia.get(t, d.at("deliverables/%s/versions/1/notes."+format, uuid.New())),
		} {
			if got.status != http.StatusNotFound || got.withoutRequestID() != invented.withoutRequestID() {
				t.Errorf("%s of %s: %d, another answer than for an invented one", format, what, got.status)
			}
		}
		foreign := gus.get(t, "/w/"+d.Globex+"/deliverables/"+d.deliverable.String()+"/versions/1/notes."+format)
		nothing := gus.get(t, "/w/"+d.Globex+"/deliverables/"+uuid.NewString()+"/versions/1/notes."+format)
		if foreign.status != http.StatusNotFound || foreign.withoutRequestID() != nothing.withoutRequestID() {
			t.Errorf("%s of another tenant: %d", format, foreign.status)
		}
		want(t, "staff's draft", d.ravi.get(t, d.page+"/versions/2/notes."+format), http.StatusOK)
	}
}

// Neither support nor who views as a client exports, and their pages offer nothing.
func TestSessionsExportNoNotes(t *testing.T) {
	t.Parallel()
	d := newCuttingDesk(t)
	d.start(t, d.mia, url.Values{"words": {"Darker, please"}})
	viewing := d.as(t, d.Dana)
	want(t, "view as", viewing.post(t, "/w/"+d.Acme+"/view-as", url.Values{"person": {d.Member(t, d.Mia, d.Acme).ID().String()}}), http.StatusSeeOther)
	hasNot(t, "the page", viewing.get(t, d.page), "notes.csv")
	for _, format := range exportFormats {
		want(t, "who views as Mia: "+format, d.export(t, viewing, format), http.StatusForbidden)
		want(t, "Mia: "+format, d.export(t, d.mia, format), http.StatusOK)
	}
}

// A version with the most notes is exported whole.
func TestManyNotesAreExported(t *testing.T) {
	t.Parallel()
	d := newCuttingDesk(t)
	_, err := storetest.AdminPool().Exec(t.Context(), `
with made as (
    insert into threads (tenant_id, id, version_id, visibility, number, created_by)
    select v.tenant_id, gen_random_uuid(), v.id, 'client', n, v.created_by from versions v, generate_series(1, $2) n where v.deliverable_id = $1 and v.number = 1
    returning tenant_id, id, number, created_by)
insert into comments (tenant_id, id, thread_id, thread_visibility, visibility, body, form_key, created_by)
select tenant_id, gen_random_uuid(), id, 'client', 'client', 'Words ' || number || repeat('x', 9000), gen_random_uuid(), created_by from made, generate_series(1, 3)`, d.deliverable, store.MaxNotes)
	if err != nil {
		t.Fatal(err)
	}
	got := d.export(t, d.mia, "csv")
	if want(t, "the table", got, http.StatusOK); len(got.body) > 20<<20 || !strings.Contains(got.body, "There are more replies. This file has the first of them.") {
		t.Errorf("the table has %d bytes", len(got.body))
	}
	want(t, "the PDF", d.export(t, d.mia, "pdf"), http.StatusOK)
}
