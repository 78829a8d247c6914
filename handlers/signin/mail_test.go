package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/handlers/signin"
)

// A person signs in with the code in the mail and returns to the page they wanted.
func TestSignInByCode(t *testing.T) {
	t.Parallel()
	a, b := storetest.Agency(t), newSite(t).browser(t)

	sent := b.want(b.post("/login", "email", "  "+strings.ToUpper(a.Mia)+" ", "return_to", "/w/"+a.Acme+"/projects"), http.StatusSeeOther)
	page := b.want(b.get(sent.location), http.StatusOK)
	if !strings.Contains(page.body, a.Mia) {
		t.Error("the page does not name the address")
	}
	code := mailed(t, a.Mia).code
	if got := b.want(b.post("/login/code", "code", wrongCode(code)), http.StatusUnprocessableEntity); !strings.Contains(got.body, "4 tries left") {
		t.Error("the page does not say how many tries are left")
	}
	in := b.want(b.post("/login/code", "code", code[:3]+" "+code[3:]), http.StatusSeeOther)
	if in.location != "/w/"+a.Acme+"/projects" {
		t.Errorf("sent on to %q", in.location)
	}
	if !b.signedIn() {
		t.Error("not signed in")
	}
	if b.cookie("__Host-portico-flow") != "" {
		t.Error("the flow cookie is still there")
	}
	if at := b.want(b.get("/login?return_to=/step-up"), http.StatusSeeOther).location; at != "/step-up" {
		t.Errorf("the sign-in page redirects a signed-in person to %q", at)
	}
}

// Case 32: opening a mailed link, as mail scanners do, does not use it. The button behind
// it signs in, in any browser, once. After that the page offers a new link.
func TestOpeningAMailedLinkDoesNotUseIt(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	mail := h.browser(t).requestMail(a.Gus)
	link := mail.link

	scanner := h.browser(t)
	for range 3 {
		page := scanner.want(scanner.get(link), http.StatusOK)
		if strings.Contains(page.body, a.Gus) {
			t.Error("the page shows the whole address")
		}
	}
	scanner.want(scanner.send(http.MethodHead, link, nil), http.StatusOK)
	if scanner.signedIn() {
		t.Fatal("looking at the link signed somebody in")
	}

	phone := h.browser(t)
	phone.want(phone.get(link), http.StatusOK)
	phone.want(phone.post(link), http.StatusSeeOther)
	if !phone.signedIn() {
		t.Error("the button did not sign in")
	}
	for _, again := range []answer{scanner.get(link), scanner.post(link)} {
		scanner.want(again, http.StatusGone)
		if !strings.Contains(again.body, "Send me a new link") || !strings.Contains(again.body, "already used") {
			t.Error("a used link does not offer a new one")
		}
	}
	if scanner.signedIn() {
		t.Error("a used link signed somebody in")
	}
}

// Case 6: the link in the mail leads to our host, even if the request forges another one.
func TestHostileHostDoesNotReachTheMail(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b := h.browser(t)
	b.extra = http.Header{"Host": {"evil.test"}}
	b.want(b.post("/login", "email", a.Mia), http.StatusNotFound)
	b.want(b.get("/login"), http.StatusNotFound)
	b.extra = http.Header{"X-Forwarded-Host": {"evil.test"}, "Forwarded": {"host=evil.test"}}
	mail := b.requestMail(a.Mia)
	if !strings.HasPrefix(mail.link, "/login/") { // mailed only finds links to our own host
		t.Error("the mail has no link of ours")
	}
	all, err := mails.To(a.Mia)
	check(t, err)
	if len(all) != 1 || strings.Contains(string(all[0].Raw), "evil.test") {
		t.Errorf("%d mails, or one that names the other host", len(all))
	}
}

// The page behind a mailed link shows the brand that the mail shows. A link of nobody shows
// ours.
func TestLinkPageShowsTheBrandOfItsMail(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	if _, err := storetest.AdminPool().Exec(t.Context(), `update tenants set portal_name = 'Portal ' || slug where slug = $1`, a.Acme); err != nil {
		t.Fatal(err)
	}
	for email, brand := range map[string]string{a.Mia: "Portal " + a.Acme, a.Dana: "Northwind " + a.Suffix} {
		page := h.browser(t).get(h.browser(t).requestMail(email).link)
		if page.status != http.StatusOK || !strings.Contains(page.body, `<span class="plain-name" dir="auto">`+brand) {
			t.Errorf("%s: %d without %s", email, page.status, brand)
		}
	}
	if page := h.browser(t).get("/login/" + strings.Repeat("A", 43)); strings.Contains(page.body, a.Suffix) {
		t.Error("a link of nobody shows a brand")
	}
}

// Eight browsers use a link at the same time: one of them is signed in.
func TestLinkIsSpentOnce(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	link := h.browser(t).requestMail(a.Gus).link
	in := make(chan bool)
	for range 8 {
		b := h.browser(t)
		go func() { in <- b.post(link).status == http.StatusSeeOther }()
	}
	count := 0
	for range 8 {
		if <-in {
			count++
		}
	}
	if count != 1 || len(sessionIDs(t, a.Gus)) != 1 {
		t.Errorf("%d browsers were signed in, with %d sessions", count, len(sessionIDs(t, a.Gus)))
	}
}

// Twelve wrong codes at the same time are limited to five tries.
func TestConcurrentTriesAreCounted(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b := h.browser(t)
	wrong := wrongCode(b.requestMail(a.Gus).code)
	answers := make(chan int)
	for range 12 {
		go func() { answers <- b.post("/login/code", "code", wrong).status }()
	}
	again := 0
	for range 12 {
		if <-answers == http.StatusUnprocessableEntity {
			again++
		}
	}
	if again != 4 {
		t.Errorf("%d of 12 may try again, want 4", again)
	}
}

// Case 32: expired, truncated and forged links are refused, and the page offers a new one.
func TestInvalidLinkOffersANewOne(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b := h.browser(t)
	old := b.requestMail(a.Leo)
	age(t, `update sign_in_flows set expires_at = now() - interval '1 second' where email = $1`, a.Leo)
	never := signin.NewProof(testKeys, [16]byte{1})
	token := strings.TrimPrefix(old.link, "/login/")

	for _, token := range []string{token, never.LinkToken, token[:20], "x", strings.Repeat("A", 3000), "a%2fb", "%00"} {
		for _, got := range []answer{b.get("/login/" + token), b.post("/login/" + token)} {
			b.want(got, http.StatusGone)
			if !strings.Contains(got.body, "Send me a new link") {
				t.Errorf("%.30q offers no new one", token)
			}
		}
	}
	if b.signedIn() {
		t.Error("signed in")
	}
	fresh := b.requestMail(a.Leo)
	b.want(b.post(fresh.link), http.StatusSeeOther)
}

// A code works only in the browser that requested the mail, for five tries. The mail's
// link still works after that, because somebody else may have made the guesses.
func TestCodeIsBoundToItsBrowserAndFiveTries(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b := h.browser(t)
	mail := b.requestMail(a.Dana)

	other := h.browser(t)
	other.want(other.post("/login/code", "code", mail.code), http.StatusGone)
	other.requestMail(a.Ravi)
	other.want(other.post("/login/code", "code", mail.code), http.StatusUnprocessableEntity)

	wrong := wrongCode(mail.code)
	b.want(b.post("/login/code", "code", "12345"), http.StatusUnprocessableEntity) // not a code, so it is no try
	for range 4 {
		b.want(b.post("/login/code", "code", wrong), http.StatusUnprocessableEntity)
	}
	fifth := b.want(b.post("/login/code", "code", wrong), http.StatusGone)
	if !strings.Contains(fifth.body, "Too many attempts") || !strings.Contains(fifth.body, a.Dana) {
		t.Error("the fifth wrong code does not offer a new one")
	}
	b.want(b.post("/login/code", "code", mail.code), http.StatusGone)
	if b.signedIn() || other.signedIn() {
		t.Fatal("signed in")
	}
	b.want(b.post(mail.link), http.StatusSeeOther)
}

// An invalid address is refused: the form shows it again with an error.
func TestInvalidEmailIsRefused(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	for _, typed := range []string{"", "dana", "dana@", "@x.test", "a b@x.test", "a@b@c", "<dana@x.test>", "a@x.test,b@x.test", "a\x00@x.test",
		"\xff@x.test", strings.Repeat("a", 250) + "@x.test", "a@x..test", "a@\u202ex.test", "a@x.test\r\nBcc: b@x.test"} {
		got := b.want(b.post("/login", "email", typed, "return_to", "/account"), http.StatusUnprocessableEntity)
		if !strings.Contains(got.body, "Enter an email address") || !strings.Contains(got.body, `value="/account"`) {
			t.Errorf("%q: the form is not shown again", typed)
		}
	}
	if got := b.post("/login", "email", "da na@x"); !strings.Contains(got.body, `value="da na@x"`) {
		t.Error("the typed value is lost")
	}
}

// Case 31 at sign-in: return paths that lead to another host are replaced by the home
// page.
func TestSignInRedirectsStayOnOurHost(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	for _, to := range []string{"//evil.test", `/\evil.test`, "https:evil.test", "javascript:alert(1)", "/%2f%2fevil.test"} {
		b := h.browser(t)
		b.want(b.post("/login", "email", a.Mia, "return_to", to), http.StatusSeeOther)
		if got := b.post("/login/code", "code", mailed(t, a.Mia).code); got.location != "/" {
			t.Errorf("%q leads to %q", to, got.location)
		}
		if got := b.get("/login?return_to=" + url.QueryEscape(to)); got.location != "/" {
			t.Errorf("%q redirects a signed-in person to %q", to, got.location)
		}
	}
}

// wrongCode returns a code other than the given one.
func wrongCode(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}
