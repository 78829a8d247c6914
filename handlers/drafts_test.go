package handlers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// opens opens a deliverable and waits until it is no longer new to this person.
func (b *browser) opens(t *testing.T, slug string, id uuid.UUID) {
	t.Helper()
	path := "/w/" + slug + "/deliverables/" + id.String()
	want(t, "open", b.get(t, path), 200)
	for ctx := storetest.Within(t, 5*time.Second); b.isNew(t, slug, id); {
		if ctx.Err() != nil {
			t.Fatalf("%s is still new after it was opened", path)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// isNew reports whether the home page lists the deliverable, all of whose links are new.
func (b *browser) isNew(t *testing.T, slug string, id uuid.UUID) bool {
	t.Helper()
	return strings.Contains(b.get(t, "/w/"+slug+"/").body, "/deliverables/"+id.String())
}

// Mia was here a moment ago. Dana starts the next version of a deliverable that Mia
// knows, and a new deliverable. Nothing that Mia sees changes until it is published.
func TestDraftsChangeNothingForTheClient(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := a.Member(t, a.Dana, a.Acme)
	project := storetest.Project(t, dana, "Spring")
	known := storetest.Deliverable(t, dana, project, "Poster "+a.Suffix)
	write := func(deed func(*store.Tx) error) {
		t.Helper()
		if err := storetest.DB().Write(t.Context(), dana, deed); err != nil {
			t.Fatal(err)
		}
	}
	fill := func(number int) {
		t.Helper()
		var versions []store.Version
		if err := storetest.DB().Read(t.Context(), dana, store.ListVersions(known, &versions)); err != nil {
			t.Fatal(err)
		}
		storetest.File(t, dana, versions[0].ID, "poster.txt")
		write(func(tx *store.Tx) error { return tx.Publish(t.Context(), known, number, "") })
	}
	fill(1)
	mia := s.as(t, a.Mia)
	mia.opens(t, a.Acme, known)
	if _, err := storetest.Admin(t).Exec(t.Context(), `
update memberships set last_seen_at = now(), seen_before_at = now() where email = $1`, a.Mia); err != nil {
		t.Fatal(err)
	}
	pages := []string{"/w/" + a.Acme + "/", "/w/" + a.Acme + "/projects", "/w/" + a.Acme + "/projects/" + project.String(), "/w/" + a.Acme + "/deliverables/" + known.String()}
	before := map[string]string{}
	for _, path := range pages {
		before[path] = mia.get(t, path).withoutRequestID()
	}
	write(func(tx *store.Tx) error { _, err := tx.AddVersion(t.Context(), known); return err })
	hidden := storetest.Deliverable(t, dana, project, "Hidden "+a.Suffix)
	write(func(tx *store.Tx) error { return tx.Archive(t.Context(), store.KindDeliverable, hidden, true) })
	for _, path := range pages {
		if got := mia.get(t, path).withoutRequestID(); got != before[path] {
			t.Errorf("%s changed for the client with a draft", path)
		}
	}
	fill(2)
	if home := mia.get(t, pages[0]); !strings.Contains(home.body, "Version 2") {
		t.Error("what was published is not new to the client")
	}
}

// A malformed slug is not found. A path that needs cleaning on a tenant's own host
// never redirects to the internal path.
func TestMalformedSlugsAreNotFound(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := s.as(t, a.Dana)
	for _, slug := range []string{"%00", "%ff", "UPPER", "a..b", "-", strings.Repeat("x", 200)} {
		want(t, slug, dana.get(t, "/w/"+slug+"/"), 404)
	}
	dana.header.Set("Host", a.Acme+".portals.test")
	got := dana.get(t, "//projects")
	if strings.Contains(got.location(), "/w/") {
		t.Errorf("a tenant's own host leads to %q", got.location())
	}
}
