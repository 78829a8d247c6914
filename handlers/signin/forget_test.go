package signin_test

import (
	"net/http"
	"strings"
	"testing"

	"portico/e2e/storetest"
)

// prove has whoever is signed in prove anew who they are, on the way to a page.
func (b *browser) prove(email, to string) *browser {
	b.t.Helper()
	b.want(b.post("/step-up", "return_to", to), http.StatusSeeOther)
	b.want(b.post("/step-up/code", "code", mailed(b.t, email).code), http.StatusSeeOther)
	return b
}

// says wants each part in a page, and none of what comes after "without".
func (b *browser) says(what string, page answer, parts ...string) {
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

// Leo reads what goes and what stays, proves that it is him, types his address, and
// is nobody: in this browser, in another, and in a mail that he already has.
func TestForgetAccount(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
	b, elsewhere, begun := h.browser(t).signIn(a.Leo), h.browser(t).signIn(a.Leo), h.browser(t)
	late := begun.askMail(a.Leo)
	b.says("the account page", b.get("/account"), `href="/account/forget"`)
	b.says("before the proof", b.want(b.get("/account/forget"), http.StatusOK),
		a.Leo, "your workspace", "Your name on your work", "/step-up?return_to=%2Faccount%2Fforget", "without", `name="address"`, "Former member")
	refused := b.want(b.post("/account/forget", "address", a.Leo), http.StatusSeeOther)
	if refused.location != "/step-up?return_to=%2Faccount%2Fforget" || !b.signedIn() {
		t.Errorf("without a proof it leads to %q", refused.location)
	}
	b.prove(a.Leo, "/account/forget")
	b.says("after the proof", b.get("/account/forget"), `name="address"`, "Erase my account")
	for _, wrong := range []string{"", a.Mia, a.Leo + "x"} {
		b.says("a wrong address", b.want(b.post("/account/forget", "address", wrong), http.StatusUnprocessableEntity),
			"That is not the address of this account.", `value="`+wrong+`"`)
	}
	if !b.signedIn() {
		t.Fatal("a wrong address was taken")
	}

	done := b.want(b.post("/account/forget", "address", " "+strings.ToUpper(a.Leo)+" "), http.StatusSeeOther)
	b.says("the end", b.want(b.get(done.location), http.StatusOK), "Your account is erased")
	if b.signedIn() || elsewhere.signedIn() {
		t.Error("somebody is still signed in as him")
	}
	begun.want(begun.post("/login/code", "code", late.code), http.StatusGone)
	begun.want(begun.post(late.link), http.StatusGone)
	if found := storetest.Traces(t, a.Leo); len(found) > 0 {
		t.Errorf("the address is still in %v", found)
	}
}

// Who owns a workspace alone is told which, and stays; so does who looks as somebody
// else, until they stop. To an agent there is no such page.
func TestForgetAccountIsRefused(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
	mia := h.browser(t).signIn(a.Mia).prove(a.Mia, "/account/forget")
	members := `href="/w/` + a.Acme + `/members"`
	mia.says("the page", mia.want(mia.get("/account/forget"), http.StatusOK), "You are the only owner of these workspaces", members, "without", `name="address"`, `role="alert"`)
	mia.says("the refusal", mia.want(mia.post("/account/forget", "address", a.Mia), http.StatusConflict), members, `role="alert"`)
	if !mia.signedIn() {
		t.Error("she is gone")
	}

	dana, ravi := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Ravi, a.Acme)
	age(t, `update memberships set role = 'admin' where tenant_id = $1 and user_id = $2`, dana.TenantID(), ravi.ID())
	looks := h.browser(t).signIn(a.Ravi).prove(a.Ravi, "/account/forget")
	looks.want(looks.post("/w/"+a.Acme+"/view-as", "person", a.Member(t, a.Leo, a.Acme).ID().String()), http.StatusSeeOther)
	other := h.browser(t).signIn(a.Ravi).prove(a.Ravi, "/account/forget")
	for what, got := range map[string]answer{
		"the page":           looks.get("/account/forget"),
		"the deed":           looks.post("/account/forget", "address", a.Ravi),
		"in another browser": other.post("/account/forget", "address", a.Ravi),
	} {
		looks.says(what, looks.want(got, http.StatusConflict), "You are viewing as a client")
	}
	looks.want(looks.post("/view-as/stop"), http.StatusSeeOther)
	looks.want(looks.post("/account/forget", "address", a.Ravi), http.StatusSeeOther)
	if other.signedIn() {
		t.Error("Ravi has stopped, and is still there")
	}

	agent := storetest.Agent(t)
	sam := h.browser(t).signIn(agent).prove(agent, "/support")
	sam.want(sam.get("/account/forget"), http.StatusNotFound)
	sam.want(sam.post("/account/forget", "address", agent), http.StatusNotFound)
	sam.says("the account page", sam.get("/account"), "without", "/account/forget")
}
