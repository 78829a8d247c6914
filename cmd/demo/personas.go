package main

import (
	"path/filepath"

	"portico/e2e/stack"
)

// personas are who can sign in. The sample data gives them their places.
var personas = []stack.Persona{
	{Email: "dana@northwind.test", Name: "Dana Whitfield", About: "owner of the agency Northwind", EmailVerified: true},
	{Email: "ravi@northwind.test", Name: "Ravi Menon", About: "member of Northwind, works for Acme only", EmailVerified: true},
	{Email: "mia@acme.test", Name: "Mia Castellanos", About: "owner of the client Acme", EmailVerified: true},
	{Email: "leo@acme.test", Name: "Leo Brandt", About: "viewer at the client Acme", EmailVerified: true},
	{Email: "gus@globex.test", Name: "Gus Okafor", About: "owner of the client Globex", EmailVerified: true},
	{Email: "cleo@contoso.test", Name: "Cleo Marchetti", About: "owner of another agency, Contoso", EmailVerified: true},
	{Email: "ivy@initech.test", Name: "Ivy Lindqvist", About: "owner of Contoso's client Initech", EmailVerified: true},
	{Email: "sam@portico.test", Name: "Sam Adeyemi", About: "support agent of the platform", EmailVerified: true},
}

// greet says where to go and who one can be there.
func (d *demo) greet(s *stack.Stack) {
	d.say("\nPortico is at %s\n", s.URL())
	d.say("Sign in with the demo provider and pick a person, or by mail as one of them:\n")
	for _, p := range personas {
		d.say("  %-22s %s", p.Email, p.About)
	}
	d.say("\nMails arrive in %s", s.Mail.Dir())
	d.say("Logs are in     %s", filepath.Join(d.dir, "portico.log"))
	d.say("Scripts source  %s", d.envFile())
	d.say("\nCtrl-C stops it. `make demo-reset` forgets everything.")
}
