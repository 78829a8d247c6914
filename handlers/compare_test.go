package handlers_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/handlers/thumbnail/thumbnailtest"
	"portico/store"
)

// compareDesk is a deliverable whose version 1 is published and whose version 2 is a draft.
// Each has a picture and a document; the document has one more page in version 2.
type compareDesk struct {
	studio
	mia          *browser
	logos, books [2]string
	page         string // that compares
}

func newCompareDesk(t *testing.T) *compareDesk {
	t.Helper()
	d := &compareDesk{studio: newStudio(t)}
	d.mia, d.page = d.as(t, d.Mia), d.at("/deliverables/%s/compare", d.deliverable)
	d.logos[0], d.books[0] = d.send(t, "Logo.png", thumbnailtest.PNG(t, thumbnailtest.TwoHalves(40, 40))), d.send(t, "Book.pdf", []byte(aPDF))
	pages(t, d.me, uuid.MustParse(d.books[0]), "one", "two")
	d.publish(t)
	write(t, d.me, func(tx *store.Tx) error { _, err := tx.AddVersion(t.Context(), d.deliverable); return err })
	d.draft = storetest.Draft(t, d.me, d.deliverable)
	d.logos[1], d.books[1] = d.send(t, "Logo.png", thumbnailtest.PNG(t, thumbnailtest.TwoHalves(60, 60))), d.send(t, "Book.pdf", []byte(aPDF+"again"))
	pages(t, d.me, uuid.MustParse(d.books[1]), "one", "cnrynew", "two")
	return d
}

func (d *compareDesk) publishSecond(t *testing.T) {
	t.Helper()
	write(t, d.me, func(tx *store.Tx) error { return tx.Publish(t.Context(), d.deliverable, 2, "") })
}

// Staff and the client compare two versions: pictures in three ways, and documents page by
// page, where an inserted page shifts no other.
func TestVersionsAreCompared(t *testing.T) {
	t.Parallel()
	d := newCompareDesk(t)
	d.publishSecond(t)
	link := d.page + "?a=1&amp;b=2"
	for _, who := range []string{d.Ravi, d.Mia, d.Leo} {
		b := d.as(t, who)
		has(t, who+"'s page of the deliverable", b.get(t, d.at("/deliverables/%s", d.deliverable)), `href="`+link+`"`)
		has(t, who+"'s page of version 1", b.get(t, d.at("/deliverables/%s?version=1", d.deliverable)), `href="`+link+`"`)
		side := b.get(t, d.page+"?a=1&b=2&file="+d.logos[1])
		want(t, "side by side", side, 200)
		has(t, "side by side", side, d.logos[0]+"/inline", d.logos[1]+"/inline", "Version 1", "Version 2", "Slider", "Differences", "Book.pdf", "changed")
		slider := b.get(t, d.page+"?a=1&b=2&mode=slider&at=75&file="+d.logos[1])
		has(t, "the slider", slider, `<rect x="0.75"`, `type="range"`, "at=25&amp;b=2")
		for page, shows := range map[int][]string{
			1: {"/files/" + d.books[0] + "/pages/1", "/files/" + d.books[1] + "/pages/1", "The pages are the same."},
			2: {"Not in version 1", "/files/" + d.books[1] + "/pages/2", "Only in version 2."},
			3: {"/files/" + d.books[0] + "/pages/2", "/files/" + d.books[1] + "/pages/3", "The pages are the same."},
		} {
			got := b.get(t, d.page+"?a=1&b=2&file="+d.books[1]+"&page="+strconv.Itoa(page))
			has(t, "page "+strconv.Itoa(page), got, append(shows, "Page "+strconv.Itoa(page)+" of 3", "Pages that differ", "page=2")...)
		}
	}
	for query, leads := range map[string]string{"": "?a=1&b=2", "?a=2&b=1": "?a=1&b=2", "?b=2": "?a=1&b=2", "?a=2&b=2&mode=diff": "?a=1&b=2&mode=diff", "?a=1": "?a=1&b=2"} {
		got := d.mia.get(t, d.page+query)
		if want(t, query, got, http.StatusSeeOther); got.location() != d.page+leads {
			t.Errorf("%q leads to %q", query, got.location())
		}
	}
	for query, shows := range map[string]string{"&page=99": "Page 3 of 3", "&page=0": "Page 1 of 3", "&page=x": "Page 1 of 3", "&mode=nonsense": "Side by side"} {
		has(t, query, d.mia.get(t, d.page+"?a=1&b=2&file="+d.books[1]+query), shows)
	}
	has(t, "the earlier file names the pair too", d.mia.get(t, d.page+"?a=1&b=2&file="+d.logos[0]), d.logos[1]+"/inline")
}

// The client compares no draft: one that is there, one that isn't and one of nobody get one
// and the same answer. So do a file of a draft and an invented one, and other tenants.
func TestDraftsAreNotCompared(t *testing.T) {
	t.Parallel()
	d := newCompareDesk(t)
	has(t, "staff", d.ravi.get(t, d.page+"?a=1&b=2"), "Version 2 (draft)")
	nothing := d.mia.get(t, d.at("/deliverables/%s/compare?a=1&b=2", uuid.New()))
	want(t, "nothing", nothing, 404)
	refused := func(what string, b *browser, path string) {
		t.Helper()
		if got := b.get(t, path); got.status != 404 || got.withoutRequestID() != nothing.withoutRequestID() {
			t.Errorf("%s: %d, or it differs from the refusal of a random id", what, got.status)
		}
	}
	hasNot(t, "the client's page", d.mia.get(t, d.at("/deliverables/%s", d.deliverable)), "/compare")
	for _, query := range []string{"", "?a=1&b=2", "?a=1&b=3", "?a=1", "?b=2", "?a=1&b=1", "?a=0&b=1", "?a=-1&b=1", "?a=x&b=1"} {
		refused("with one version, "+query, d.mia, d.page+query)
	}
	d.publishSecond(t)
	write(t, d.me, func(tx *store.Tx) error { _, err := tx.AddVersion(t.Context(), d.deliverable); return err })
	d.draft = storetest.Draft(t, d.me, d.deliverable)
	hidden := d.send(t, "cnryhidden.png", thumbnailtest.PNG(t, thumbnailtest.TwoHalves(30, 30)))
	for _, query := range []string{"?a=2&b=3", "?a=2&b=4", "?a=3&b=2", "?a=1&b=2&file=" + hidden, "?a=1&b=2&file=" + uuid.NewString(), "?a=1&b=2&file=x"} {
		refused("with two versions, "+query, d.mia, d.page+query)
	}
	hasNot(t, "what the client compares", d.mia.get(t, d.page+"?a=1&b=2"), "cnryhidden", "draft", `value="3"`)
	for who, mail := range map[string]string{"another client": d.Gus, "another agency": storetest.Agency(t).Dana} {
		if got := d.as(t, mail).get(t, d.page+"?a=1&b=2"); got.status != 404 {
			t.Errorf("%s: %d", who, got.status)
		}
	}
	want(t, "signed out", d.nobody().get(t, d.page+"?a=1&b=2"), http.StatusFound)
	want(t, "into the bin", d.ravi.post(t, d.at("/files/%s/delete", d.logos[1]), nil), http.StatusSeeOther)
	for who, b := range map[string]*browser{"the client": d.mia, "staff": d.ravi} {
		binned := b.get(t, d.page+"?a=1&b=2")
		hasNot(t, who+", with a file in the bin", binned, d.logos[1])
		has(t, who+", with a file in the bin", binned, "only in version 1")
	}
}

// Looking at differences asks for them once, and shows them when they are found. Who views
// as the client asks for nothing.
func TestDifferencesAreAskedForAndShown(t *testing.T) {
	t.Parallel()
	d := newCompareDesk(t)
	d.publishSecond(t)
	path := d.page + "?a=1&b=2&mode=diff&file=" + d.logos[1]
	pair := store.PicturePair{A: uuid.MustParse(d.logos[0]), B: uuid.MustParse(d.logos[1])}
	asked := func() (all []store.Difference) {
		read(t, d.me, store.ListDifferences(d.deliverable, 1, 2, &all))
		return all
	}
	viewing := d.as(t, d.Dana)
	want(t, "view as", viewing.post(t, d.at("/view-as"), url.Values{"person": {idOf(t, d.Mia).String()}}), 303)
	for who, got := range map[string]answer{"staff as Mia": viewing.get(t, path), "a look ahead": d.mia.with("Sec-Purpose", "prefetch").get(t, path)} {
		has(t, who, got, "t marked yet.")
		if got.header.Get("Refresh") != "" {
			t.Errorf("%s asks", who)
		}
	}
	first := d.mia.get(t, path)
	has(t, "the first look", first, "The differences are being marked.")
	if first.header.Get("Refresh") == "" {
		t.Error("the page doesn't load again")
	}
	for ctx := storetest.Within(t, 5*time.Second); len(asked()) == 0 && ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
	}
	if all := asked(); len(all) != 1 || all[0].PicturePair != pair {
		t.Fatalf("asked: %+v", all)
	}
	if err := storetest.DB().Work(t.Context(), storetest.Job(t, d.me.TenantID()), func(tx *store.Tx) error {
		tx.RecordFileDifference(pair, []int32{2600, 100, 400, 300, 9000, 9000, 500, 500}, "")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	found := d.mia.get(t, path)
	has(t, "once found", found, `<rect class="difference" x="26%" y="1%" width="4%" height="3%">`, "2 places differ: B1, D4.")
	if n := strings.Count(found.body, `class="difference"`); n != 4 || found.header.Get("Refresh") != "" {
		t.Errorf("%d boxes, Refresh %q", n, found.header.Get("Refresh"))
	}
	has(t, "the same page", d.mia.get(t, d.page+"?a=1&b=2&mode=diff&file="+d.books[1]+"&page=3"), "The pages are the same.")
	has(t, "a new page", d.mia.get(t, d.page+"?a=1&b=2&mode=diff&file="+d.books[1]+"&page=2"), "Only in version 2.")
	if len(asked()) != 1 {
		t.Errorf("asked: %+v", asked())
	}
}
