package signin_test

import (
	"net/http"
	"strings"
	"testing"

	"portico/e2e/storetest"
)

// stepUpTo steps up with a mailed code, on the way to a page.
func (b *browser) stepUpTo(email, to string) *browser {
	b.t.Helper()
	b.want(b.post("/step-up", "return_to", to), http.StatusSeeOther)
	b.want(b.post("/step-up/code", "code", mailed(b.t, email).code), http.StatusSeeOther)
	return b
}

// wantParts checks that the page has each part before "without" and none after it.
func (b *browser) wantParts(what string, page answer, parts ...string) {
	b.t.Helper()
	with := true
	for _, part := range parts {
		if part == "without" {
			with = false
		} else if strings.Contains(page.body, part) != with {
			b.t.Errorf("%s: %q is there: %v", what, part, !with)
		}
	}
}

// Leo erases his account, after a step-up and with his own address typed. That signs him
// out in every browser and invalidates a sign-in mail that he already has.
func TestForgetAccount(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b, elsewhere, begun := h.browser(t).signIn(a.Leo), h.browser(t).signIn(a.Leo), h.browser(t)
	late := begun.requestMail(a.Leo)
	b.wantParts("the account page", b.get("/account"), `href="/account/forget"`)
	b.wantParts("before the proof", b.want(b.get("/account/forget"), http.StatusOK),
		a.Leo, "your workspace", "Your name on your work", "/step-up?return_to=%2Faccount%2Fforget", "without", `name="address"`, "Former member")
	refused := b.want(b.post("/account/forget", "address", a.Leo), http.StatusSeeOther)
	if refused.location != "/step-up?return_to=%2Faccount%2Fforget" || !b.signedIn() {
		t.Errorf("without a proof it leads to %q", refused.location)
	}
	b.stepUpTo(a.Leo, "/account/forget")
	b.wantParts("after the proof", b.get("/account/forget"), `name="address"`, "Erase my account")
	for _, wrong := range []string{"", a.Mia, a.Leo + "x"} {
		b.wantParts("a wrong address", b.want(b.post("/account/forget", "address", wrong), http.StatusUnprocessableEntity),
			"That is not the address of this account.", `value="`+wrong+`"`)
	}
	if !b.signedIn() {
		t.Fatal("a wrong address was accepted")
	}

	done := b.want(b.post("/account/forget", "address", " "+strings.ToUpper(a.Leo)+" "), http.StatusSeeOther)
	b.wantParts("the end", b.want(b.get(done.location), http.StatusOK), "Your account is erased")
	if b.signedIn() || elsewhere.signedIn() {
		t.Error("a browser is still signed in as him")
	}
	begun.want(begun.post("/login/code", "code", late.code), http.StatusGone)
	begun.want(begun.post(late.link), http.StatusGone)
	if found := storetest.Traces(t, a.Leo); len(found) > 0 {
		t.Errorf("the address is still in %v", found)
	}
}

// The only owner of a workspace cannot erase their account, and the page names the
// workspace. Nor can somebody who is viewing as another person, until they stop. Agents
// get a 404.
func TestForgetAccountIsRefused(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	mia := h.browser(t).signIn(a.Mia).stepUpTo(a.Mia, "/account/forget")
	members := `href="/w/` + a.Acme + `/members"`
	mia.wantParts("the page", mia.want(mia.get("/account/forget"), http.StatusOK), "You are the only owner of these workspaces", members, "without", `name="address"`, `role="alert"`)
	mia.wantParts("the refusal", mia.want(mia.post("/account/forget", "address", a.Mia), http.StatusConflict), members, `role="alert"`)
	if !mia.signedIn() {
		t.Error("her account was erased")
	}

	dana, ravi := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Ravi, a.Acme)
	age(t, `update memberships set role = 'admin' where tenant_id = $1 and user_id = $2`, dana.TenantID(), ravi.ID())
	viewing := h.browser(t).signIn(a.Ravi).stepUpTo(a.Ravi, "/account/forget")
	viewing.want(viewing.post("/w/"+a.Acme+"/view-as", "person", a.Member(t, a.Leo, a.Acme).ID().String()), http.StatusSeeOther)
	other := h.browser(t).signIn(a.Ravi).stepUpTo(a.Ravi, "/account/forget")
	for what, got := range map[string]answer{
		"the page":           viewing.get("/account/forget"),
		"the form":           viewing.post("/account/forget", "address", a.Ravi),
		"in another browser": other.post("/account/forget", "address", a.Ravi),
	} {
		viewing.wantParts(what, viewing.want(got, http.StatusConflict), "You are viewing as a client")
	}
	viewing.want(viewing.post("/view-as/stop"), http.StatusSeeOther)
	viewing.want(viewing.post("/account/forget", "address", a.Ravi), http.StatusSeeOther)
	if other.signedIn() {
		t.Error("Ravi stopped, but his account was not erased")
	}

	agent := storetest.Agent(t)
	sam := h.browser(t).signIn(agent).stepUpTo(agent, "/support")
	sam.want(sam.get("/account/forget"), http.StatusNotFound)
	sam.want(sam.post("/account/forget", "address", agent), http.StatusNotFound)
	sam.wantParts("the account page", sam.get("/account"), "without", "/account/forget")
}
