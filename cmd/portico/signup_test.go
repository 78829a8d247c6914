package main

import (
	"strings"
	"testing"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
)

// The operator invites addresses to sign up, in whatever case they are written, lists and
// withdraws them.
func TestSignUpInvitations(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	env := map[string]string{"DATABASE_OWNER_URL": storetest.Server().OwnerURL(stack.DatabaseName), "PORTICO_URL": "https://portal.example/"}
	nora := "nora@" + a.Suffix + ".test"
	list := func() string {
		out, _, err := call(t, env, "signup", "list")
		if err != nil || !strings.HasPrefix(out, "ADDRESS") {
			t.Errorf("list: %v, %q", err, out)
		}
		return out
	}
	for what, c := range map[string]struct {
		args []string
		says string
	}{
		"no address":           {[]string{"invite"}, "not an email address"},
		"a name":               {[]string{"invite", "Nora"}, "not an email address"},
		"two":                  {[]string{"invite", nora, a.Leo}, "usage"},
		"no command":           {nil, "usage"},
		"another command":      {[]string{"open"}, "usage"},
		"who is not invited":   {[]string{"withdraw", nora}, "that address is not invited"},
		"an address with list": {[]string{"list", nora}, "usage"},
		"a withdrawn nonsense": {[]string{"withdraw", "Nora"}, "not an email address"},
	} {
		out, _, err := call(t, env, append([]string{"signup"}, c.args...)...)
		if err == nil || !strings.Contains(err.Error(), c.says) || out != "" {
			t.Errorf("%s: %v, %q", what, err, out)
		}
	}
	if strings.Contains(list(), nora) {
		t.Error("somebody is invited by a refused command")
	}
	for range 2 {
		out, _, err := call(t, env, "signup", "invite", " "+strings.ToUpper(nora))
		if err != nil || !strings.Contains(out, "invited "+nora+"\n") || !strings.Contains(out, "https://portal.example/signup") {
			t.Errorf("invite: %v, %q", err, out)
		}
	}
	if strings.Count(list(), nora) != 1 {
		t.Errorf("the list: %s", list())
	}
	var may bool
	me := storetest.Person(t, storetest.SignUp(t, nora, store.SignUpByInvite))
	if err := storetest.DB().ReadOwn(t.Context(), me, store.MaySignUp(store.SignUpByInvite, &may)); err != nil || !may {
		t.Errorf("she may sign up: %v, %v", may, err)
	}
	out, _, err := call(t, env, "signup", "withdraw", nora)
	if err != nil || out != "withdrew the invitation of "+nora+"\n" || strings.Contains(list(), nora) {
		t.Errorf("withdraw: %v, %q", err, out)
	}
}
