package store_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// Clients see published work, and only the agency can change it: raw SQL as the
// client party, or as an unknown party, updates and deletes no row of it.
func TestClientsCannotChangeWork(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	storetest.File(t, b.ravi, b.draft, "shown.txt")
	if err := b.publish(t, 1); err != nil {
		t.Fatal(err)
	}
	conn, odd := storetest.App(t), b.mia
	odd.Party = "superclient"
	for table, column := range map[string]string{"projects": "name", "deliverables": "title", "versions": "note", "files": "name", "file_parts": "etag"} {
		shown := 1
		if table == "file_parts" {
			shown = 0 // upload parts are not shown
		}
		if n, err := try(t, conn, &b.mia, "select 1 from "+table); n < int64(shown) || err != nil {
			t.Errorf("the client sees %d rows of %s, error %v", n, table, err)
		}
		for _, sql := range []string{"update " + table + " set " + column + " = 'x'", "delete from " + table} {
			for _, who := range []store.Member{b.mia, odd} {
				if n, err := try(t, conn, &who, sql); n != 0 || err != nil && sqlState(err) != insufficientPrivilege {
					t.Errorf("%s: %s changed %d rows, %v", who.Party, sql, n, err)
				}
			}
		}
		if table == "file_parts" {
			continue // the parts were removed when the upload was finished
		}
		if n, err := try(t, conn, &b.ravi, "update "+table+" set "+column+" = 'x'"); n == 0 || err != nil {
			t.Errorf("staff changed %d rows of %s, %v", n, table, err)
		}
	}
}

// Both sides share one trail. Clients read their own and support's rows of it only,
// not the agency's, in raw SQL and in counts.
func TestClientsReadTheirSideOfTheTrail(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, mia := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Mia, a.Acme)
	storetest.Project(t, dana, "Quiet "+a.Suffix)
	storetest.GrantSupport(t, dana)
	storetest.GrantSupport(t, mia)
	for _, verb := range []string{"version.published", "version.created"} {
		if err := storetest.DB().Record(t.Context(), dana, store.Event{Verb: verb}); err != nil {
			t.Fatal(err)
		}
	}
	conn := storetest.App(t)
	for what, c := range map[string]struct {
		who  *store.Member
		sql  string
		some bool
	}{
		"the agency's acts, for the client":     {&mia, `select from audit_events where party = 'agency' and not starts_with(verb, 'support.') and verb <> 'version.published'`, false},
		"what it published, for the client":     {&mia, `select from audit_events where party = 'agency' and verb = 'version.published'`, true},
		"the agency's acts, for the agency":     {&dana, `select from audit_events where party = 'agency' and not starts_with(verb, 'support.')`, true},
		"what is of support, for the client":    {&mia, `select from audit_events where party = 'agency' and starts_with(verb, 'support.')`, true},
		"the client's own acts, for the client": {&mia, `select from audit_events where party = 'client'`, true},
	} {
		if n, err := try(t, conn, c.who, c.sql); (n > 0) != c.some || err != nil {
			t.Errorf("%s: %d rows, %v", what, n, err)
		}
	}
}

// Only owners and admins of an agency create its clients, from inside the agency:
// members, staff inside a client and clients can't.
func TestOnlyManagersCreateClients(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	create := func(me store.Member) error {
		return storetest.DB().Write(t.Context(), me, func(tx *store.Tx) error {
			_, _, err := tx.CreateClient(t.Context(), store.NewClient{Slug: "made-" + strings.ToLower(rand.Text())[:12], Name: "Made"})
			return err
		})
	}
	for what, me := range map[string]store.Member{
		"a member of the agency": a.Member(t, a.Ravi, a.Agency), "its owner, inside a client": a.Member(t, a.Dana, a.Acme),
		"the client's owner": a.Member(t, a.Mia, a.Acme),
	} {
		if err := create(me); !errors.Is(err, store.ErrForbidden) {
			t.Errorf("%s: %v, want refused", what, err)
		}
	}
	if err := create(a.Member(t, a.Dana, a.Agency)); err != nil {
		t.Errorf("its owner: %v", err)
	}
	// The function refuses by itself, whatever its caller does with the answer.
	conn := storetest.App(t)
	for what, me := range map[string]store.Member{"owner": a.Member(t, a.Dana, a.Agency), "member": a.Member(t, a.Ravi, a.Agency)} {
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		as(t, tx, me)
		var made *bool
		err = tx.QueryRow(t.Context(), `select lookup.create_client($1, $2, 'Made', '', 'starter', 'starter')`,
			store.NewID(), "made-"+strings.ToLower(rand.Text())[:12]).Scan(&made)
		if err != nil || (made != nil) != (what == "owner") {
			t.Errorf("create_client as %s: %v, %v", what, made, err)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// Setting a second tenant in a transaction fails, whatever the code around it does.
// Setting the same one again succeeds.
func TestSecondTenantIsRefused(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	acme, globex := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex)
	again := func(me store.Member) error {
		return storetest.DB().Write(t.Context(), acme, func(tx *store.Tx) error { return tx.EnterForTest(t.Context(), me) })
	}
	if err := again(globex); err == nil {
		t.Error("a second tenant in one transaction went through")
	}
	if err := again(acme); err != nil {
		t.Errorf("the same tenant again: %v", err)
	}
}
