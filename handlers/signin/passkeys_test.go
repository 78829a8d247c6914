package signin_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/descope/virtualwebauthn"
	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/handlers/signin"
)

// device holds a passkey, as an authenticator does.
type device struct {
	party       virtualwebauthn.RelyingParty
	auth        virtualwebauthn.Authenticator
	key         virtualwebauthn.Credential
	neverCounts bool // it does not increase its counter
}

func (h *site) device() *device {
	return &device{
		party: virtualwebauthn.RelyingParty{ID: "localhost", Name: "Portico", Origin: h.url},
		auth:  virtualwebauthn.NewAuthenticator(),
		key:   newKey(),
	}
}

// newKey skips the one key in a hundred with a leading zero in a coordinate, which the
// library encodes too short.
func newKey() virtualwebauthn.Credential {
	for {
		if key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(key.Key.AttestationData()) == 77 {
			return key
		}
	}
}

// make answers a request for a new passkey and stores its user handle.
func (d *device) make(t testing.TB, question string) string {
	t.Helper()
	options, err := virtualwebauthn.ParseAttestationOptions(question)
	check(t, err)
	d.auth.Options.UserHandle = []byte(options.UserID)
	return virtualwebauthn.CreateAttestationResponse(d.party, d.auth, d.key, *options)
}

// answer answers a request for a passkey.
func (d *device) answer(t testing.TB, question string) string {
	t.Helper()
	options, err := virtualwebauthn.ParseAssertionOptions(question)
	check(t, err)
	if !d.neverCounts {
		d.key.Counter++
	}
	return virtualwebauthn.CreateAssertionResponse(d.party, d.auth, d.key, *options)
}

// sendJSON posts JSON, as the script of a page does.
func (b *browser) sendJSON(path, body string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+path, strings.NewReader(body))
	check(b.t, err)
	r.Header.Set("X-Forwarded-For", b.from)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	res, err := b.http.Do(r)
	check(b.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	check(b.t, err)
	return answer{res.StatusCode, string(text), res.Header.Get("Location"), res.Header}
}

// redirect returns the path to which an answer sends the script.
func (a answer) redirect() string {
	var response struct{ To string }
	_ = json.Unmarshal([]byte(a.body), &response)
	return response.To
}

func (b *browser) stepUp(email string) *browser {
	b.t.Helper()
	b.want(b.post("/step-up"), http.StatusSeeOther)
	b.want(b.post("/step-up/code", "code", mailed(b.t, email).code), http.StatusSeeOther)
	return b
}

func namedPasskey(name, made string) string {
	quoted, _ := json.Marshal(name)
	return `{"name":` + string(quoted) + `,"answer":` + made + `}`
}

// addPasskey steps up and adds the device's passkey.
func (b *browser) addPasskey(email string, d *device) {
	b.t.Helper()
	b.stepUp(email)
	request := b.want(b.sendJSON("/account/passkeys/begin", "{}"), http.StatusOK)
	b.want(b.sendJSON("/account/passkeys", namedPasskey("Laptop", d.make(b.t, request.body))), http.StatusOK)
}

func (b *browser) signInByPasskey(d *device) answer {
	b.t.Helper()
	request := b.want(b.sendJSON("/login/passkey", "{}"), http.StatusOK)
	return b.sendJSON("/login/passkey/answer", d.answer(b.t, request.body))
}

// A person adds a passkey, signs in with it in another browser without an address, steps
// up with it, each time with a new session id, and removes it.
func TestPasskey(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	laptop, b, d := h.browser(t).signIn(a.Mia), h.browser(t), h.device()
	laptop.addPasskey(a.Mia, d)

	b.plant(signin.SessionCookie, "planted")
	request := b.want(b.sendJSON("/login/passkey?return_to=%2Faccount%3Fa%3D1", "{}"), http.StatusOK)
	for _, part := range []string{`"rpId":"localhost"`, `"userVerification":"required"`} {
		if !strings.Contains(request.body, part) {
			t.Errorf("the request for a passkey lacks %s: %s", part, request.body)
		}
	}
	if strings.Contains(request.body, "allowCredentials") {
		t.Error("the request for a passkey names credentials")
	}
	in := b.want(b.sendJSON("/login/passkey/answer", d.answer(t, request.body)), http.StatusOK)
	if in.redirect() != "/account?a=1" || !b.signedIn() {
		t.Fatalf("sent on to %q, signed in: %v", in.redirect(), b.signedIn())
	}
	before := b.cookie(signin.SessionCookie)
	request = b.want(b.sendJSON("/step-up/passkey?return_to=%2Faccount", "{}"), http.StatusOK)
	up := b.want(b.sendJSON("/step-up/passkey/answer", d.answer(t, request.body)), http.StatusOK)
	if up.redirect() != "/account" || b.cookie(signin.SessionCookie) == before || !b.signedIn() {
		t.Errorf("after the step-up: to %q, signed in: %v", up.redirect(), b.signedIn())
	}
	page := b.get("/account").body
	for _, part := range []string{"Laptop", "Signed in with a passkey", "Confirmed with a passkey", "Added a passkey", `data-passkey="create"`} {
		if !strings.Contains(page, part) {
			t.Errorf("the account page lacks %q", part)
		}
	}
	if page := b.get("/step-up").body; !strings.Contains(page, `data-passkey="get"`) {
		t.Error("the step-up page does not offer the passkey")
	}
	b.want(b.post(removePath(t, page)), http.StatusSeeOther)
	if page := b.get("/account").body; strings.Contains(page, "Laptop") || !strings.Contains(page, "Removed a passkey") {
		t.Error("the passkey is still there")
	}
	gone := h.browser(t)
	gone.want(gone.signInByPasskey(d), http.StatusForbidden)
	if gone.signedIn() {
		t.Error("a removed passkey signs in")
	}
	// Sign-in by mail still works.
	h.browser(t).signIn(a.Mia)
}

// removePath returns the path that removes the first passkey on the account page.
func removePath(t testing.TB, page string) string {
	t.Helper()
	_, after, found := strings.Cut(page, `action="/account/passkeys/`)
	if !found {
		t.Fatal("no passkey on the page")
	}
	id, _, _ := strings.Cut(after, "/")
	return "/account/passkeys/" + id + "/remove"
}

// Adding and removing a passkey needs a step-up of the same session within the last five
// minutes, by the database's clock.
func TestPasskeyNeedsAStepUp(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b, d := h.browser(t).signIn(a.Mia), h.device()
	none := b.want(b.sendJSON("/account/passkeys/begin", "{}"), http.StatusConflict)
	if none.redirect() != "/step-up?return_to=%2Faccount" {
		t.Errorf("without a proof: sent to %q", none.redirect())
	}
	b.stepUp(a.Mia)
	request := b.want(b.sendJSON("/account/passkeys/begin", "{}"), http.StatusOK)
	old := `update sessions set stepped_up_at = now() - interval '5 minutes 1 second' where user_id = (select id from users where email = $1)`
	age(t, old, a.Mia)
	b.want(b.sendJSON("/account/passkeys", namedPasskey("Late", d.make(t, request.body))), http.StatusConflict)
	b.addPasskey(a.Mia, d)
	remove := removePath(t, b.get("/account").body)

	age(t, old, a.Mia)
	if got := b.want(b.post(remove), http.StatusSeeOther); got.location != "/step-up?return_to=%2Faccount" {
		t.Errorf("removing without a proof leads to %q", got.location)
	}
	// A step-up in another browser does not count in this one.
	h.browser(t).signIn(a.Mia).stepUp(a.Mia)
	b.post(remove)
	if page := b.get("/account").body; !strings.Contains(page, "Laptop") || strings.Contains(page, "Late") {
		t.Error("removed without a step-up, or added with an old one")
	}
	b.stepUp(a.Mia)
	b.want(b.post(remove), http.StatusSeeOther)
	if page := b.get("/account").body; strings.Contains(page, "Laptop") {
		t.Error("not removed after a step-up")
	}
}

// Case 24: a device's answer is valid once, for five minutes, and only in the browser and
// the session that began the ceremony, even if it is copied.
func TestPasskeyAnswerIsBoundToItsBrowser(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b, d := h.browser(t).signIn(a.Mia), h.device()
	b.addPasskey(a.Mia, d)

	starter, other := h.browser(t), h.browser(t)
	request := starter.want(starter.sendJSON("/login/passkey", "{}"), http.StatusOK)
	response := d.answer(t, request.body)
	other.want(other.sendJSON("/login/passkey/answer", response), http.StatusConflict)
	other.want(other.sendJSON("/login/passkey", "{}"), http.StatusOK)
	other.want(other.sendJSON("/login/passkey/answer", response), http.StatusForbidden)
	if other.signedIn() {
		t.Fatal("an answer worked in another browser")
	}
	flow := starter.cookie("__Host-portico-passkey")
	starter.want(starter.sendJSON("/login/passkey/answer", response), http.StatusOK)
	other.plant("__Host-portico-passkey", flow)
	other.want(other.sendJSON("/login/passkey/answer", response), http.StatusConflict)

	late := h.browser(t)
	request = late.want(late.sendJSON("/login/passkey?return_to=%2Flate-"+a.Suffix, "{}"), http.StatusOK)
	age(t, `update sign_in_flows set created_at = created_at - interval '5 minutes 1 second' where return_to = $1`, "/late-"+a.Suffix)
	late.want(late.sendJSON("/login/passkey/answer", d.answer(t, request.body)), http.StatusConflict)

	// A step-up cannot be finished in another session, even with the flow's cookie.
	phone := h.browser(t).signIn(a.Mia)
	request = b.want(b.sendJSON("/step-up/passkey", "{}"), http.StatusOK)
	response = d.answer(t, request.body)
	phone.plant("__Host-portico-passkey", b.cookie("__Host-portico-passkey"))
	phone.want(phone.sendJSON("/step-up/passkey/answer", response), http.StatusConflict)
	// A step-up does not sign in, and a sign-in does not step up.
	other.plant("__Host-portico-passkey", b.cookie("__Host-portico-passkey"))
	other.want(other.sendJSON("/login/passkey/answer", response), http.StatusConflict)
	if other.signedIn() {
		t.Fatal("a step-up signed somebody in")
	}
	b.want(b.sendJSON("/step-up/passkey/answer", response), http.StatusOK)
	request = b.want(b.sendJSON("/login/passkey", "{}"), http.StatusOK)
	b.want(b.sendJSON("/step-up/passkey/answer", d.answer(t, request.body)), http.StatusConflict)
}

// Answers with another person's user handle, another key or another origin are refused,
// and so are answers without user presence or verification. Nobody can step up with
// another person's passkey.
func TestForgedPasskeyAnswersAreRefused(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	mias, leos := h.device(), h.device()
	mia, leo := h.browser(t).signIn(a.Mia), h.browser(t).signIn(a.Leo)
	mia.addPasskey(a.Mia, mias)
	leo.addPasskey(a.Leo, leos)

	for name, forge := range map[string]func(d *device){
		"the handle of somebody else": func(d *device) { d.auth.Options.UserHandle = leos.auth.Options.UserHandle },
		"no handle":                   func(d *device) { d.auth.Options.UserHandle = nil },
		"another key":                 func(d *device) { d.key.Key = leos.key.Key },
		"another origin":              func(d *device) { d.party.Origin = "https://evil.test" },
		"another party":               func(d *device) { d.party.ID = "evil.test" },
		"nobody there":                func(d *device) { d.auth.Options.UserNotPresent = true },
		"nobody verified":             func(d *device) { d.auth.Options.UserNotVerified = true },
		"now backed up":               func(d *device) { d.auth.Options.BackupEligible = true },
		"a passkey of nobody":         func(d *device) { d.key.ID = []byte("nobody has this one at all") },
	} {
		forged := *mias
		forge(&forged)
		b := h.browser(t)
		if got := b.signInByPasskey(&forged); got.status != http.StatusForbidden || b.signedIn() {
			t.Errorf("%s: %d, signed in: %v", name, got.status, b.signedIn())
		}
	}
	request := mia.want(mia.sendJSON("/step-up/passkey", "{}"), http.StatusOK)
	mia.want(mia.sendJSON("/step-up/passkey/answer", leos.answer(t, request.body)), http.StatusForbidden)
	b := h.browser(t)
	mias.key.Counter += 10 // the forged copies increased their own counters
	b.want(b.signInByPasskey(mias), http.StatusOK)
	if page := b.get("/account").body; !strings.Contains(page, a.Mia) {
		t.Error("signed in as somebody else")
	}
}

// A counter that goes backwards means a copied passkey: it is refused and recorded in the
// owner's history. A passkey that never counts is accepted.
func TestCopiedPasskeyIsRefused(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b, d := h.browser(t).signIn(a.Mia), h.device()
	b.addPasskey(a.Mia, d)
	copied := *d
	for range 2 {
		thief := h.browser(t)
		d.key.Counter++
		thief.want(thief.signInByPasskey(d), http.StatusOK)
	}
	for _, begin := range []string{"/login/passkey", "/step-up/passkey"} {
		copied.key.Counter = 0
		request := b.want(b.sendJSON(begin, "{}"), http.StatusOK)
		got := b.want(b.sendJSON(begin+"/answer", copied.answer(t, request.body)), http.StatusForbidden)
		if !strings.Contains(got.body, "copy") {
			t.Errorf("%s: %s", begin, got.body)
		}
	}
	if page := b.get("/account").body; strings.Count(page, "a copy of it may be in use") != 2 {
		t.Error("the history does not show both")
	}
	still := h.device()
	still.neverCounts = true
	b.addPasskey(a.Mia, still)
	for range 2 {
		phone := h.browser(t)
		phone.want(phone.signInByPasskey(still), http.StatusOK)
	}
}

// Invalid answers are refused and nothing is stored. The same passkey cannot be added
// twice.
func TestPasskeyBadInput(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b, leo, d := h.browser(t).signIn(a.Mia), h.browser(t).signIn(a.Leo), h.device()
	b.stepUp(a.Mia)
	for _, bad := range []string{"", "{", "null", `{"answer":{}}`, `{"answer":"x"}`, `{"name":"` + strings.Repeat("a", 40_000) + `"}`} {
		b.want(b.sendJSON("/account/passkeys", bad), http.StatusUnprocessableEntity)
		b.want(b.sendJSON("/login/passkey/answer", bad), http.StatusUnprocessableEntity)
		b.want(b.sendJSON("/step-up/passkey/answer", bad), http.StatusUnprocessableEntity)
	}
	for _, name := range []string{"", "  ", strings.Repeat("a", 61), "a\nb", "\u200b", "\u202e\u202c", "\u3164", "\u2800", "\u0301", "\ue000", "\u200d\u200d"} {
		request := b.want(b.sendJSON("/account/passkeys/begin", "{}"), http.StatusOK)
		b.want(b.sendJSON("/account/passkeys", namedPasskey(name, d.make(t, request.body))), http.StatusUnprocessableEntity)
	}
	unverified := h.device()
	unverified.auth.Options.UserNotVerified = true
	request := b.want(b.sendJSON("/account/passkeys/begin", "{}"), http.StatusOK)
	b.want(b.sendJSON("/account/passkeys", namedPasskey("Nobody there", unverified.make(t, request.body))), http.StatusForbidden)

	b.addPasskey(a.Mia, d)
	request = b.want(b.sendJSON("/account/passkeys/begin", "{}"), http.StatusOK)
	if options, err := virtualwebauthn.ParseAttestationOptions(request.body); err != nil || !d.key.IsExcludedForAttestation(*options) {
		t.Errorf("the request does not exclude the device's passkey: %v", err)
	}
	leo.stepUp(a.Leo)
	request = leo.want(leo.sendJSON("/account/passkeys/begin", "{}"), http.StatusOK)
	leo.want(leo.sendJSON("/account/passkeys", namedPasskey("Stolen", d.make(t, request.body))), http.StatusConflict)
	if page := leo.get("/account").body; strings.Contains(page, "Stolen") {
		t.Error("another person's passkey was stored")
	}
}

// Concurrent answers to one ceremony: exactly one is accepted.
func TestPasskeyAnswerCountsOnce(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b, d := h.browser(t).signIn(a.Mia), h.device()
	b.addPasskey(a.Mia, d)
	request := b.want(b.sendJSON("/login/passkey", "{}"), http.StatusOK)
	response, got := d.answer(t, request.body), make(chan int, 8)
	flow := b.cookie("__Host-portico-passkey")
	var all sync.WaitGroup
	for range cap(got) {
		twin := h.browser(t)
		twin.plant("__Host-portico-passkey", flow)
		all.Go(func() { got <- twin.sendJSON("/login/passkey/answer", response).status })
	}
	all.Wait()
	close(got)
	counted := map[int]int{}
	for status := range got {
		counted[status]++
	}
	if counted[http.StatusOK] != 1 || counted[http.StatusConflict] != cap(got)-1 {
		t.Errorf("answers: %v", counted)
	}
}

// A support agent steps up with a passkey and can then start a session. A disabled agent
// cannot sign in.
func TestAgentsStepUpByPasskey(t *testing.T) {
	t.Parallel()
	a, h, sam := storetest.Agency(t), newSite(t), storetest.Agent(t)
	mia := a.Member(t, a.Mia, a.Acme)
	storetest.GrantSupport(t, mia)
	b, d := h.browser(t).signIn(sam), h.device()
	b.addPasskey(sam, d)
	again := h.browser(t)
	again.want(again.signInByPasskey(d), http.StatusOK)
	start := func() answer {
		return again.post("/support/sessions", "tenant", a.Acme, "person", mia.ID().String(), "reason", "Look", "ticket", "T-1", "minutes", "5")
	}
	if got := again.want(start(), http.StatusSeeOther); !strings.HasPrefix(got.location, "/step-up") {
		t.Errorf("a sign-in with a passkey counted as a step-up: %q", got.location)
	}
	request := again.want(again.sendJSON("/step-up/passkey", "{}"), http.StatusOK)
	again.want(again.sendJSON("/step-up/passkey/answer", d.answer(t, request.body)), http.StatusOK)
	if got := again.want(start(), http.StatusSeeOther); got.location != "/w/"+a.Acme+"/" {
		t.Errorf("after the step-up the start leads to %q", got.location)
	}
	// A disabled agent cannot use it.
	storetest.DisableAgent(t, sam)
	late := h.browser(t)
	late.signInByPasskey(d)
	if late.signedIn() {
		t.Error("a disabled agent signed in")
	}
}

// If agents' codes are not accepted, a code only lets an agent add their first passkey.
// Without a passkey they cannot start a session, and with one a code is refused.
func TestAgentsConfirmByPasskey(t *testing.T) {
	t.Parallel()
	a, sam := storetest.Agency(t), storetest.Agent(t)
	h := open(t, signin.Config{DB: storetest.DB(), Keys: testKeys})
	mia := a.Member(t, a.Mia, a.Acme)
	storetest.GrantSupport(t, mia)
	b, d := h.browser(t).signIn(sam), h.device()
	start := func() answer {
		return b.post("/support/sessions", "tenant", a.Acme, "person", mia.ID().String(), "reason", "Look", "ticket", "T-1", "minutes", "5")
	}
	byCode := func(status int) {
		t.Helper()
		b.want(b.post("/step-up"), http.StatusSeeOther)
		b.want(b.post("/step-up/code", "code", mailed(t, sam).code), status)
	}
	byCode(http.StatusSeeOther)
	if got := b.want(start(), http.StatusForbidden); !strings.Contains(got.body, "Add a passkey") {
		t.Errorf("without a passkey the start says %.300s", got.body)
	}
	b.addPasskey(sam, d)
	b.want(b.post("/step-up"), http.StatusForbidden)
	b.want(b.post("/step-up/code", "code", "123456"), http.StatusForbidden)
	request := b.want(b.sendJSON("/step-up/passkey", "{}"), http.StatusOK)
	b.want(b.sendJSON("/step-up/passkey/answer", d.answer(t, request.body)), http.StatusOK)
	if got := b.want(start(), http.StatusSeeOther); got.location != "/w/"+a.Acme+"/" {
		t.Errorf("after the step-up the start leads to %q", got.location)
	}
	// Other people can still use codes. (Not Mia: she gets mail about Sam's session.)
	c := h.browser(t).signIn(a.Gus)
	c.addPasskey(a.Gus, h.device())
	c.want(c.post("/step-up"), http.StatusSeeOther)
}

// Another person's passkey is a 404, with a step-up or without.
func TestPasskeysOfOthersAreNotFound(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b, gus, d := h.browser(t).signIn(a.Mia), h.browser(t).signIn(a.Gus), h.device()
	b.addPasskey(a.Mia, d)
	theirs := removePath(t, b.get("/account").body)
	if page := gus.get("/account").body; strings.Contains(page, "Laptop") {
		t.Error("Gus sees Mia's passkey")
	}
	for range 2 {
		foreign, unknown := gus.post(theirs), gus.post("/account/passkeys/"+uuid.Must(uuid.NewV7()).String()+"/remove")
		gus.want(foreign, http.StatusNotFound)
		gus.want(unknown, http.StatusNotFound)
		gus.stepUp(a.Gus)
	}
	if page := b.get("/account").body; !strings.Contains(page, "Laptop") {
		t.Error("Gus removed Mia's passkey")
	}
}
