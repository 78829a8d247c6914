package handlers_test

import (
	"encoding/base64"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/handlers/frame"
	"portico/handlers/web"
)

// otherSpellings are the ways to write an id that some parsers of ids accept and we don't.
func otherSpellings(id string) map[string]string {
	return map[string]string{
		"capitals":       strings.ToUpper(id),
		"no hyphens":     strings.ReplaceAll(id, "-", ""),
		"braces":         "{" + id + "}",
		"urn":            "urn:uuid:" + id,
		"space":          " " + id,
		"line break":     id + "\n",
		"full-width":     string(rune(id[0])-'0'+'０') + id[1:],
		"another hyphen": strings.Replace(id, "-", "\u2010", 1),
	}
}

// Ids have one spelling, so that two addresses are never one thing.
func TestIDsHaveOneSpelling(t *testing.T) {
	t.Parallel()
	const id = "0198c1de-4a5b-7c3d-8e9f-0a1b2c3d4e5f"
	if got, ok := web.ParseID(id); !ok || got.String() != id || !web.IsID(id) {
		t.Error("an id is refused")
	}
	others := otherSpellings(id)
	for i, s := range []string{
		"", "x", id[:35] + "F", "URN:UUID:" + id, "(" + id + ")", `"` + id + `"`, id[:8] + "_" + id[9:], id[:35], id + "0",
	} {
		others[string(rune('a'+i))] = s
	}
	for what, s := range others {
		if _, ok := web.ParseID(s); ok || web.IsID(s) {
			t.Errorf("%s: %q is taken for an id", what, s)
		}
		if c := frame.ParseCursor(base64.RawURLEncoding.EncodeToString([]byte("2026-01-02T03:04:05Z " + s + " Name"))); c.ID != uuid.Nil {
			t.Errorf("%s: a cursor with %q is %v", what, s, c)
		}
	}
	if c := frame.ParseCursor(base64.RawURLEncoding.EncodeToString([]byte("2026-01-02T03:04:05Z " + id + " Name"))); c.ID.String() != id {
		t.Error("a cursor is refused")
	}
}

// An id in a path has one spelling, for pages, forms and scripts.
func TestIDsInPathsHaveOneSpelling(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	file := d.send(t, "poster.txt", []byte("hello"))
	p := d.begin(t, "coming.bin", 5)
	deliverable := d.deliverable.String()
	for what, path := range map[string]string{
		"a page": d.at("/deliverables/%s", deliverable), "a file": d.at("/files/%s", file), "a file's text": d.at("/files/%s/text", file), "an upload": p.Status,
	} {
		id := map[bool]string{true: file, false: deliverable}[strings.Contains(path, "/files/")]
		if path == p.Status {
			id = p.ID
		}
		want(t, what, d.ravi.get(t, path), http.StatusOK)
		for name, other := range otherSpellings(id) {
			want(t, what+" by "+name, d.ravi.get(t, strings.Replace(path, id, url.PathEscape(other), 1)), http.StatusNotFound)
		}
	}
	for name, other := range otherSpellings(d.draft.String()) {
		got := d.ravi.json(t, http.MethodPost, d.at("/versions/%s/uploads", url.PathEscape(other)), map[string]any{"name": "a.bin", "size": 5})
		want(t, "an upload to a version by "+name, got, http.StatusNotFound)
	}
	for name, other := range otherSpellings(p.ID) {
		want(t, "a part by "+name, d.ravi.putPart(t, strings.Replace(p.part(1), p.ID, url.PathEscape(other), 1), []byte("12345")), http.StatusNotFound)
		want(t, "its end by "+name, d.ravi.do(t, http.MethodPost, strings.Replace(p.Finish, p.ID, url.PathEscape(other), 1), nil, ""), http.StatusNotFound)
		want(t, "its removal by "+name, d.ravi.do(t, http.MethodDelete, strings.Replace(p.Status, p.ID, url.PathEscape(other), 1), nil, ""), http.StatusNotFound)
	}
	want(t, "its part", d.ravi.putPart(t, p.part(1), []byte("12345")), http.StatusNoContent)
	want(t, "its end", d.ravi.do(t, http.MethodPost, p.Finish, nil, ""), http.StatusOK)
}

// An id in a form or in a query has the same one spelling. With another nothing changes.
func TestIDsInFormsHaveOneSpelling(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	dana := d.as(t, d.Dana)
	ravi, acme, globex := d.me.ID().String(), d.me.TenantID().String(), d.Member(t, d.Gus, d.Globex).TenantID().String()
	first, second := storetest.Project(t, d.me, "First "+d.Suffix).String(), storetest.Project(t, d.me, "Second "+d.Suffix).String()
	storetest.File(t, d.me, d.draft, "here.txt")
	page, shown := d.at("/deliverables/%s", d.deliverable), storetest.File(t, d.me, d.draft, "shown.txt").String()
	action := page + "/versions/1/publish"
	coming := storetest.BeginUpload(t, d.me, d.draft, "coming.mp4", 900).String()
	seen := seenIn(t, dana.get(t, page).body, action)
	agency := "/w/" + d.Agency

	for _, c := range []struct {
		what, path string
		form       func(id string) url.Values
		id         string
		refused    int
	}{
		{"person", agency + "/clients/" + globex + "/staff", func(id string) url.Values { return url.Values{"person": {id}, "role": {"member"}} }, ravi, 404},
		{"client", agency + "/members/" + ravi + "/clients", func(id string) url.Values {
			return url.Values{"was": {acme}, "client": {acme, id}, "client_role": {"member"}}
		}, globex, 404},
		{"a client that stays", agency + "/members/" + ravi + "/clients", func(id string) url.Values {
			return url.Values{"was": {acme}, "client": {id}, "client_role": {"member"}}
		}, acme, 404},
		{"was", agency + "/members/" + ravi + "/clients", func(id string) url.Values { return url.Values{"was": {id}, "client_role": {"member"}} }, acme, 404},
		{"after", d.at("/projects/%s/move", first), func(id string) url.Values { return url.Values{"after": {id}} }, second, 404},
		{"person to view as", d.at("/view-as"), func(id string) url.Values { return url.Values{"person": {id}} }, d.Member(t, d.Mia, d.Acme).ID().String(), 422},
		{"leave_out", action, func(id string) url.Values { return url.Values{"leave_out": {id}, "seen": {seen}} }, coming, 404},
	} {
		for name, other := range otherSpellings(c.id) {
			want(t, c.what+" by "+name, dana.post(t, c.path, c.form(other)), c.refused)
		}
	}
	placed := func() (places int) {
		if err := storetest.Superuser(t).QueryRow(t.Context(), `select count(*) from memberships where user_id = $1 and ended_at is null`, ravi).Scan(&places); err != nil {
			t.Fatal(err)
		}
		return places
	}
	if n := placed(); n != 2 { // the agency and Acme
		t.Errorf("after refusals Ravi works in %d workspaces", n)
	}
	if state := stored(t, coming); state != "pending" {
		t.Errorf("after refusals the file is %q", state)
	}

	want(t, "?file=", dana.get(t, page+"?file="+shown), http.StatusOK)
	for name, other := range otherSpellings(shown) {
		want(t, "?file= by "+name, dana.get(t, page+"?file="+url.QueryEscape(other)), http.StatusNotFound)
	}
	mia, activity := d.Member(t, d.Mia, d.Acme).ID().String(), d.at("/activity")
	hasNot(t, "what Mia did", dana.get(t, activity+"?person="+mia), "Poster "+d.Suffix)
	for name, other := range otherSpellings(mia) {
		has(t, "?person= by "+name, dana.get(t, activity+"?person="+url.QueryEscape(other)), "Poster "+d.Suffix)
	}

	want(t, "the same person to Globex", dana.post(t, agency+"/clients/"+globex+"/staff", url.Values{"person": {ravi}, "role": {"member"}}), 303)
	want(t, "out of Globex", dana.post(t, agency+"/members/"+ravi+"/clients", url.Values{"was": {acme + "," + globex}, "client": {acme}}), 303)
	want(t, "an order", dana.post(t, d.at("/projects/%s/move", first), url.Values{"after": {second}}), 303)
	want(t, "without the file", dana.post(t, action, url.Values{"leave_out": {coming}, "seen": {seen}}), 303)
	want(t, "view as", dana.post(t, d.at("/view-as"), url.Values{"person": {mia}}), 303)
}

// The session in ?support= has one spelling too: with another the page is not only that
// session's.
func TestSupportSessionInAQueryHasOneSpelling(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letIn(t)
	d.in(t, d.Dana)
	for _, path := range []string{"/", "/projects", "/members"} {
		want(t, path, d.sam.get(t, d.base+path), http.StatusOK)
	}
	var session string
	if err := storetest.Admin(t).QueryRow(t.Context(), `select id::text from support_sessions where tenant_id = $1`, d.Member(t, d.Mia, d.Acme).TenantID()).Scan(&session); err != nil {
		t.Fatal(err)
	}
	dana := d.as(t, d.Dana)
	has(t, "the session", dana.get(t, d.base+"/activity?support="+session), "viewed the list of projects")
	for name, other := range otherSpellings(session) {
		hasNot(t, "by "+name, dana.get(t, d.base+"/activity?support="+url.QueryEscape(other)), "viewed the list of projects")
	}
}

// Ids are parsed in one place, so that no form, query or command accepts another spelling.
func TestIDsAreParsedInOnePlace(t *testing.T) {
	t.Parallel()
	for _, room := range []string{"../handlers", "../cmd", "../store", "../views", "../files"} {
		err := filepath.WalkDir(room, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || path == "../handlers/web/request.go" {
				return err
			}
			source, err := os.ReadFile(path)
			for _, parse := range []string{"uuid.Parse(", "uuid.ParseBytes(", "uuid.Validate("} {
				if strings.Contains(string(source), parse) {
					t.Errorf("%s has %s: use web.ParseID", path, parse)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
