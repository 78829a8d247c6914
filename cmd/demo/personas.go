package main

import (
	"path/filepath"

	"portico/e2e/sample"
	"portico/e2e/stack"
)

// greet prints the address and the people one can sign in as.
func (d *demo) greet(s *stack.Stack) {
	d.say("\nPortico is at %s\n", s.URL())
	d.say("Sign in with the demo provider and pick a person, or by mail as one of them:\n")
	for _, p := range sample.Personas {
		d.say("  %-22s %s", p.Email, p.About)
	}
	d.say("\nMails arrive in %s", s.Mail.Dir())
	d.say("Logs are in     %s", filepath.Join(d.dir, "portico.log"))
	d.say("Scripts source  %s", d.envFile())
	d.say("\nCtrl-C stops it. `make demo-reset` forgets everything.")
}
