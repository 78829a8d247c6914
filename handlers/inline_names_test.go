package handlers_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var inlineAddress = regexp.MustCompile(`(?:href|src)="([^"]*/inline[^"]*)"`)

// A page links and frames a file under an address that ends with the file's name, because
// browsers take the title of the tab from there. The name decides nothing: another one, or
// none, gives the same bytes as the same type.
func TestInlineAddressEndsWithTheName(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
	mp4 := "\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isom"
	for name, c := range map[string]struct {
		content, contentType string
		addresses            int // in the page: the frame or player, and the link to it alone
	}{
		"two-pages.pdf":                   {"%PDF-1.7\n", "application/pdf", 2},
		"film.mp4":                        {mp4, "video/mp4", 2},
		"spot.wav":                        {"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav", 2},
		"notes.txt":                       {"Dear all", "text/plain; charset=utf-8", 1}, // its frame is a page of ours
		"Größe & Maß 日本語 🎈.png":           {png, "image/png", 3},
		"50%.png":                         {png, "image/png", 3},
		"%2e%2e%2fpasswd.png":             {png, "image/png", 3},
		"what?a=b&c#d;e=f.png":            {png, "image/png", 3},
		`"><script>alert(1)<script>.png`:  {png, "image/png", 3},
		"javascript:alert(1).png":         {png, "image/png", 3},
		"../../etc/passwd":                {png, "image/png", 3},
		`..\..\boot.ini`:                  {png, "image/png", 3},
		"page.html":                       {png, "image/png", 3},
		"evil\u202egnp.exe":               {png, "image/png", 3},
		"inline":                          {png, "image/png", 3},
		strings.Repeat("日", 251) + ".pdf": {"%PDF-1.7\n", "application/pdf", 2},
		strings.Repeat("🎈", 251) + ".pdf": {"%PDF-1.7\n", "application/pdf", 2},
		"..":                              {png, "image/png", 3}, // browsers would leave the folder
		".":                               {png, "image/png", 3},
	} {
		id := d.send(t, name, []byte(c.content))
		stored := ""
		for _, f := range d.list(t) {
			if f.ID.String() == id {
				stored = f.Name
			}
		}
		page := d.ravi.get(t, d.at("/deliverables/%s?version=1&file=%s", d.deliverable, id))
		found := inlineAddress.FindAllStringSubmatch(page.body, -1)
		if len(found) != c.addresses {
			t.Errorf("%q: %d addresses, want %d", name, len(found), c.addresses)
		}
		for _, m := range found {
			u, err := url.Parse(html.UnescapeString(m[1]))
			if err != nil {
				t.Errorf("%q: %v", name, err)
				continue
			}
			rest, _ := strings.CutPrefix(u.EscapedPath(), d.at("/files/%s/inline", id))
			last, err := url.PathUnescape(strings.TrimPrefix(rest, "/"))
			want := stored
			if want == "." || want == ".." {
				want = ""
			}
			if last != want || err != nil || strings.Count(rest, "/") > 1 || u.RawQuery != "" {
				t.Errorf("%q: the last segment of %s is %q, want %q (%v)", name, m[1], last, want, err)
			}
			d.inlineIs(t, u.EscapedPath(), c.content, c.contentType)
		}
		for _, decoration := range []string{"", "/x", "/page.html", "/..%2f..%2fetc", "/%00", "/%E2%80%AE"} {
			d.inlineIs(t, d.at("/files/%s/inline%s", id, decoration), c.content, c.contentType)
		}
		want(t, "two names", d.ravi.get(t, d.at("/files/%s/inline/a/b", id)), 404)
	}
	hasNot(t, "the log", answer{body: d.logs.String()}, "passwd", "two-pages", "etc")
}

// inlineIs checks that an address shows a file, whatever name it ends with.
func (d studio) inlineIs(t *testing.T, path, content, contentType string) {
	t.Helper()
	a := d.ravi.get(t, path)
	want(t, path, a, 200)
	if got := a.header.Get("Content-Type"); got != contentType || a.body != content || !strings.HasPrefix(a.header.Get("Content-Disposition"), "inline") {
		t.Errorf("%s: %q as %s, want %q as %s", path, a.body, got, content, contentType)
	}
}
