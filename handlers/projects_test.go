package handlers_test

import (
	"net/url"
	"strings"
	"testing"

	"portico/e2e/storetest"
)

// Ravi creates a project, renames it, moves it to the bin and restores it.
func TestProjectIsCreatedRenamedAndRestored(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	ravi, base := s.as(t, a.Ravi), "/w/"+a.Acme

	made := ravi.post(t, base+"/projects", url.Values{"name": {"Spring " + a.Suffix}, "due": {"2031-04-01"}})
	want(t, "create", made, 303)
	at, _, _ := strings.Cut(made.location(), "?")
	if shown := ravi.get(t, at); !strings.Contains(shown.body, "Spring "+a.Suffix) {
		t.Errorf("the project's page does not name it: %.400s", shown.body)
	}
	want(t, "rename", ravi.post(t, at, url.Values{"name": {"Summer " + a.Suffix}}), 303)
	want(t, "bin", ravi.post(t, at+"/delete", nil), 303)
	want(t, "a binned project", ravi.get(t, at), 404)
	if bin := ravi.get(t, base+"/bin"); !strings.Contains(bin.body, "Summer "+a.Suffix) {
		t.Error("the bin does not show the project")
	}
	want(t, "restore", ravi.post(t, at+"/restore", nil), 303)
	want(t, "a restored project", ravi.get(t, at), 200)
}

// A missing name and an invalid date are reported next to their fields, and what was
// typed is kept.
func TestInvalidProjectFormKeepsItsValues(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	got := s.as(t, a.Ravi).post(t, "/w/"+a.Acme+"/projects", url.Values{"name": {" "}, "due": {"the 31st"}, "summary": {"kept " + a.Suffix}})
	want(t, "bad input", got, 422)
	for _, part := range []string{"Enter a name.", "Enter a date", "kept " + a.Suffix} {
		if !strings.Contains(got.body, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
}
