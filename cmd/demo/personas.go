package main

import (
	"path/filepath"

	"portico/e2e/sample"
	"portico/e2e/stack"
)

// greet says where to go and who one can be there.
func (d *demo) greet(s *stack.Stack) {
	d.say("\nPortico is running at %s\n", s.URL())
	d.say("Sign in with the demo provider or by email, as one of these people:\n")
	for _, p := range sample.Personas {
		d.say("  %-22s %s", p.Email, p.What)
	}
	d.say("\nEmails are in   %s", s.Mail.Dir())
	d.say("Logs are in     %s", filepath.Join(d.dir, "portico.log"))
	d.say("For scripts     %s", d.envFile())
	d.say("\nPress Ctrl-C to stop. `make demo-reset` deletes all data.")
}
