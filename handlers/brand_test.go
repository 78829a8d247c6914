package handlers_test

import (
	"bytes"
	"image"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/handlers/thumbnail/thumbnailtest"
)

var logoAddress = regexp.MustCompile(`/logo/[0-9a-f-]{36}`)

// sendLogo sends a picture as the settings page does.
func (b *browser) sendLogo(t *testing.T, slug string, content []byte) answer {
	t.Helper()
	body, contentType := formOf(t, formFile{"logo", "logo.png", content})
	return b.do(t, http.MethodPost, "/w/"+slug+"/settings/logo", body, contentType)
}

// logoOn is the address of the logo that a page shows, "" for none.
func (b *browser) logoOn(t *testing.T, path string) string {
	t.Helper()
	page := b.get(t, path)
	want(t, path, page, http.StatusOK)
	return logoAddress.FindString(page.body)
}

// An agency's logo is worn by its clients until they have their own; a new one has
// a new address, and the old one is gone. Nothing of the picture that was sent is
// kept but what can be seen.
func TestLogoIsWorn(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana, mia := s.as(t, a.Dana), s.as(t, a.Mia)
	home := "/w/" + a.Acme + "/"
	if got := mia.logoOn(t, home); got != "" {
		t.Fatalf("a logo before there is one: %s", got)
	}
	hidden := append(thumbnailtest.PNG(t, thumbnailtest.TwoHalves(900, 300)), []byte("hidden-"+a.Suffix)...)
	want(t, "the agency's logo", dana.sendLogo(t, a.Agency, hidden), http.StatusSeeOther)
	first := mia.logoOn(t, home)
	got := s.nobody().get(t, first)
	want(t, "the logo, for everybody", got, http.StatusOK)
	if strings.Contains(got.body, a.Suffix) {
		t.Error("what hid in the picture is served")
	}
	if m, _, err := image.Decode(strings.NewReader(got.body)); err != nil || m.Bounds().Dx() > 320 || m.Bounds().Dy() > 96 {
		t.Errorf("the logo is no small picture: %v", err)
	}
	want(t, "the client's own", dana.sendLogo(t, a.Acme, thumbnailtest.JPEG(t, thumbnailtest.TwoHalves(200, 200))), http.StatusSeeOther)
	second := mia.logoOn(t, home)
	if second == first || second == "" {
		t.Errorf("Acme wears %q, not its own", second)
	}
	if sister := s.as(t, a.Gus).logoOn(t, "/w/"+a.Globex+"/"); sister != first {
		t.Errorf("Globex wears %q, not its agency's", sister)
	}
	want(t, "another one", dana.sendLogo(t, a.Acme, thumbnailtest.GIF(t, thumbnailtest.TwoHalves(64, 64))), http.StatusSeeOther)
	want(t, "the one before", s.nobody().get(t, second), http.StatusNotFound)
	want(t, "removed", dana.post(t, "/w/"+a.Acme+"/settings/logo/remove", nil), http.StatusSeeOther)
	if got := mia.logoOn(t, home); got != first {
		t.Errorf("without its own Acme wears %q", got)
	}
}

// What cannot be a logo says why beside its field, and changes nothing.
func TestLogoRefused(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := s.as(t, a.Dana)
	for says, content := range map[string][]byte{
		"Choose a picture first":             nil,
		"3.1 MB. A logo can be up to 1.0 MB": bytes.Repeat([]byte{0xff}, 3<<20),
		"SVG pictures can contain":           []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"too many pixels":                    thumbnailtest.PNGClaim(50_000, 50_000, 8, 6, 0),
		"it is not a picture":                []byte("%PDF-1.7 not a picture"),
		"it is damaged":                      thumbnailtest.PNG(t, thumbnailtest.TwoHalves(9, 9))[:60],
	} {
		got := dana.sendLogo(t, a.Acme, content)
		want(t, says, got, http.StatusUnprocessableEntity)
		if !strings.Contains(got.body, says) {
			t.Errorf("%s: the page does not say so", says)
		}
	}
	body, contentType := formOf(t, formFile{"logo", "logo.png", bytes.Repeat([]byte{1}, 33<<20)})
	want(t, "endless", dana.do(t, http.MethodPost, "/w/"+a.Acme+"/settings/logo", body, contentType), http.StatusRequestEntityTooLarge)
	if got := dana.logoOn(t, "/w/"+a.Acme+"/settings"); got != "" {
		t.Errorf("a refused picture is worn: %s", got)
	}
}

// Whoever may not edit the settings changes no logo, of their own tenant or of
// another.
func TestLogoIsForManagement(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	content := thumbnailtest.PNG(t, thumbnailtest.TwoHalves(40, 40))
	want(t, "the client's owner", s.as(t, a.Mia).sendLogo(t, a.Acme, content), http.StatusForbidden)
	want(t, "staff without the right", s.as(t, a.Ravi).sendLogo(t, a.Acme, content), http.StatusForbidden)
	want(t, "a sister tenant", s.as(t, a.Ravi).sendLogo(t, a.Globex, content), http.StatusNotFound)
	want(t, "the rightful person", s.as(t, a.Dana).sendLogo(t, a.Globex, content), http.StatusSeeOther)
}

func inherited(accent string) url.Values { return url.Values{"name": {"Named"}, "accent": {accent}} }

func own(accent string) url.Values {
	fields := inherited(accent)
	fields.Set("own_accent", "on")
	return fields
}

// A client without a colour of its own wears its agency's, also after its settings
// were saved; and one that takes its own back wears it again.
func TestColourIsInherited(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := s.as(t, a.Dana)
	colours := func(slug string, fields url.Values) {
		t.Helper()
		want(t, "settings", dana.post(t, "/w/"+slug+"/settings", fields), http.StatusSeeOther)
	}
	worn := func() string {
		t.Helper()
		return a.Member(t, a.Dana, a.Acme).Tenant.Accent
	}
	colours(a.Agency, own("#224466"))
	colours(a.Acme, inherited("#224466"))
	colours(a.Agency, own("#993311"))
	if got := worn(); got != "#993311" {
		t.Errorf("Acme wears %s after its agency changed", got)
	}
	colours(a.Acme, own("#118844"))
	if got := worn(); got != "#118844" {
		t.Errorf("Acme wears %s and not its own", got)
	}
	colours(a.Acme, inherited("#118844"))
	if got := worn(); got != "#993311" {
		t.Errorf("Acme wears %s without one of its own", got)
	}
}

// The door of a portal wears what its agency chose to show, and never what the
// agency calls its client among themselves. A tenant that does not exist, and
// whatever is no tenant, has our own door.
func TestDoorWearsTheBrand(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := s.as(t, a.Dana)
	door := func(to string) string {
		t.Helper()
		got := s.nobody().get(t, "/login?return_to="+to)
		want(t, to, got, http.StatusOK)
		return got.body
	}
	if got := door("/w/" + a.Acme + "/"); strings.Contains(got, "Acme "+a.Suffix) || !strings.Contains(got, "Northwind "+a.Suffix) {
		t.Error("the door of a portal without a name does not stand in its agency's name alone")
	}
	want(t, "settings", dana.post(t, "/w/"+a.Acme+"/settings",
		url.Values{
			"name": {"Inner"}, "portal_name": {"Portal " + a.Suffix}, "own_accent": {"on"}, "accent": {"#224466"}}), http.StatusSeeOther)
	want(t, "logo", dana.sendLogo(t, a.Acme, thumbnailtest.PNG(t, thumbnailtest.TwoHalves(40, 40))), http.StatusSeeOther)
	got := door("/w/" + a.Acme + "/projects")
	if !strings.Contains(got, "Portal "+a.Suffix) || !strings.Contains(got, "/brand/224466.css") || logoAddress.FindString(got) == "" {
		t.Error("the door does not wear the portal's brand")
	}
	want(t, "its colour", s.nobody().get(t, "/brand/224466.css"), http.StatusOK)
	back := func(host string) string { return url.QueryEscape("/handover?host=" + host + "&return_to=/") }
	if got := door(back(a.Acme + ".portals.test")); !strings.Contains(got, "Portal "+a.Suffix) {
		t.Error("the door on the way to the tenant's host does not wear its brand")
	}
	for _, to := range []string{"/w/nobody-" + a.Suffix + "/", "/w/%22/", "/account", back(a.Acme + ".evil.test"), back(a.Acme)} {
		if got := door(to); strings.Contains(got, a.Suffix+"</span>") || !strings.Contains(got, "portico-mark") {
			t.Errorf("%s: not our own door", to)
		}
	}
	for _, name := range []string{"22446.css", "224466", "22446g.css", "224466.css.css", "..%2f224466.css"} {
		want(t, name, s.nobody().get(t, "/brand/"+name), http.StatusNotFound)
	}
}
