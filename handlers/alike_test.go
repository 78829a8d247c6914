package handlers_test

import (
	"fmt"
	"html"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// alike are pairs of names that are the same or look the same.
var alike = [][2]string{
	{"Ada Byte", "Ada Byte"},
	{"Dana White", "D\u0430na White"},          // Cyrillic a
	{"Éva Nagy", "E\u0301va Nagy"},             // composed and decomposed
	{"Mia Chen", "mia chen"},                   // case only
	{"Oscar Olsen", "0scar 0lsen"},             // O and 0
	{"Arno Ernst", "Amo Emst"},                 // rn and m
	{"Will Ilse", "Wi11 Ilse"},                 // l and 1
	{"Ian Iles", "lan lles"},                   // I and l
	{"Vivian Wu", "\u03bdivian VVu"},           // Greek nu, two Vs
	{"Jane Roe", "Jane\u00a0Roe"},              // another space
	{"Anne-Marie Doe", "Anne\u2011Marie Doe"},  // another hyphen
	{"Sean O'Neil", "Sean O\u2019Neil"},        // another apostrophe
	{"Pierre Curie", "\u03a1ierre Curie"},      // Greek Rho
	{"Jos\u00e9 Diaz", "Jose\u0301 Di\u0430z"}, // two ways at once
}

// Two people whose names are the same or look alike are told apart by their addresses,
// wherever people are listed or chosen.
func TestPeopleWhoLookAlikeAreToldApart(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	storetest.Plan(t, d.Agency, "enterprise")
	storetest.Plan(t, d.Acme, "enterprise")
	storetest.File(t, d.me, d.draft, "poster.txt")
	add := func(by store.Member, party store.Party, name, email string) {
		t.Helper()
		write(t, by, func(tx *store.Tx) error {
			_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: name, Email: email, Party: party, Role: store.RoleViewer})
			return err
		})
	}
	acme, agency := d.Member(t, d.Dana, d.Acme), d.Member(t, d.Dana, d.Agency)
	dana, base := d.as(t, d.Dana), "/w/"+d.Acme
	for i, pair := range alike {
		for n, name := range pair {
			add(acme, store.PartyClient, name, fmt.Sprintf("client%d-%d@%s.test", i, n, d.Suffix))
			if i < 3 {
				add(agency, store.PartyAgency, name, fmt.Sprintf("staff%d-%d@%s.test", i, n, d.Suffix))
			}
		}
	}
	people, publish, activity, viewAs := dana.get(t, base+"/members"), dana.get(t, d.at("/deliverables/%s", d.deliverable)), dana.get(t, base+"/activity"), dana.get(t, base+"/support")
	for i, pair := range alike {
		for n, name := range pair {
			email := fmt.Sprintf("client%d-%d@%s.test", i, n, d.Suffix)
			has(t, "the people", people, html.EscapeString(name), email)
			has(t, "the publish dialog", publish, html.EscapeString(name+" ("+email+")"))
			has(t, "the filter of the activity", activity, html.EscapeString(name+" ("+email+")"))
			has(t, "whom to view as", viewAs, html.EscapeString(name+", viewer ("+email+")"))
		}
	}
	home := "/w/" + d.Agency
	team, staff := dana.get(t, home+"/clients/"+acme.TenantID().String()), dana.get(t, home+"/members")
	for i := range 3 {
		for n := range 2 {
			email := fmt.Sprintf("staff%d-%d@%s.test", i, n, d.Suffix)
			has(t, "the staff of a client", team, email)
			has(t, "the staff", staff, email)
		}
	}
}
