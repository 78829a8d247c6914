package handlers_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portico/e2e/storetest"
)

// paged is a file of a version on the page of its deliverable.
func (d studio) paged(id string) string {
	return d.at("/deliverables/%s?file=%s&amp;version=1", d.deliverable, id)
}

// shown returns the part of a page that shows one file large.
func shown(t *testing.T, a answer) string {
	t.Helper()
	if !strings.Contains(a.body, `<figure class="stage"`) {
		t.Fatalf("no file is shown: %d", a.status)
	}
	return between(a.body, `<figure class="stage"`, "</figure>")
}

// Every file of a version has a page that shows it as browsers can, with links to the one
// before and after. What no browser shows gets a card.
func TestEveryFileIsShownAsBrowsersCan(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	ftyp := func(brand string) string { return "\x00\x00\x00\x18ftyp" + brand + "\x00\x00\x02\x00" + brand }
	files := []struct{ name, content, shows string }{
		{"picture.png", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00", "<img src"},
		{"drawing.svg", `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`, "<img src"},
		{"book.pdf", "%PDF-1.7\n", "<iframe src"},
		{"clip.mp4", ftyp("isom"), "<video src"},
		{"clip.mov", ftyp("qt  "), "<video src"},
		{"clip.m4v", ftyp("M4V "), "<video src"},
		{"spot.mp3", "ID3\x04\x00\x00\x00\x00\x00\x2d" + strings.Repeat("\x00", 45), "<audio src"},
		{"spot.wav", "RIFF\x24\x00\x00\x00WAVEfmt ", "<audio src"},
		{"spot.m4a", ftyp("M4A "), "<audio src"},
		{"spot.ogg", "OggS\x00\x02" + strings.Repeat("\x00", 20) + "\x01\x1e\x01vorbis", "<audio src"},
		{"notes.txt", "Dear all", "<iframe src"},
		{"styles.css", "body { color: red }", "<iframe src"},
		{"page.html", "<!doctype html><script>alert(1)</script>", "<iframe src"},
		{"fonts.zip", "PK\x03\x04\x14" + strings.Repeat("\x00", 26), `class="file-tile"`},
		{"brochure.indd", "\x06\x06\xed\xf5\xd8\x1d\x46\xe5\xbd\x31\xef\xe7\xfe\x74\xb7\x1d", `class="file-tile"`},
	}
	ids := make([]string, len(files))
	for i, f := range files {
		ids[i] = d.send(t, f.name, []byte(f.content))
	}
	d.publish(t)
	mia := d.as(t, d.Mia)
	for i, f := range files {
		page := mia.get(t, d.at("/deliverables/%s?version=1&file=%s", d.deliverable, ids[i]))
		want(t, f.name, page, 200)
		stage := shown(t, page)
		if !strings.Contains(stage, f.shows) || !strings.Contains(stage, f.name) || !strings.Contains(stage, d.at("/files/%s", ids[i])+`"`) {
			t.Errorf("%s is shown as %s", f.name, stage)
		}
		for at, rel := range map[int]string{i - 1: `rel="prev"`, i + 1: `rel="next"`} {
			there := at >= 0 && at < len(files)
			if strings.Contains(stage, rel) != there || there && !strings.Contains(stage, d.paged(ids[at])) {
				t.Errorf("%s: a link %s: %t, want %t", f.name, rel, !there, there)
			}
		}
		if strings.Contains(stage, "<script") {
			t.Errorf("%s: its script is in the page", f.name)
		}
	}
	want(t, "another file", mia.get(t, d.at("/deliverables/%s?version=1&file=%s", d.deliverable, d.deliverable)), 404)

	text := mia.get(t, d.at("/files/%s/text", ids[12]))
	want(t, "the source of a page", text, 200)
	has(t, "the source of a page", text, "&lt;script&gt;alert(1)&lt;/script&gt;")
	if policy := text.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script-src") {
		t.Errorf("its policy: %s", policy)
	}
	if trail(t, ids[12], "file.viewed") != 1 {
		t.Error("reading a text is not recorded")
	}
	want(t, "the text of a picture", mia.get(t, d.at("/files/%s/text", ids[0])), 404)

	page := mia.get(t, d.at("/files/%s/drawing", ids[12]))
	if h := page.header; h.Get("Content-Type") != "application/octet-stream" || trail(t, ids[12], "file.downloaded") != 1 {
		t.Errorf("a page as a drawing: %v", h)
	}
	drawing := mia.get(t, d.at("/files/%s/drawing", ids[1]))
	if h := drawing.header; h.Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") ||
		!strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox; default-src 'none'") {
		t.Errorf("a drawing opens as a document: %v", h)
	}
}

// Texts are read in the encoding that they are written in.
func TestTextsAreReadInTheirEncoding(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	for name, c := range map[string]struct{ content, reads string }{
		"utf-8":               {"Grüße", "Grüße"},
		"utf-8 with a mark":   {"\xef\xbb\xbfGrüße", "Grüße"},
		"utf-16 little":       {"\xff\xfeG\x00r\x00\xfc\x00\xdf\x00e\x00", "Grüße"},
		"utf-16 big":          {"\xfe\xff\x00G\x00r\x00\xfc\x00\xdf\x00e", "Grüße"},
		"Chinese":             {"你好", "你好"},
		"markup":              {"a <b> & c", "a &lt;b&gt; &amp; c"},
		"json":                {`{"a": "ü"}`, "{&#34;a&#34;: &#34;ü&#34;}"},
		"csv":                 {"a,b\n1,ü\n", "1,ü"},
		"shell":               {"#!/bin/sh\necho ü\n", "echo ü"},
		"one line over 64 kB": {strings.Repeat("x", 70_000), "This is its beginning"},
	} {
		a := d.ravi.get(t, d.at("/files/%s/text", d.send(t, name+".txt", []byte(c.content))))
		want(t, name, a, 200)
		has(t, name, a, c.reads)
		if len(a.body) > 68_000 {
			t.Errorf("%s: the page has %d bytes", name, len(a.body))
		}
	}
}

// Staff choose the file that everybody sees first, in a published version too. A client
// can't.
func TestStaffChooseTheLeadFile(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	mp3, err := os.ReadFile(filepath.Join("testdata", "spot.mp3"))
	if err != nil {
		t.Fatal(err)
	}
	archive := d.send(t, "fonts.zip", []byte("PK\x03\x04\x14"+strings.Repeat("\x00", 26)))
	sound, words := d.send(t, "spot.mp3", mp3), d.send(t, "words.txt", []byte("words"))
	page := d.at("/deliverables/%s", d.deliverable)
	opens := func(who *browser, name string) {
		t.Helper()
		if stage := shown(t, who.get(t, page)); !strings.Contains(stage, `title="`+name+`"`) {
			t.Errorf("not %s: %s", name, stage)
		}
	}
	opens(d.ravi, "spot.mp3")
	want(t, "choose", d.ravi.post(t, d.at("/files/%s/lead", words), nil), 303)
	opens(d.ravi, "words.txt")
	d.publish(t)
	mia := d.as(t, d.Mia)
	opens(mia, "words.txt")
	want(t, "the client chooses", mia.post(t, d.at("/files/%s/lead", sound), nil), 403)
	opens(mia, "words.txt")
	want(t, "choose another", d.ravi.post(t, d.at("/files/%s/lead", archive), nil), 303)
	opens(mia, "fonts.zip")
	leads := 0
	if err := storetest.Superuser(t).QueryRow(t.Context(), `select count(*) from files where version_id = $1 and lead`, d.draft).Scan(&leads); err != nil || leads != 1 {
		t.Errorf("%d files lead, %v", leads, err)
	}
	hasNot(t, "the client's page", mia.get(t, page), "/lead")
	has(t, "the page of staff", d.ravi.get(t, page), d.at("/files/%s/lead", sound))
}
