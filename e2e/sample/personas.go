package sample

import "portico/e2e/stack"

// Persona is somebody who can sign in to the sample data.
type Persona struct {
	Email string
	Name  string
	What  string // what they are there, in a few words
}

// Personas is everybody, in the order in which people should get to know them.
var Personas = []Persona{
	{Email: "dana@northwind.test", Name: "Dana Whitfield", What: "owner of the agency Northwind, works for Acme and Globex"},
	{Email: "ravi@northwind.test", Name: "Ravi Menon", What: "member of Northwind, works for Acme only"},
	{Email: "mia@acme.test", Name: "Mia Castellanos", What: "owner at Northwind's client Acme"},
	{Email: "leo@acme.test", Name: "Leo Brandt", What: "viewer at Northwind's client Acme"},
	{Email: "gus@globex.test", Name: "Gus Okafor", What: "owner at Northwind's client Globex"},
	{Email: "cleo@contoso.test", Name: "Cleo Marchetti", What: "owner of another agency, Contoso"},
	{Email: "ivy@initech.test", Name: "Ivy Lindqvist", What: "owner at Contoso's client Initech"},
	{Email: "sam@portico.test", Name: "Sam Adeyemi", What: "support agent, member of no workspace"},
}

// ForSignIn is everybody as the sign-in page of the demo provider lists them.
func ForSignIn() []stack.Persona {
	list := make([]stack.Persona, len(Personas))
	for i, p := range Personas {
		list[i] = stack.Persona{Email: p.Email, Name: p.Name, About: p.What, EmailVerified: true}
	}
	return list
}

// nameOf is how a persona is called.
func nameOf(email string) string {
	for _, p := range Personas {
		if p.Email == email {
			return p.Name
		}
	}
	return ""
}
