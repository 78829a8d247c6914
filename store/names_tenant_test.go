package store_test

import (
	"fmt"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// Case 12: numbers, names, titles and addresses that Globex uses are free in Acme, so
// no unique constraint reveals them. Slugs are public names and are taken for
// everybody.
func TestUniqueNamesRevealNoTenant(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	acme, globex := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex)
	for _, me := range []store.Member{globex, acme, acme} {
		project := storetest.Project(t, me, "Spring")
		deliverable := storetest.Deliverable(t, me, project, "Poster")
		storetest.File(t, me, storetest.Draft(t, me, deliverable), "poster.txt")
	}
	// Gus is known in Globex. Acme can add his address like any other.
	gus := store.NewPerson{Name: "Gus", Email: a.Gus, Party: store.PartyClient, Role: store.RoleViewer}
	add := func(me store.Member, p store.NewPerson) error {
		return storetest.DB().Write(t.Context(), me, func(tx *store.Tx) error {
			_, err := tx.AddPerson(t.Context(), p)
			return err
		})
	}
	if err := add(acme, gus); err != nil {
		t.Errorf("somebody known elsewhere: %v", err)
	}
	fresh := store.NewPerson{Name: "New", Email: "new@" + a.Suffix + ".test", Party: store.PartyClient, Role: store.RoleViewer}
	if err := add(acme, fresh); err != nil {
		t.Errorf("somebody known nowhere: %v", err)
	}
	if err := add(acme, gus); err == nil {
		t.Error("the same person was added twice to one tenant")
	}
	// The same id in two tenants doesn't conflict either: a key without the tenant
	// would reveal that another tenant has it.
	conn, id := storetest.App(t), storetest.Project(t, globex, "Theirs")
	if n, err := try(t, conn, &acme, `insert into projects (tenant_id, id, name) values ($1, $2, 'x')`, acme.TenantID(), id); n != 1 || err != nil {
		t.Errorf("an id that Globex has: %d rows, %v", n, err)
	}
}

// Case 52: audit rows can't be changed or deleted. A failed deed leaves no audit row,
// and a deed whose audit row can't be written is rolled back.
func TestTrailIsAppendOnly(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	conn, admin := storetest.App(t), storetest.Admin(t)
	for _, sql := range []string{
		`update audit_events set verb = 'a.b'`, `update audit_events set result = 'ok'`, `delete from audit_events`, `truncate audit_events`,
		`update account_events set verb = 'a.b'`, `delete from account_events`, `truncate account_events`,
		`alter table audit_events disable row level security`, `drop table audit_events`,
	} {
		if _, err := try(t, conn, &dana, sql); sqlState(err) != insufficientPrivilege {
			t.Errorf("%s: %v, want refused", sql, err)
		}
	}
	count := func(what string) (n int) {
		if err := admin.QueryRow(t.Context(), `select count(*) from `+what+` where tenant_id = $1`, dana.TenantID()).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	events, projects := count("audit_events"), count("projects")
	abandon := fmt.Errorf("changed my mind")
	err := storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error {
		if _, err := tx.CreateProject(t.Context(), store.ProjectInput{Name: "Never"}); err != nil {
			return err
		}
		return abandon
	})
	if err == nil || count("audit_events") != events || count("projects") != projects {
		t.Errorf("a rolled-back deed left something: %v", err)
	}
	// The column refuses this request id, so that no audit row can be written.
	unaudited := a.Member(t, a.Dana, a.Acme)
	unaudited.RequestID = strings.Repeat("x", 5000)
	err = storetest.DB().Write(t.Context(), unaudited, func(tx *store.Tx) error {
		_, err := tx.CreateProject(t.Context(), store.ProjectInput{Name: "Never"})
		return err
	})
	if err == nil || count("projects") != projects {
		t.Errorf("a deed succeeded without its audit row: %v", err)
	}
	storetest.Project(t, dana, "Now")
	if count("audit_events") != events+1 || count("projects") != projects+1 {
		t.Error("the deed and its audit row are not one each")
	}
}
