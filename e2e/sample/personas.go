package sample

import "portico/e2e/stack"

// Persona is a person who can sign in to the sample data.
type Persona struct {
	Email string
	Name  string
	About string // their role, in a few words
}

// Personas lists everybody, in the order in which the demo shows them.
var Personas = []Persona{
	{Email: "dana@northwind.test", Name: "Dana Whitfield", About: "owner of the agency Northwind, works in Acme and Globex"},
	{Email: "ravi@northwind.test", Name: "Ravi Menon", About: "works for Northwind in Acme only"},
	{Email: "mia@acme.test", Name: "Mia Castellanos", About: "owner at Northwind's client Acme"},
	{Email: "leo@acme.test", Name: "Leo Brandt", About: "viewer at Northwind's client Acme"},
	{Email: "gus@globex.test", Name: "Gus Okafor", About: "owner at Northwind's client Globex"},
	{Email: "cleo@contoso.test", Name: "Cleo Marchetti", About: "owner of another agency, Contoso"},
	{Email: "ivy@initech.test", Name: "Ivy Lindqvist", About: "owner at Contoso's client Initech"},
	{Email: "sam@portico.test", Name: "Sam Adeyemi", About: "support agent, member of no workspace"},
}

// ForSignIn returns the personas for the demo's sign-in provider.
func ForSignIn() []stack.Persona {
	list := make([]stack.Persona, len(Personas))
	for i, p := range Personas {
		list[i] = stack.Persona{Email: p.Email, Name: p.Name, About: p.About, EmailVerified: true}
	}
	return list
}

// nameOf returns the name of the persona with an address.
func nameOf(email string) string {
	for _, p := range Personas {
		if p.Email == email {
			return p.Name
		}
	}
	return ""
}
