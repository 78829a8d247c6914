package sample_test

import (
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/sample"
	"portico/store"
)

// Every persona can sign in and sees exactly their own workspaces.
func TestPersonasSeeOnlyTheirWorkspaces(t *testing.T) {
	t.Parallel()
	places := map[string][]string{
		"dana@northwind.test": {"acme agency owner", "globex agency owner", "northwind agency owner"},
		"ravi@northwind.test": {"acme agency member"},
		"mia@acme.test":       {"acme client owner"},
		"leo@acme.test":       {"acme client viewer"},
		"gus@globex.test":     {"globex client owner"},
		"cleo@contoso.test":   {"contoso agency owner", "initech agency owner"},
		"ivy@initech.test":    {"initech client owner"},
		"sam@portico.test":    nil,
	}
	if len(sample.Personas) != len(places) || len(sample.ForSignIn()) != len(places) {
		t.Fatalf("%d personas, and %d to sign in as", len(sample.Personas), len(sample.ForSignIn()))
	}
	db := open(t)
	for _, p := range sample.Personas {
		me, ok := visit(t, db, signIn(t, db, p.Email), "").Person()
		if !ok || me.Name != p.Name || me.Agent != (p.Email == "sam@portico.test") {
			t.Errorf("%s is %q, an agent: %v", p.Email, me.Name, me.Agent)
		}
		var mine []store.Workspace
		if err := db.ReadOwn(t.Context(), me, store.MyWorkspaces(store.WorkspaceFilter{Page: store.Page{Limit: 10}}, &mine)); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, w := range mine {
			got = append(got, w.Slug+" "+string(w.Party)+" "+string(w.Role))
		}
		slices.Sort(got)
		if !slices.Equal(got, places[p.Email]) {
			t.Errorf("%s is in %q", p.Email, got)
		}
	}
}

// Clients see shared work and no team-only work. Staff see both.
func TestClientsDontSeeTeamOnlyWork(t *testing.T) {
	t.Parallel()
	db := open(t)
	for _, c := range []struct{ slug, client, staff string }{
		{"acme", "mia@acme.test", "ravi@northwind.test"},
		{"acme", "leo@acme.test", "dana@northwind.test"},
		{"globex", "gus@globex.test", "dana@northwind.test"},
		{"initech", "ivy@initech.test", "cleo@contoso.test"},
	} {
		client, staff := readAll(t, db, c.client, c.slug), readAll(t, db, c.staff, c.slug)
		for _, word := range sample.TeamOnly[c.slug] {
			if strings.Contains(strings.ToLower(client), word) {
				t.Errorf("%s reads %q in %s", c.client, word, c.slug)
			}
			if !strings.Contains(staff, word) {
				t.Errorf("%s misses %q in %s", c.staff, word, c.slug)
			}
		}
		for _, word := range sample.Canaries[c.slug] {
			if !strings.Contains(client, word) {
				t.Errorf("%s misses %q in %s", c.client, word, c.slug)
			}
		}
	}
}

// readAll returns all that a person can read of a tenant's work, as JSON.
func readAll(t *testing.T, db *store.DB, email, slug string) string {
	t.Helper()
	me, ok := visit(t, db, signIn(t, db, email), slug).Member()
	if !ok {
		t.Fatalf("%s is no member of %s", email, slug)
	}
	read := func(reads ...store.Read) {
		t.Helper()
		if err := db.Read(t.Context(), me, reads...); err != nil {
			t.Fatal(err)
		}
	}
	var projects [3][]store.Project
	var bin []store.BinItem
	var newest []store.DeliverableLine
	read(store.ListProjects(store.Current, &projects[0]), store.ListProjects(store.Archived, &projects[1]),
		store.ListProjects(store.Binned, &projects[2]), store.ListBin(&bin), store.ListNewest("", 100, &newest))
	seen := []any{me.Tenant, projects, bin, newest}
	var deliverables []uuid.UUID
	for _, p := range slices.Concat(projects[:]...) {
		for _, which := range []store.Which{store.Current, store.Archived, store.Binned} {
			var list []store.DeliverableLine
			read(store.ListDeliverables(p.ID, which, &list))
			seen = append(seen, list)
			for _, d := range list {
				deliverables = append(deliverables, d.ID)
			}
		}
	}
	for _, id := range deliverables {
		var versions []store.Version
		var files []store.File
		read(store.ListVersions(id, &versions), store.ListFilesOf(id, &files))
		seen = append(seen, versions, files)
	}
	text, err := json.Marshal(seen)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func open(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{URL: config.AppURL, Signer: config.Signer, MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func visit(t *testing.T, db *store.DB, token store.Token, slug string) store.Visitor {
	t.Helper()
	v, err := db.Identify(t.Context(), store.Credentials{Token: &token, Slug: slug, RequestID: "sample-test"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// signIn signs a person in with a mailed code.
func signIn(t *testing.T, db *store.DB, email string) store.Token {
	t.Helper()
	secret := func() store.Secret { return store.Secret(rand.Text()) }
	cookie, link, code := secret(), secret(), secret()
	flow, err := db.BeginMailFlow(t.Context(), cookie, email, "/")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.MintFlow(t.Context(), flow, link, code); err != nil {
		t.Fatalf("%s: %v", email, err)
	}
	var token store.Token
	_, _ = rand.Read(token[:])
	_, err = db.SignInByCode(t.Context(), store.MailedCode{Flow: flow, Cookie: cookie, Codes: []store.Secret{code}},
		store.NewSession{Token: token, UserAgent: "test"})
	if err != nil {
		t.Fatalf("%s: %v", email, err)
	}
	return token
}
