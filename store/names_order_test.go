package store_test

import (
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// alphabet is names in the order in which people read them, whatever their case, accent
// or script.
var alphabet = []string{"anna", "Ännchen", "apple", "Apple 2", "Éclair", "eclipse", "Émile", "Ødegård", "œuvre", "Olga", "Zebra", "zoë", "Жанна", "王小明"}

// People come in alphabetical order on every page of the list, and the search doesn't
// care about case.
func TestPeopleAreInAlphabeticalOrder(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	for i, n := range []int{10, 3, 0, 13, 7, 1, 12, 5, 2, 11, 9, 4, 8, 6} {
		err := storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error {
			_, err := tx.AddPerson(t.Context(), store.NewPerson{
				Name: alphabet[n], Email: string(rune('a'+i)) + "order@" + a.Suffix + ".test", Party: store.PartyClient, Role: store.RoleViewer})
			return err
		})
		must(t, err)
	}
	var got []string
	for page := (store.PeopleFilter{Text: "order@" + a.Suffix, Page: store.Page{Limit: 3}}); ; {
		var people []store.Membership
		must(t, storetest.DB().Read(t.Context(), dana, store.SearchPeople(page, &people)))
		for _, p := range people {
			got = append(got, p.Name)
		}
		if len(people) < page.Limit {
			break
		}
		page.After = store.Cursor{ID: people[len(people)-1].UserID}
	}
	if strings.Join(got, ", ") != strings.Join(alphabet, ", ") {
		t.Errorf("by pages: %s", strings.Join(got, ", "))
	}
	for text, want := range map[string]string{"éCLAIR": "Éclair", "ЖАН": "Жанна", "øde": "Ødegård", "ÄNN": "Ännchen", "小明": "王小明"} {
		var people []store.Membership
		must(t, storetest.DB().Read(t.Context(), dana, store.SearchPeople(store.PeopleFilter{Text: text, Page: store.Page{Limit: 9}}, &people)))
		if len(people) != 1 || people[0].Name != want {
			t.Errorf("%q finds %d people", text, len(people))
		}
	}
}

// So do clients, and the person's workspaces are searched the same way.
func TestClientsAreInAlphabeticalOrder(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Agency)
	storetest.Plan(t, a.Agency, "enterprise")
	for i, n := range []int{10, 3, 7, 1, 2, 4} {
		err := storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error {
			_, _, err := tx.CreateClient(t.Context(), store.NewClient{Name: alphabet[n] + " order", Slug: "order-" + string(rune('a'+i)) + "-" + a.Suffix})
			return err
		})
		must(t, err)
	}
	got := strings.Join(clientNames(t, dana, store.ClientFilter{Text: "ORDER", Page: store.Page{Limit: 2}}), ", ")
	if want := "Ännchen order, Apple 2 order, apple order, Éclair order, Ødegård order, Zebra order"; got != want {
		t.Errorf("by pages: %s", got)
	}
	var found []store.Client
	must(t, storetest.DB().Read(t.Context(), dana, store.ListClients(store.ClientFilter{Text: "éclAIR", Page: store.Page{Limit: 9}}, &found)))
	if len(found) != 1 {
		t.Errorf("the search finds %d clients", len(found))
	}
}

// Staff of the agency's clients are found and sorted the same way.
func TestStaffOfClientsAreInAlphabeticalOrder(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	acme, home := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Agency)
	listed := []string{"apple", "Éclair", "Zebra", "ΓΙΏΡΓΟΣ"}
	for i, n := range []int{2, 3, 0, 1} {
		err := storetest.DB().Write(t.Context(), acme, func(tx *store.Tx) error {
			_, err := tx.AddPerson(t.Context(), store.NewPerson{
				Name: listed[n], Email: string(rune('a'+i)) + "-staff@" + a.Suffix + ".test", Party: store.PartyAgency, Role: store.RoleMember})
			return err
		})
		must(t, err)
	}
	found := func(text string) string {
		var at []store.Placement
		must(t, storetest.DB().Read(t.Context(), home, store.ListOutsideStaff(text, &at)))
		names := make([]string, len(at))
		for i, p := range at {
			names[i] = p.Name
		}
		return strings.Join(names, ", ")
	}
	if got := found(""); got != strings.Join(listed, ", ") {
		t.Errorf("in the order %s", got)
	}
	for text, want := range map[string]string{
		"ÉCL": "Éclair", "écl": "Éclair", "E\u0301CL": "Éclair", " éCLAIR\u200b ": "Éclair", "γιώργος": "ΓΙΏΡΓΟΣ", "ΓΙΏΡΓΟΣ": "ΓΙΏΡΓΟΣ",
		"ZEB": "Zebra", "APPLE": "apple", "-STAFF@" + strings.ToUpper(a.Suffix): strings.Join(listed, ", "), "nobody": "",
	} {
		if got := found(text); got != want {
			t.Errorf("%q finds %q, want %q", text, got, want)
		}
	}
}
