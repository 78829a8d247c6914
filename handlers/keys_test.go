package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// An owner or admin makes a key after a step-up and sees it once. Revoking ends it at once.
// Nobody else may make or revoke one.
func TestKeysAreMadeOnThePage(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	path := "/w/" + a.Acme + "/settings/keys"
	form := url.Values{"name": {"Render farm"}, "scope_deliver": {"on"}, "days": {"90"}}
	stale := s.as(t, a.Dana)
	if got := stale.post(t, path, form); got.status != http.StatusSeeOther || !strings.HasPrefix(got.location(), "/step-up?") {
		t.Errorf("without a step-up: %d to %q", got.status, got.location())
	}
	if !strings.Contains(stale.get(t, path).body, "/step-up?") {
		t.Error("the page doesn't ask for a step-up")
	}
	dana, mia := s.nobody(), s.nobody()
	dana.signIn(t, storetest.StepUp(t, storetest.SignIn(t, a.Dana)))
	mia.signIn(t, storetest.StepUp(t, storetest.SignIn(t, a.Mia)))
	for name, wrong := range map[string]url.Values{
		"name": {"scope_read": {"on"}, "days": {"30"}}, "scopes": {"name": {"x"}, "days": {"30"}}, "days": {"name": {"x"}, "scope_read": {"on"}, "days": {"5000"}},
	} {
		got := dana.post(t, path, wrong)
		want(t, "wrong "+name, got, http.StatusUnprocessableEntity)
		if !strings.Contains(got.body, `href="#`+name+`"`) {
			t.Errorf("%s: the field is not named: %.300s", name, got.body)
		}
	}
	want(t, "a scope that a client doesn't have", mia.post(t, path, form), http.StatusUnprocessableEntity)
	if page := mia.get(t, path); strings.Contains(page.body, "scope_deliver") || !strings.Contains(page.body, "scope_read") {
		t.Error("a client is offered the wrong scopes")
	}
	shown := dana.post(t, path, form)
	want(t, "make", shown, http.StatusCreated)
	secret := between(shown.body, `data-focus>`+store.KeyPrefix, `<`)
	token, ok := store.ParseTenantToken(secret)
	if !ok {
		t.Fatalf("the page shows no key: %.500s", shown.body)
	}
	page := dana.get(t, path).body
	if strings.Contains(page, secret) || !strings.Contains(page, "Render farm") || !strings.Contains(page, "not used yet") {
		t.Error("the key is shown again, or not listed")
	}
	want(t, "its first use", bearer(s, token).get(t, "/api/v1/me"), http.StatusOK)
	if page := dana.get(t, path).body; strings.Contains(page, "not used yet") {
		t.Error("its use is not shown")
	}
	once := url.Values{"new_key": {store.NewID().String()}, "name": {"Once"}, "scope_read": {"on"}, "days": {"30"}}
	want(t, "a form", dana.post(t, path, once), http.StatusCreated)
	again := dana.post(t, path, once)
	want(t, "the same form, reloaded", again, http.StatusUnprocessableEntity)
	if n := strings.Count(again.body, ">Once<"); n != 1 || strings.Contains(again.body, "pk_A") || !strings.Contains(again.body, "made already") {
		t.Errorf("a form that is sent twice makes %d keys, or doesn't say why none; %.500s", n, again.body)
	}
	if strings.Contains(mia.get(t, path).body, "Render farm") {
		t.Error("the client sees the agency's key")
	}
	revoke := between(page, `action="`+path+"/", `"`)
	for who, b := range map[string]*browser{"the client": mia, "another client": s.as(t, a.Gus)} {
		want(t, who, b.post(t, path+"/"+revoke, nil), http.StatusNotFound)
	}
	want(t, "a viewer", s.as(t, a.Leo).get(t, path), http.StatusForbidden)
	want(t, "staff without the right", s.as(t, a.Ravi).post(t, path, form), http.StatusForbidden)
	want(t, "revoke", dana.post(t, path+"/"+revoke, nil), http.StatusSeeOther)
	want(t, "after that", bearer(s, token).get(t, "/api/v1/me"), http.StatusUnauthorized)
	if page := dana.get(t, path).body; !strings.Contains(page, "Revoked") {
		t.Error("the page does not say that it was revoked")
	}
}
