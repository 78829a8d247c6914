package handlers_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/handlers"
	"portico/store"
)

const aPDF = "%PDF-1.7\n"

// A document is paged through with links, and each page is a picture that only people who
// see the document get.
func TestDocumentsArePagedThrough(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	mia := d.as(t, d.Mia)
	id, other := d.send(t, "book.pdf", []byte(aPDF)), d.send(t, "notes.txt", []byte("text"))
	pages(t, d.me, uuid.MustParse(id), "one", "two", "three")
	picture := func(page string) string { return d.at("/files/%s/pages/%s", id, page) }
	nothing := mia.get(t, d.at("/files/%s/pages/1", uuid.New()))
	want(t, "nothing", nothing, 404)
	refused := func(what string, path string) {
		t.Helper()
		if a := mia.get(t, path); a.status != 404 || a.withoutRequestID() != nothing.withoutRequestID() {
			t.Errorf("%s: %d, or it differs from the refusal of a random id", what, a.status)
		}
	}
	refused("a draft's page", picture("2"))
	d.publish(t)
	for _, who := range []string{d.Mia, d.Leo, d.Ravi} {
		a := d.as(t, who).get(t, picture("2"))
		want(t, who, a, 200)
		if h := a.header; a.body != "two" || h.Get("Content-Type") != "image/png" || h.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.HasPrefix(h.Get("Content-Disposition"), `inline; filename="page-2.png"`) {
			t.Errorf("%s gets %q with %v", who, a.body, h)
		}
	}
	for _, page := range []string{"0", "4", "-1", "x", "99999999999", "%00"} {
		refused("page "+page, picture(page))
	}
	want(t, "somebody signed out", d.nobody().get(t, picture("1")), http.StatusFound)

	at := func(page int) string {
		return d.at("/deliverables/%s?file=%s&amp;page=%s&amp;version=1#stage", d.deliverable, id, strconv.Itoa(page))
	}
	for page, links := range map[int][]string{1: {at(2)}, 2: {at(1), at(3)}, 3: {at(2)}} {
		a := mia.get(t, d.at("/deliverables/%s?version=1&file=%s&page=%s", d.deliverable, id, strconv.Itoa(page)))
		want(t, "the page", a, 200)
		stage := shown(t, a)
		has(t, "the stage", answer{body: stage}, `<img src="`+picture(strconv.Itoa(page))+`"`, "Page "+strconv.Itoa(page)+" of 3", `alt="book.pdf, page `+strconv.Itoa(page))
		hasNot(t, "the stage", answer{body: stage}, "<iframe")
		for _, link := range links {
			has(t, "the stage", answer{body: stage}, link)
		}
		if n := strings.Count(stage, "&amp;page="); n != len(links) {
			t.Errorf("page %d has %d links, want %d", page, n, len(links))
		}
	}
	for page, shows := range map[string]string{"0": "<iframe", "4": "<iframe", "x": "Page 1 of 3", "": "Page 1 of 3"} {
		a := mia.get(t, d.at("/deliverables/%s?version=1&file=%s&page=%s", d.deliverable, id, page))
		want(t, "page "+page, a, 200)
		has(t, "page "+page, answer{body: shown(t, a)}, shows)
	}
	hasNot(t, "a text", answer{body: shown(t, d.ravi.get(t, d.at("/deliverables/%s?file=%s&page=1", d.deliverable, other)))}, "Page 1")
}

// The page says why a document has more pages than are shown.
func TestMissingPagesAreExplained(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		f    store.File
		says string
	}{
		{store.File{Pages: 3, PagesDrawn: 3}, ""},
		{store.File{Pages: 30, PagesDrawn: 20}, "The document has 30 pages. The others will be here soon."},
		{store.File{Pages: 10_000, PagesDrawn: 500}, "These are the first 500 of 10000 pages. Download the file for all of them."},
		{store.File{Pages: 30, PagesDrawn: 7, Unfit: "slow"}, "These are the first 7 of 30 pages. The others take too long to show. Download the file for all of them."},
	} {
		if got := handlers.FewerPages(c.f); got != c.says {
			t.Errorf("%d of %d: %q", c.f.PagesDrawn, c.f.Pages, got)
		}
	}
}

// Staff don't get the pages of a document in the bin either, until it is restored.
func TestPagesInTheBinAreRefused(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	id := d.send(t, "book.pdf", []byte(aPDF))
	pages(t, d.me, uuid.MustParse(id), "one")
	path := d.at("/files/%s/pages/1", id)
	want(t, "before", d.ravi.get(t, path), 200)
	want(t, "into the bin", d.ravi.post(t, d.at("/files/%s/delete", id), nil), 303)
	want(t, "in the bin", d.ravi.get(t, path), 404)
	want(t, "out of the bin", d.ravi.post(t, d.at("/files/%s/restore", id), nil), 303)
	want(t, "restored", d.ravi.get(t, path), 200)
}
