package handlers_test

import (
	"bytes"
	"context"
	"image"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

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

// Clients show their agency's logo until they have their own. A new logo has a new
// address, and the old address stops working. Data hidden in the upload is not kept.
func TestClientsShowTheirAgencysLogo(t *testing.T) {
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
		t.Error("data hidden in the upload is served")
	}
	if m, _, err := image.Decode(strings.NewReader(got.body)); err != nil || m.Bounds().Dx() > 320 || m.Bounds().Dy() > 96 {
		t.Errorf("the logo is not a small picture: %v", err)
	}
	want(t, "the client's own", dana.sendLogo(t, a.Acme, thumbnailtest.JPEG(t, thumbnailtest.TwoHalves(200, 200))), http.StatusSeeOther)
	second := mia.logoOn(t, home)
	if second == first || second == "" {
		t.Errorf("Acme shows %q, not its own", second)
	}
	if sister := s.as(t, a.Gus).logoOn(t, "/w/"+a.Globex+"/"); sister != first {
		t.Errorf("Globex shows %q, not its agency's", sister)
	}
	want(t, "another one", dana.sendLogo(t, a.Acme, thumbnailtest.GIF(t, thumbnailtest.TwoHalves(64, 64))), http.StatusSeeOther)
	want(t, "the one before", s.nobody().get(t, second), http.StatusNotFound)
	want(t, "removed", dana.post(t, "/w/"+a.Acme+"/settings/logo/remove", nil), http.StatusSeeOther)
	if got := mia.logoOn(t, home); got != first {
		t.Errorf("without its own logo Acme shows %q", got)
	}
}

// An upload that cannot be a logo is refused next to its field, and changes nothing.
func TestUnsafeLogosAreRefused(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := s.as(t, a.Dana)
	for says, content := range map[string][]byte{
		"Choose a picture first":           nil,
		"3.1 MB. A logo can be up to 1 MB": bytes.Repeat([]byte{0xff}, 3<<20),
		"SVG pictures can contain":         []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"too many pixels":                  thumbnailtest.PNGClaim(50_000, 50_000, 8, 6, 0),
		"it is not a picture":              []byte("%PDF-1.7 not a picture"),
		"it can&#39;t be read here":        thumbnailtest.PNG(t, thumbnailtest.TwoHalves(9, 9))[:44],
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
		t.Errorf("a refused picture is shown: %s", got)
	}
}

// While as many logos are decoded as may be at once, the next one waits. Whoever gives up
// waiting gets none, and the others get theirs.
func TestLogosAreDecodedInTurn(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := s.as(t, a.Dana)
	end := s.product.TakeLogoSlots()
	content := thumbnailtest.PNG(t, thumbnailtest.TwoHalves(40, 40))

	form, contentType := formOf(t, formFile{"logo", "logo.png", content})
	body, err := io.ReadAll(form)
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, s.server.URL+"/w/"+a.Acme+"/settings/logo", afterLast{bytes.NewReader(body), leave})
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Cookie", dana.cookie)
	left := make(chan bool)
	go func() {
		s.server.Config.Handler.ServeHTTP(httptest.NewRecorder(), r)
		close(left)
	}()
	select {
	case <-left:
	case <-time.After(time.Minute):
		t.Error("somebody who left still waits for a slot")
	}

	answered := make(chan answer, 1)
	go func() { answered <- dana.sendLogo(t, a.Acme, content) }()
	select {
	case got := <-answered:
		t.Fatalf("decoded without a slot: %d", got.status)
	case <-time.After(time.Second):
	}
	end()
	want(t, "in its turn", <-answered, http.StatusSeeOther)
	want(t, "another one", dana.sendLogo(t, a.Globex, content), http.StatusSeeOther)
}

// afterLast calls do when all of a body was read.
type afterLast struct {
	*bytes.Reader
	do func()
}

// Read implements io.Reader.
func (a afterLast) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if a.Len() == 0 {
		a.do()
	}
	return n, err
}

// People who may not edit the settings cannot change a logo, in their own tenant or in
// another.
func TestOnlyManagersChangeLogos(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	content := thumbnailtest.PNG(t, thumbnailtest.TwoHalves(40, 40))
	want(t, "the client's owner", s.as(t, a.Mia).sendLogo(t, a.Acme, content), http.StatusForbidden)
	want(t, "staff without the right", s.as(t, a.Ravi).sendLogo(t, a.Acme, content), http.StatusForbidden)
	want(t, "staff in another tenant", s.as(t, a.Ravi).sendLogo(t, a.Globex, content), http.StatusNotFound)
	want(t, "the rightful person", s.as(t, a.Dana).sendLogo(t, a.Globex, content), http.StatusSeeOther)
}

func inheritedColour(accent string) url.Values {
	return url.Values{"name": {"Named"}, "accent": {accent}, "accent_shown": {accent}}
}

func ownColour(accent string) url.Values {
	fields := inheritedColour(accent)
	fields.Set("own_accent", "on")
	return fields
}

// A client without its own colour shows its agency's, also after its settings are saved,
// and again after its own colour is removed.
func TestClientsShowTheirAgencysColour(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := s.as(t, a.Dana)
	colours := func(slug string, fields url.Values) {
		t.Helper()
		want(t, "settings", dana.post(t, "/w/"+slug+"/settings", fields), http.StatusSeeOther)
	}
	shownColour := func() string {
		t.Helper()
		return a.Member(t, a.Dana, a.Acme).Tenant.Accent
	}
	colours(a.Agency, ownColour("#224466"))
	colours(a.Acme, inheritedColour("#224466"))
	colours(a.Agency, ownColour("#993311"))
	if got := shownColour(); got != "#993311" {
		t.Errorf("Acme shows %s after its agency changed", got)
	}
	colours(a.Acme, ownColour("#118844"))
	if got := shownColour(); got != "#118844" {
		t.Errorf("Acme shows %s and not its own", got)
	}
	colours(a.Acme, inheritedColour("#118844"))
	if got := shownColour(); got != "#993311" {
		t.Errorf("Acme shows %s without its own colour", got)
	}
}

// The sign-in page shows the brand that its agency chose only on the way to the portal's
// own host, and never the agency's internal name for the client. A path shows none:
// strangers can't learn from it which clients exist, or whose they are.
func TestSignInPageShowsABrandForHostsOnly(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := s.as(t, a.Dana)
	signInPage := func(to string) string {
		t.Helper()
		got := s.nobody().get(t, "/login?return_to="+url.QueryEscape(to))
		want(t, to, got, http.StatusOK)
		return got.body
	}
	back := func(host string) string { return "/handover?host=" + host + "&return_to=/" }
	host := a.Acme + ".portals.test"
	if got := signInPage(back(host)); strings.Contains(got, "Acme "+a.Suffix) || !strings.Contains(got, "Northwind "+a.Suffix) {
		t.Error("the sign-in page of a portal without a name shows more than its agency's name")
	}
	want(t, "settings", dana.post(t, "/w/"+a.Acme+"/settings",
		url.Values{
			"name": {"Inner"}, "portal_name": {"Portal " + a.Suffix}, "own_accent": {"on"}, "accent": {"#224466"}}), http.StatusSeeOther)
	want(t, "logo", dana.sendLogo(t, a.Acme, thumbnailtest.PNG(t, thumbnailtest.TwoHalves(40, 40))), http.StatusSeeOther)
	got := signInPage(back(host))
	if !strings.Contains(got, "Portal "+a.Suffix) || !strings.Contains(got, "/brand/224466.css") || logoAddress.FindString(got) == "" {
		t.Error("the sign-in page does not show the portal's brand")
	}
	want(t, "its colour", s.nobody().get(t, "/brand/224466.css"), http.StatusOK)
	for _, to := range []string{
		"/w/" + a.Acme + "/", "/w/" + a.Acme, "/w/" + a.Acme + "/projects?x=1", "/w/" + a.Agency + "/", "/w/" + strings.ToUpper(a.Acme) + "/",
		"/w/" + a.Acme + "/handover?host=x", "/account?to=/w/" + a.Acme + "/", "/switcher?q=" + a.Acme, "/invites/" + a.Acme, "/support?tenant=" + a.Acme,
		"/w/%61cme-" + a.Suffix + "/", "/handover/?host=" + host, "/handover?hosts=" + host, back("x." + host),
		"/w/nobody-" + a.Suffix + "/", "/w/%22/", "/account", back(a.Acme + ".evil.test"), back(a.Acme), back(""),
	} {
		if got := signInPage(to); strings.Contains(got, a.Suffix+"</span>") || strings.Contains(got, "Portal") || strings.Contains(got, "224466") || !strings.Contains(got, "portico-mark") {
			t.Errorf("%s: not our own sign-in page", to)
		}
	}
	for _, name := range []string{"22446.css", "224466", "22446g.css", "224466.css.css", "..%2f224466.css"} {
		want(t, name, s.nobody().get(t, "/brand/"+name), http.StatusNotFound)
	}
}
