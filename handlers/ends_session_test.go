package handlers_test

import (
	"strings"
	"testing"

	"portico/e2e/storetest"
)

// Every form that ends the session of this browser says so, and the script then deletes what
// was typed here. Other forms don't.
func TestFormsThatEndTheSessionSaySo(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	s := newSite(t)
	mia := s.nobody()
	mia.signIn(t, storetest.StepUp(t, storetest.SignIn(t, a.Leo)))
	for action, page := range map[string]string{
		"/logout": "/account", "/account/sign-out-everywhere": "/account", "/account/forget": "/account/forget",
	} {
		got := mia.get(t, page)
		want(t, page, got, 200)
		_, form, found := strings.Cut(got.body, `method="post" action="`+action+`"`)
		tag, _, _ := strings.Cut(form, ">")
		if !found || !strings.Contains(tag, "data-ends-session") {
			t.Errorf("the form to %s on %s: found %t, with%q", action, page, found, tag)
		}
	}
	_, form, found := strings.Cut(mia.get(t, "/account").body, `action="/account/name"`)
	if tag, _, _ := strings.Cut(form, ">"); !found || strings.Contains(tag, "data-ends-session") {
		t.Errorf("the form of the name: found %t, with%q", found, tag)
	}
}
