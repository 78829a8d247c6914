package signin_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
)

// A person changes their name: the page confirms it and lists the event. Invalid names
// are refused.
func TestAccountName(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b := h.browser(t).signIn(a.Mia)
	saved := b.want(b.post("/account/name", "name", "  Mia <Ω> "+a.Suffix+" "), http.StatusSeeOther)
	page := b.want(b.get(saved.location), http.StatusOK)
	for _, part := range []string{"Name saved.", `value="Mia &lt;Ω&gt; ` + a.Suffix + `"`, "Changed the name", "Signed in with an email code"} {
		if !strings.Contains(page.body, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	for _, bad := range []string{"", "   ", strings.Repeat("a", 121), "a\nb", "a\x00b"} {
		got := b.want(b.post("/account/name", "name", bad), http.StatusUnprocessableEntity)
		if !strings.Contains(got.body, "field-error") {
			t.Errorf("%q: no error sentence at the field", bad)
		}
	}
	if page := b.get("/account"); !strings.Contains(page.body, "Mia &lt;Ω&gt;") {
		t.Error("a refused name was saved")
	}
	if page := h.browser(t).signIn(a.Leo).get("/account"); strings.Contains(page.body, "Changed the name") {
		t.Error("another person's history shows it")
	}
}

// A name has a visible character. What changes the order of others or is invisible is
// dropped, and what scripts and emoji need stays.
func TestAccountNameCanBeSeen(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b := h.browser(t).signIn(a.Mia)
	const field = `value="`
	for typed, kept := range map[string]string{
		"Mia\u202eeM":                  "MiaeM",
		"\u2066Mia\u2069":              "Mia",
		"  Mia \u00a0 Byte\t":          "Mia Byte",
		"Mi\u200ba\ufeff":              "Mia",
		"Mi\u00ada\u2060":              "Mia",
		"E\u0301va":                    "Éva",
		"👩\u200d💻 Mia":                 "👩\u200d💻 Mia",
		"می\u200cخواهم":                "می\u200cخواهم",
		"❤\ufe0f":                      "❤\ufe0f",
		"王小明":                          "王小明",
		"Mia\u3164":                    "Mia",
		strings.Repeat("é", 120):       strings.Repeat("é", 120),
		strings.Repeat("e\u0301", 120): strings.Repeat("é", 120),
	} {
		saved := b.want(b.post("/account/name", "name", typed), http.StatusSeeOther)
		if page := b.get(saved.location); !strings.Contains(page.body, field+kept+`"`) {
			t.Errorf("%+q is not kept as %+q", typed, kept)
		}
	}
	b.want(b.post("/account/name", "name", "Mia"), http.StatusSeeOther)
	for _, bad := range []string{
		"\u200b", "\u202e\u202c", "\u3164", "\u2800", "\u0301", "\ue000", "\u200d\u200d", "\ufe0f", "\u00a0\u3000", "\u2062 \u2063",
		"\U000E0001\U000E0041", "\u115f\u1160", "Mia\u0085Byte", "Mia\xff",
	} {
		got := b.want(b.post("/account/name", "name", bad), http.StatusUnprocessableEntity)
		if !strings.Contains(got.body, "field-error") {
			t.Errorf("%+q: no error sentence at the field", bad)
		}
	}
	if page := b.get("/account"); !strings.Contains(page.body, field+`Mia"`) {
		t.Error("a refused name was saved")
	}
}

// A person chooses the time zone and language of dates. An unknown value changes nothing:
// the form shows it again with an error.
func TestAccountDates(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b := h.browser(t).signIn(a.Mia)
	page := b.want(b.get("/account"), http.StatusOK)
	for _, part := range []string{`<option value="UTC" selected>`, `<option value="en-GB" selected>`, `<optgroup label="Pacific">`, " UTC</time>"} {
		if !strings.Contains(page.body, part) {
			t.Errorf("at first the page lacks %q", part)
		}
	}
	saved := b.want(b.post("/account/dates", "time_zone", "Pacific/Auckland", "locale", "de-DE"), http.StatusSeeOther)
	page = b.want(b.get(saved.location), http.StatusOK)
	chosen := []string{`<option value="Pacific/Auckland" selected>Auckland<`, `<option value="de-DE" selected>`, "Changed how dates are written", ` data-relative lang="de">`}
	for _, part := range append(chosen, "Saved. Dates are now shown this way") {
		if !strings.Contains(page.body, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if strings.Contains(page.body, " UTC</time>") {
		t.Error("a time is still in UTC")
	}
	for _, bad := range [][2]string{
		{"", "de-DE"}, {"Local", "de-DE"}, {"Mars/Phobos", "de-DE"}, {"../etc/passwd", "de-DE"}, {"europe/berlin", "de-DE"}, {"EUROPE/BERLIN", "de-DE"},
		{"Europe/Berlin\x00", "de-DE"}, {strings.Repeat("A", 5000), "de-DE"}, {"<b>", "de-DE"},
		{"Europe/Berlin", ""}, {"Europe/Berlin", "xx-XX"}, {"Europe/Berlin", "DE-de"}, {"Mars/Phobos", "xx-XX"},
	} {
		got := b.want(b.post("/account/dates", "time_zone", bad[0], "locale", bad[1]), http.StatusUnprocessableEntity)
		for i, field := range []string{"time_zone", "locale"} {
			wrong := strings.Contains(got.body, `id="`+field+`-error"`)
			if !wrong && (bad[i] == "" || bad[i] == "Mars/Phobos" || bad[i] == "xx-XX") {
				t.Errorf("%.40q: no error sentence at %s", bad, field)
			}
			if !strings.Contains(got.body, `<option value="`+templ.EscapeString(bad[i])+`" selected>`) {
				t.Errorf("%.40q: %s is not kept", bad, field)
			}
		}
	}
	page = b.get("/account")
	for _, part := range chosen {
		if !strings.Contains(page.body, part) {
			t.Errorf("after refusals the page lacks %q", part)
		}
	}
	if page := h.browser(t).signIn(a.Leo).get("/account"); strings.Contains(page.body, "Changed how dates") || !strings.Contains(page.body, `<option value="UTC" selected>`) {
		t.Error("somebody else's dates are changed")
	}
}

// Without a session, account pages and step-up redirect to sign-in with a return path.
func TestAccountNeedsASession(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	for path, back := range map[string]string{"/account": "%2Faccount", "/step-up?return_to=%2Fsupport": "%2Fstep-up"} {
		if got := b.want(b.get(path), http.StatusFound); !strings.HasPrefix(got.location, "/login?return_to="+back) {
			t.Errorf("%s leads to %q", path, got.location)
		}
	}
	for _, path := range []string{"/account/name", "/account/dates", "/account/sign-out-everywhere", "/step-up", "/step-up/code"} {
		b.want(b.post(path), http.StatusFound)
	}
}

// An agent's support session ends when they sign out, or sign in again in the same
// browser. A sign-in in another browser does not end it.
func TestSignOutEndsSupport(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	mia := a.Member(t, a.Mia, a.Acme)
	storetest.GrantSupport(t, mia)
	for what, leave := range map[string]func(b *browser, sam string){
		"signed out":      func(b *browser, _ string) { b.want(b.post("/logout"), http.StatusSeeOther) },
		"signed in again": func(b *browser, sam string) { b.signIn(sam) },
	} {
		sam := storetest.Agent(t)
		b := h.browser(t).signIn(sam)
		b.want(b.post("/step-up", "return_to", "/support"), http.StatusSeeOther)
		b.want(b.post("/step-up/code", "code", mailed(t, sam).code), http.StatusSeeOther)
		b.want(b.post("/support/sessions", "tenant", a.Acme, "person", mia.ID().String(),
			"reason", "A file does not open", "ticket", "T-1", "minutes", "30"), http.StatusSeeOther)
		h.browser(t).signIn(sam)
		b.want(b.get("/w/"+a.Acme+"/"), http.StatusOK)

		leave(b, sam)
		var how *string
		asAdmin(t, func(ctx context.Context, conn *pgx.Conn) error {
			return conn.QueryRow(ctx, `
select s.ended_how from support_sessions s join users u on u.id = s.actor_id where u.email = $1`, sam).Scan(&how)
		})
		if how == nil || *how != "stopped" {
			t.Errorf("%s: the support session ended: %v", what, how)
		}
	}
}

// Agents can see and end their sessions and choose their date format, but cannot change
// their name, because customers see it.
func TestAgentsCannotRenameThemselves(t *testing.T) {
	t.Parallel()
	h, sam := newSite(t), storetest.Agent(t)
	laptop, phone := h.browser(t).signIn(sam), h.browser(t).signIn(sam)
	page := laptop.want(laptop.get("/account"), http.StatusOK)
	if !strings.Contains(page.body, sam) || strings.Contains(page.body, `action="/account/name"`) {
		t.Error("the page lacks the address, or has a form for the name")
	}
	laptop.want(laptop.post("/account/name", "name", "Mallory"), http.StatusNotFound)
	if page := laptop.get("/account"); strings.Contains(page.body, "Mallory") {
		t.Error("the name was changed")
	}
	laptop.want(laptop.post("/account/dates", "time_zone", "Europe/Lisbon", "locale", "pt-PT"), http.StatusSeeOther)
	if page := laptop.get("/account"); !strings.Contains(page.body, `<option value="Europe/Lisbon" selected>`) {
		t.Error("the time zone was not changed")
	}
	path, _, _ := strings.Cut(page.body[strings.Index(page.body, "/account/browsers/"):], `"`)
	laptop.want(laptop.post(path), http.StatusSeeOther)
	if phone.signedIn() || !laptop.signedIn() {
		t.Error("the wrong browser was signed out")
	}
	phone.signIn(sam)
	laptop.want(laptop.post("/account/sign-out-everywhere"), http.StatusSeeOther)
	if phone.signedIn() || laptop.signedIn() {
		t.Error("a browser is still signed in")
	}
}
