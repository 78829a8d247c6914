package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/files"
	"portico/store"
)

// preview gives a file a preview with the given content, as the job would.
func preview(t *testing.T, me store.Member, file uuid.UUID, content string) {
	t.Helper()
	digest, err := storage(t).For(me.TenantID()).Put(t.Context(), files.NewKey(me.TenantID(), files.KindPreview, file), []byte(content))
	if err == nil {
		err = storetest.DB().Write(t.Context(), me, func(tx *store.Tx) error {
			return tx.RecordPreview(t.Context(), file, uuid.Nil, &store.Preview{ContentType: "image/jpeg", Size: int64(len(content)), SHA256: digest[:]})
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// pages gives a file pictures of its pages with the given contents, as the job would.
func pages(t *testing.T, me store.Member, file uuid.UUID, contents ...string) {
	t.Helper()
	var drawn []store.Rendition
	for i, content := range contents {
		r := storetest.Rendition(i + 1)
		digest, err := storage(t).For(me.TenantID()).Put(t.Context(), files.NewKey(me.TenantID(), files.KindRendition, r.ID), []byte(content))
		if err != nil {
			t.Fatal(err)
		}
		r.Size, r.SHA256 = int64(len(content)), digest[:]
		drawn = append(drawn, r)
	}
	storetest.Pages(t, me.TenantID(), file, drawn...)
}

// Only staff see the preview of a draft's file. Clients see it once the version is
// published. A missing preview, or one of a binned file, is refused like a random id.
func TestPreviewIsVisibleLikeItsFile(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	mia := d.as(t, d.Mia)
	with, without := d.send(t, "poster.txt", []byte("large")), d.send(t, "plain.txt", []byte("plain"))
	preview(t, d.me, uuid.MustParse(with), "small "+d.Suffix)
	path := d.at("/files/%s/preview", with)
	nothing := mia.get(t, d.at("/files/%s/preview", uuid.New()))
	want(t, "nothing", nothing, 404)
	refused := func(what string, b *browser, path string) {
		t.Helper()
		a := b.get(t, path)
		want(t, what, a, 404)
		if b == mia && a.withoutRequestID() != nothing.withoutRequestID() {
			t.Errorf("%s: the refusal differs from that of a random id", what)
		}
	}
	refused("a draft's, to the client", mia, path)
	d.publish(t)
	refused("a file without one", mia, d.at("/files/%s/preview", without))
	for _, who := range []string{d.Mia, d.Leo, d.Ravi} {
		a := d.as(t, who).get(t, path)
		want(t, "published", a, 200)
		if a.body != "small "+d.Suffix {
			t.Errorf("body = %q", a.body)
		}
	}
	want(t, "somebody signed out", d.nobody().get(t, path), 302)
	want(t, "into the bin", d.ravi.post(t, d.at("/files/%s/delete", with), nil), 303)
	refused("in the bin", mia, path)
	refused("in the bin, to the team", d.ravi, path)
	want(t, "out of the bin", d.ravi.post(t, d.at("/files/%s/restore", with), nil), 303)
	want(t, "restored", mia.get(t, path), 200)
}

// The headers of a preview make browsers treat it only as a picture. Caches do not keep
// it, and the trail does not record it.
func TestPreviewIsServedSafely(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	id := d.send(t, "poster.txt", []byte("large"))
	preview(t, d.me, uuid.MustParse(id), "<script>alert(1)</script>")
	a := d.ravi.get(t, d.at("/files/%s/preview", id))
	want(t, "preview", a, 200)
	for name, value := range map[string]string{
		"Content-Type":                 "image/jpeg",
		"X-Content-Type-Options":       "nosniff",
		"Cache-Control":                "private, no-store",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Content-Disposition":          `inline; filename="preview.jpeg"`,
	} {
		if got := a.header.Get(name); got != value {
			t.Errorf("%s = %q, want %q", name, got, value)
		}
	}
	if policy := a.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "sandbox; default-src 'none'") {
		t.Errorf("policy = %q", policy)
	}
	var trail []store.Activity
	if err := storetest.DB().Read(t.Context(), d.me, store.ListActivity(store.ActivityFilter{Kind: "file"}, &trail)); err != nil {
		t.Fatal(err)
	}
	for _, e := range trail {
		if e.Verb != "file.uploaded" {
			t.Errorf("the trail has %s", e.Verb)
		}
	}
	want(t, "head", d.ravi.do(t, http.MethodHead, d.at("/files/%s/preview", id), nil, ""), 200)
}

// Every list shows the previews of deliverables: to staff at once, to clients once the
// version is published.
func TestListsShowPreviews(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	mia := d.as(t, d.Mia)
	id := d.send(t, "poster.txt", []byte("large"))
	deliverable := d.at("/deliverables/%s", d.deliverable)
	project := d.project(t)
	image := `<img src="` + d.at("/files/%s/preview", id) + `" alt`
	shows := func(what string, b *browser, path string, yes bool) {
		t.Helper()
		a := b.get(t, path)
		want(t, what, a, 200)
		if strings.Contains(a.body, image) != yes {
			t.Errorf("%s: shows the preview: %t, want %t", what, !yes, yes)
		}
	}
	shows("project without one", d.ravi, project, false)
	preview(t, d.me, uuid.MustParse(id), "small")
	shows("project", d.ravi, project, true)
	shows("deliverable", d.ravi, deliverable, true)
	shows("the client's home, unpublished", mia, d.at("/"), false)
	d.publish(t)
	for what, b := range map[string]*browser{"client": mia, "team": d.ravi} {
		shows("home of the "+what, b, d.at("/"), true)
		shows("project of the "+what, b, project, true)
		shows("deliverable of the "+what, b, deliverable, true)
	}
}

// project is the path of the studio's project.
func (d studio) project(t *testing.T) string {
	t.Helper()
	var got store.Deliverable
	if err := storetest.DB().Read(t.Context(), d.me, store.GetDeliverable(d.deliverable, &got)); err != nil {
		t.Fatal(err)
	}
	return d.at("/projects/%s", got.ProjectID)
}
