package main

import (
	"strings"
	"testing"
)

// The command says what its phases do, what map needs, and that nothing is being adopted.
func TestAdoptSaysWhatItNeeds(t *testing.T) {
	t.Parallel()
	env := healthy(t)
	out, _, err := call(t, env, "adopt", "--help")
	if err != nil {
		t.Fatal(err)
	}
	for _, phase := range []string{"map ", "backfill ", "constrain ", "policies ", "attack ", "status ", "finish "} {
		if !strings.Contains(out, "\n  "+phase) {
			t.Errorf("the help has no line for %q:\n%s", phase, out)
		}
	}
	for _, c := range []struct{ args, says string }{
		{"map", "--from and --mapping are both required"},
		{"map --from postgres:///nowhere", "--from and --mapping are both required"},
		{"status", "nothing is being adopted"},
		{"backfill", "nothing is being adopted"},
		{"finish", "nothing is being adopted"},
	} {
		if _, _, err := call(t, env, append([]string{"adopt"}, strings.Fields(c.args)...)...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("adopt %s: %v", c.args, err)
		}
	}
}
