package main

import (
	"strings"
	"testing"

	"portico/e2e/stack"
	"portico/e2e/storetest"
)

// The operator erases an account on a written request, in whatever case the address
// is written. If that is impossible, the command fails with a sentence that says
// why.
func TestPersonForget(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	agent := storetest.Agent(t)
	env := map[string]string{"DATABASE_OWNER_URL": storetest.Server().OwnerURL(stack.DatabaseName)}
	for what, c := range map[string]struct {
		args []string
		says string
	}{
		"nobody":       {[]string{"nobody@" + a.Suffix + ".test"}, "no account and no invitation has that address"},
		"a last owner": {[]string{a.Mia}, "the only owner of " + a.Acme + ";"},
		"an agent":     {[]string{agent}, "portico support disable"},
		"no address":   {nil, "not an email address"},
		"a name":       {[]string{"Mia"}, "not an email address"},
		"two":          {[]string{a.Leo, a.Ravi}, "usage"},
	} {
		out, _, err := call(t, env, append([]string{"person", "forget"}, c.args...)...)
		if err == nil || !strings.Contains(err.Error(), c.says) || out != "" {
			t.Errorf("%s: %v, %q", what, err, out)
		}
	}
	for _, email := range []string{a.Mia, a.Leo, a.Ravi, agent} {
		if len(storetest.Traces(t, email)) == 0 {
			t.Errorf("%s is gone", email)
		}
	}
	out, _, err := call(t, env, "person", "forget", " "+strings.ToUpper(a.Leo))
	if err != nil || out != "erased the account of "+a.Leo+"\n" {
		t.Errorf("Leo: %v, %q", err, out)
	}
	if found := storetest.Traces(t, a.Leo); len(found) > 0 {
		t.Errorf("Leo's address is still in %v", found)
	}
}
