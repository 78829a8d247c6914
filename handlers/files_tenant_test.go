package handlers_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// attempt is one request that names a version, a file or an upload.
type attempt struct {
	name string
	do   func(t *testing.T, b *browser, base, version, file, upload string) answer
}

// attempts are typical requests to all routes of files.
func attempts() []attempt {
	five := []byte("12345")
	simple := func(method, before, after string, pick func(version, file, upload string) string) attempt {
		return attempt{method + " " + before + "{id}" + after, func(t *testing.T, b *browser, base, version, file, upload string) answer {
			return b.do(t, method, base+before+pick(version, file, upload)+after, nil, "")
		}}
	}
	aFile := func(_, file, _ string) string { return file }
	anUpload := func(_, _, upload string) string { return upload }
	aVersion := func(version, _, _ string) string { return version }
	return []attempt{
		{"begin", func(t *testing.T, b *browser, base, version, _, _ string) answer {
			return b.json(t, http.MethodPost, base+"/versions/"+version+"/uploads", map[string]any{"name": "stolen", "size": 5})
		}},
		{"begin with nothing", func(t *testing.T, b *browser, base, version, _, _ string) answer {
			return b.do(t, http.MethodPost, base+"/versions/"+version+"/uploads", nil, "")
		}},
		{"form", func(t *testing.T, b *browser, base, version, _, _ string) answer {
			body, contentType := formOf(t, formFile{"file", "stolen.txt", five})
			return b.do(t, http.MethodPost, base+"/versions/"+version+"/files", body, contentType)
		}},
		{"empty form", func(t *testing.T, b *browser, base, version, _, _ string) answer {
			return b.do(t, http.MethodPost, base+"/versions/"+version+"/files", nil, "")
		}},
		{"part", func(t *testing.T, b *browser, base, _, _, upload string) answer {
			return b.putPart(t, base+"/uploads/"+upload+"/parts/1", five)
		}},
		{"part without anything", func(t *testing.T, b *browser, base, _, _, upload string) answer {
			return b.do(t, http.MethodPut, base+"/uploads/"+upload+"/parts/0", nil, "")
		}},
		{"part of a part's size", func(t *testing.T, b *browser, base, _, _, upload string) answer {
			return b.with("Content-Digest", contentDigest(five)).do(t, http.MethodPut, base+"/uploads/"+upload+"/parts/1",
				struct{ io.Reader }{bytes.NewReader(make([]byte, store.PartSize))}, "")
		}},
		simple(http.MethodGet, "/uploads/", "", anUpload),
		simple(http.MethodPost, "/uploads/", "/finish", anUpload),
		simple(http.MethodDelete, "/uploads/", "", anUpload),
		simple(http.MethodGet, "/files/", "", aFile),
		simple(http.MethodHead, "/files/", "", aFile),
		simple(http.MethodGet, "/files/", "/inline", aFile),
		simple(http.MethodGet, "/files/", "/inline/theirs.txt", aFile),
		simple(http.MethodGet, "/files/", "/preview", aFile),
		simple(http.MethodHead, "/files/", "/preview", aFile),
		simple(http.MethodGet, "/files/", "/pages/1", aFile),
		simple(http.MethodGet, "/files/", "/text", aFile),
		simple(http.MethodGet, "/files/", "/drawing", aFile),
		simple(http.MethodPost, "/files/", "/lead", aFile),
		simple(http.MethodGet, "/versions/", "/files.zip", aVersion),
		simple(http.MethodHead, "/versions/", "/files.zip", aVersion),
		simple(http.MethodPost, "/files/", "/delete", aFile),
		simple(http.MethodPost, "/files/", "/restore", aFile),
		simple(http.MethodPost, "/files/", "/delete", anUpload),
		simple(http.MethodGet, "/files/", "", anUpload),
	}
}

// Ravi is a member of Acme only, Dana of both tenants. Each requests files of Globex
// under Acme's path, and Ravi also under Globex's own. The answer is the same, byte for
// byte, as for an unknown id, and nothing in Globex changes. Then Dana makes the same
// requests under Globex, and they succeed.
func TestOtherTenantsFilesAreNotFound(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	dana := d.Member(t, d.Dana, d.Globex)
	g := studio{site: d.site, Tenants: d.Tenants, ravi: d.as(t, d.Dana), me: dana}
	g.deliverable = storetest.Deliverable(t, dana, storetest.Project(t, dana, "Theirs "+d.Suffix), "Theirs "+d.Suffix)
	g.draft = storetest.Draft(t, dana, g.deliverable)
	body, contentType := formOf(t, formFile{"file", "theirs.txt", []byte("secret " + d.Suffix)})
	want(t, "form", g.ravi.do(t, http.MethodPost, "/w/"+d.Globex+"/versions/"+g.draft.String()+"/files", body, contentType), 303)
	file := g.list(t)[0].ID.String()
	preview(t, dana, g.list(t)[0].ID, "preview of "+d.Suffix)
	pages(t, dana, g.list(t)[0].ID, "page of "+d.Suffix)
	begun := g.ravi.json(t, http.MethodPost, "/w/"+d.Globex+"/versions/"+g.draft.String()+"/uploads", map[string]any{"name": "coming.txt", "size": 5})
	upload := decode[plan](t, begun).ID
	before := storetest.Fingerprint(t, dana.TenantID())

	acme, globex := "/w/"+d.Acme, "/w/"+d.Globex
	for _, a := range attempts() {
		random := func(b *browser, at string) answer {
			got := a.do(t, b, at, store.NewID().String(), store.NewID().String(), store.NewID().String())
			want(t, a.name+" of nothing", got, 404)
			return got
		}
		for who, got := range map[string][2]answer{
			"Ravi under Acme":   {a.do(t, d.ravi, acme, g.draft.String(), file, upload), random(d.ravi, acme)},
			"Ravi under Globex": {a.do(t, d.ravi, globex, g.draft.String(), file, upload), random(d.ravi, "/w/nobody-"+d.Suffix)},
			"Dana under Acme":   {a.do(t, g.ravi, acme, g.draft.String(), file, upload), random(g.ravi, acme)},
			"no id":             {a.do(t, d.ravi, acme, "1", "1", "1"), random(d.ravi, acme)},
		} {
			if got[0].status != 404 || got[0].withoutRequestID() != got[1].withoutRequestID() {
				t.Errorf("%s, %s: %d %.200s", a.name, who, got[0].status, got[0].body)
			}
		}
	}
	if storetest.Fingerprint(t, dana.TenantID()) != before {
		t.Error("something changed in Globex")
	}
	refused := 0
	err := storetest.Superuser(t).QueryRow(t.Context(), `select count(*) from audit_events
where tenant_id = $1 and actor_id = $2 and result = 'denied'`, d.me.TenantID(), d.me.ID()).Scan(&refused)
	if err != nil || refused < 20 {
		t.Errorf("%d refusals in Acme's trail, %v", refused, err)
	}

	want(t, "part", g.ravi.putPart(t, globex+"/uploads/"+upload+"/parts/1", []byte("12345")), 204)
	want(t, "finish", g.ravi.do(t, http.MethodPost, globex+"/uploads/"+upload+"/finish", nil, ""), 200)
	if a := g.ravi.get(t, globex+"/files/"+file); a.body != "secret "+d.Suffix {
		t.Errorf("the rightful person gets %d %q", a.status, a.body)
	}
	if a := g.ravi.get(t, globex+"/versions/"+g.draft.String()+"/files.zip"); !strings.Contains(a.body, "secret "+d.Suffix) {
		t.Errorf("the rightful person gets the archive as %d", a.status)
	}
	if a := g.ravi.get(t, globex+"/files/"+file+"/text"); !strings.Contains(a.body, "secret "+d.Suffix) {
		t.Errorf("the rightful person gets the text as %d", a.status)
	}
	want(t, "lead", g.ravi.post(t, globex+"/files/"+file+"/lead", nil), 303)
	if a := g.ravi.get(t, globex+"/files/"+file+"/preview"); a.body != "preview of "+d.Suffix {
		t.Errorf("the rightful person gets the preview as %d %q", a.status, a.body)
	}
}

// An upload belongs to the person who began it. Colleagues in the same tenant can
// neither see it nor finish it.
func TestColleaguesUploadIsNotFound(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	dana := d.as(t, d.Dana)
	p := d.begin(t, "ravis.txt", 5)
	want(t, "part", d.ravi.putPart(t, p.part(1), []byte("12345")), 204)
	for _, a := range []answer{
		dana.get(t, p.Status),
		dana.putPart(t, p.part(1), []byte("54321")),
		dana.do(t, http.MethodPost, p.Finish, nil, ""),
		dana.do(t, http.MethodDelete, p.Status, nil, ""),
	} {
		want(t, "by Dana", a, 404)
	}
	if got := stored(t, p.ID); got != "pending" {
		t.Errorf("state = %s", got)
	}
	want(t, "finish", d.ravi.do(t, http.MethodPost, p.Finish, nil, ""), 200)
	a := dana.get(t, d.at("/files/%s", p.ID))
	if a.body != "12345" {
		t.Errorf("Dana gets %d %q", a.status, a.body)
	}
}
