package main

import (
	"path/filepath"

	"portico/e2e/sample"
	"portico/e2e/stack"
)

// greet prints the address and the people one can sign in as.
func (d *demo) greet(s *stack.Stack) {
	d.say("\nPortico is running at %s\n", s.URL())
	d.say("Sign in with the demo provider or by email, as one of these people:\n")
	for _, p := range sample.Personas {
		d.say("  %-22s %s", p.Email, p.About)
	}
	d.say("\nEmails are in   %s", s.Mail.Dir())
	d.say("Logs are in     %s", filepath.Join(d.dir, "portico.log"))
	d.say("For scripts     %s", d.envFile())
	d.say("\nPress Ctrl-C to stop. `make demo-reset` deletes all data.")
}
