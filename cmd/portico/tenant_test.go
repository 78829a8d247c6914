package main

import (
	"strings"
	"testing"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
)

// The operator closes an agency, and with it all of its clients, and opens it again. Both are
// in its trail, once. A client can't be closed this way.
func TestOperatorSuspendsAnAgency(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	env := map[string]string{"DATABASE_OWNER_URL": storetest.Server().OwnerURL(stack.DatabaseName)}
	run := func(args ...string) string {
		t.Helper()
		out, _, err := call(t, env, append([]string{"tenant"}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for what, c := range map[string]struct {
		args []string
		says string
	}{
		"no slug":        {[]string{"suspend"}, "name the agency"},
		"an unknown one": {[]string{"suspend", "nobody-" + a.Suffix}, "there is no agency"},
		"a client":       {[]string{"suspend", a.Acme}, "there is no agency"},
	} {
		if _, _, err := call(t, env, append([]string{"tenant"}, c.args...)...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", what, err)
		}
	}
	states := func() (states string) {
		for _, slug := range []string{a.Agency, a.Acme} {
			states += string(a.Member(t, a.Dana, slug).Tenant.State) + " "
		}
		return states
	}
	for range 2 {
		if out := run("suspend", a.Agency); out != "suspended: "+a.Agency+"\n" {
			t.Errorf("says %q", out)
		}
	}
	if got := states(); got != "suspended suspended " {
		t.Errorf("suspended: %s", got)
	}
	run("resume", a.Agency)
	if got := states(); got != "active active " {
		t.Errorf("resumed: %s", got)
	}
	var events []store.Activity
	dana := a.Member(t, a.Dana, a.Agency)
	if err := storetest.DB().Read(t.Context(), dana, store.ListActivity(store.ActivityFilter{Kind: "tenant", Page: store.Page{Limit: 2}}, &events)); err != nil || len(events) != 2 ||
		events[0].Verb != "tenant.resumed" || events[1].Verb != "tenant.suspended" || events[0].ActorName != "Portico" {
		t.Errorf("the trail: %+v, %v", events, err)
	}
}
