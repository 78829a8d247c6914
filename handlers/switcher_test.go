package handlers_test

import (
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// /again leads Dana to the project where she was last, or to the workspace's home when
// the project is gone. It leads nobody else there.
func TestAgainOpensTheLastPlace(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := a.Member(t, a.Dana, a.Acme)
	id := storetest.Project(t, dana, "Spring")
	at := "/projects/" + id.String()
	b := s.as(t, a.Dana)
	want(t, "the project", b.get(t, "/w/"+a.Acme+at), 200)
	waitForLastPlace(t, a, a.Dana, a.Acme, at)
	if got := b.get(t, "/w/"+a.Acme+"/again"); got.status != 303 || got.location() != "/w/"+a.Acme+at {
		t.Errorf("%d to %q", got.status, got.location())
	}
	if got := s.as(t, a.Ravi).get(t, "/w/"+a.Acme+"/again"); got.location() != "/w/"+a.Acme+"/" {
		t.Errorf("Ravi is led to %q", got.location())
	}
	write(t, dana, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindProject, id, true) })
	if got := b.get(t, "/w/"+a.Acme+"/again"); got.location() != "/w/"+a.Acme+"/" {
		t.Errorf("where nothing is left: %q", got.location())
	}
	want(t, "a stranger", s.as(t, a.Gus).get(t, "/w/"+a.Acme+"/again"), 404)
}

// waitForLastPlace waits until a visit is recorded, which happens after the answer.
func waitForLastPlace(t *testing.T, a *storetest.Tenants, email, slug, place string) {
	t.Helper()
	ctx := storetest.Within(t, 10e9)
	for a.Member(t, email, slug).LastPlace != place {
		if ctx.Err() != nil {
			t.Fatalf("%s is not remembered at %s", email, place)
		}
	}
}

// The switcher is a page with a form that searches only the person's own workspaces.
func TestSwitcherSearchesOnlyOwnWorkspaces(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	other := storetest.Agency(t)
	b := s.as(t, a.Dana)
	page := b.get(t, "/switcher")
	for _, slug := range []string{a.Agency, a.Acme, a.Globex} {
		if !strings.Contains(page.body, `href="/w/`+slug+`/again"`) {
			t.Errorf("%s is missing", slug)
		}
	}
	if strings.Contains(page.body, other.Suffix) {
		t.Error("another agency's workspace")
	}
	found := b.get(t, "/switcher?q=globex")
	if !strings.Contains(found.body, a.Globex) || strings.Contains(found.body, a.Acme) || !strings.Contains(found.body, `value="globex"`) {
		t.Errorf("looked for globex: %.2000s", found.body)
	}
	// A random suffix never holds the digits 0, 1, 8 and 9.
	for _, nothing := range []string{"/switcher?q=" + other.Acme, "/switcher?q=%25", "/switcher?q=1089&after=x"} {
		if got := b.get(t, nothing); got.status != 200 || strings.Contains(got.body, "switch-item") {
			t.Errorf("%s: %d", nothing, got.status)
		}
	}
}
