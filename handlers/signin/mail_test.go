package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/handlers/signin"
)

// A person types their address, reads the code in the mail, types it, and is in
// and where they wanted to go.
func TestSignInByCode(t *testing.T) {
	t.Parallel()
	a, b := storetest.Agency(t), newHouse(t).browser(t)

	sent := b.want(b.post("/login", "email", "  "+strings.ToUpper(a.Mia)+" ", "return_to", "/w/"+a.Acme+"/projects"), http.StatusSeeOther)
	page := b.want(b.get(sent.location), http.StatusOK)
	if !strings.Contains(page.body, a.Mia) {
		t.Error("the page does not name the address")
	}
	code := mailed(t, a.Mia).code
	if got := b.want(b.post("/login/code", "code", otherThan(code)), http.StatusUnprocessableEntity); !strings.Contains(got.body, "4 tries left") {
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
		t.Errorf("the sign-in page sends somebody signed in to %q", at)
	}
}

// Case 32: a scanner opens the mailed link as often as it likes; the person then
// presses the button, in another browser than the one that asked. Pressed again,
// the link offers a new one.
func TestMailedLinkIsSpentByItsButtonOnly(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
	mail := h.browser(t).askMail(a.Gus)
	link := mail.link

	scanner := h.browser(t)
	for range 3 {
		page := scanner.want(scanner.get(link), http.StatusOK)
		if strings.Contains(page.body, a.Gus) {
			t.Error("the page gives the whole address away")
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

// Case 6: whatever host the request claims to come to, the link leads to ours.
func TestHostileHostDoesNotReachTheMail(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
	b := h.browser(t)
	b.extra = http.Header{"Host": {"evil.test"}}
	if got := b.want(b.post("/login", "email", a.Mia), http.StatusFound); got.location != "/handover/over" {
		t.Errorf("a form at another host leads to %q", got.location)
	}
	if got := b.want(b.get("/login"), http.StatusFound); !strings.HasPrefix(got.location, h.url+"/handover?") {
		t.Errorf("another host leads to %q", got.location)
	}
	b.extra = http.Header{"X-Forwarded-Host": {"evil.test"}, "Forwarded": {"host=evil.test"}}
	mail := b.askMail(a.Mia)
	if !strings.HasPrefix(mail.link, "/login/") { // the harness takes links to our own address only
		t.Error("the mail has no link of ours")
	}
	all, err := mails.To(a.Mia)
	check(t, err)
	if len(all) != 1 || strings.Contains(string(all[0].Raw), "evil.test") {
		t.Errorf("%d mails, or one that names the other host", len(all))
	}
}

// The button is pressed in eight browsers at once: one of them is in.
func TestLinkIsSpentOnce(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
	link := h.browser(t).askMail(a.Gus).link
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
		t.Errorf("%d browsers were let in, %d sessions", count, len(sessionIDs(t, a.Gus)))
	}
}

// Twelve wrong codes at once are five tries all the same.
func TestTriesAreCountedTogether(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
	b := h.browser(t)
	wrong := otherThan(b.askMail(a.Gus).code)
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

// Case 32: links that ran out, are cut short, or were never ours offer a new one.
func TestLinkThatDoesNotWorkOffersAnother(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
	b := h.browser(t)
	old := b.askMail(a.Leo)
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
	fresh := b.askMail(a.Leo)
	b.want(b.post(fresh.link), http.StatusSeeOther)
}

// A code works in the browser that asked and in no other, five times at most; the
// mail's link still does after that, for the guesses may be somebody else's.
func TestCodeBelongsToItsBrowserAndEndsAfterFiveTries(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
	b := h.browser(t)
	mail := b.askMail(a.Dana)

	other := h.browser(t)
	other.want(other.post("/login/code", "code", mail.code), http.StatusGone)
	other.askMail(a.Ravi)
	other.want(other.post("/login/code", "code", mail.code), http.StatusUnprocessableEntity)

	wrong := otherThan(mail.code)
	b.want(b.post("/login/code", "code", "12345"), http.StatusUnprocessableEntity) // no code, no try
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

// What is no address comes back as it was typed, with a sentence.
func TestBadAddressComesBack(t *testing.T) {
	t.Parallel()
	b := newHouse(t).browser(t)
	for _, typed := range []string{"", "dana", "dana@", "@x.test", "a b@x.test", "a@b@c", "<dana@x.test>", "a@x.test,b@x.test", "a\x00@x.test",
		"\xff@x.test", strings.Repeat("a", 250) + "@x.test", "a@x..test", "a@\u202ex.test", "a@x.test\r\nBcc: b@x.test"} {
		got := b.want(b.post("/login", "email", typed, "return_to", "/account"), http.StatusUnprocessableEntity)
		if !strings.Contains(got.body, "Enter an email address") || !strings.Contains(got.body, `value="/account"`) {
			t.Errorf("%q: the form does not come back", typed)
		}
	}
	if got := b.post("/login", "email", "da na@x"); !strings.Contains(got.body, `value="da na@x"`) {
		t.Error("the typed value is lost")
	}
	for typed, want := range map[string]string{
		" Dana@Northwind.TEST\n": "dana@northwind.test", "e\u0301@x.test": "é@x.test", "a+b@x": "a+b@x", "o'neil@x.test": "o'neil@x.test",
	} {
		if got, ok := signin.FoldEmail(typed); !ok || got != want {
			t.Errorf("FoldEmail(%q) = %q, %v", typed, got, ok)
		}
	}
}

// Case 31, at the door: whatever return path is asked for, the person ends up here.
func TestSignInNeverLeadsElsewhere(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
	for _, to := range []string{"//evil.test", `/\evil.test`, "https:evil.test", "javascript:alert(1)", "/%2f%2fevil.test"} {
		b := h.browser(t)
		b.want(b.post("/login", "email", a.Mia, "return_to", to), http.StatusSeeOther)
		if got := b.post("/login/code", "code", mailed(t, a.Mia).code); got.location != "/" {
			t.Errorf("%q leads to %q", to, got.location)
		}
		if got := b.get("/login?return_to=" + url.QueryEscape(to)); got.location != "/" {
			t.Errorf("%q leads somebody signed in to %q", to, got.location)
		}
	}
}

// otherThan is a code that is wrong.
func otherThan(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}
