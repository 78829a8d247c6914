package store_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/store"
)

// Only a client that nobody used is deleted, and only by its agency's managers. Its slug
// and its host are free again, its invitation is worthless, and nobody is inside.
func TestDiscardClient(t *testing.T) {
	t.Parallel()
	a, b := storetest.Agency(t), storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Agency)
	slug := "unused-" + a.Suffix
	create := func(me store.Member) (id uuid.UUID, err error) {
		err = onClients(t, me, func(tx *store.Tx) (err error) {
			id, _, err = tx.CreateClient(t.Context(), store.NewClient{Slug: slug, Name: "Unused", People: []store.NewPerson{
				{Name: "Zoe", Email: "zoe@" + a.Suffix + ".test", Party: store.PartyClient, Role: store.RoleOwner}}})
			return err
		})
		return id, err
	}
	id, err := create(dana)
	must(t, err)
	discard := func(me store.Member, id uuid.UUID) error {
		return onClients(t, me, func(tx *store.Tx) error { return tx.DiscardClient(t.Context(), id) })
	}
	acme := a.Member(t, a.Dana, a.Acme)
	inside := a.SteppedUp(t, a.Dana, slug)
	do(t, inside, func(tx *store.Tx) error { return tx.AddDomain(t.Context(), inside, slug+".example.org") })
	binned := storetest.Project(t, a.Member(t, a.Dana, slug), "Binned")
	do(t, a.Member(t, a.Dana, slug), func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindProject, binned, true) })
	for what, c := range map[string]struct {
		err, want error
	}{
		"a client with people":            {discard(dana, acme.TenantID()), store.ErrConflict},
		"a client with a binned project":  {discard(dana, id), store.ErrConflict},
		"another agency":                  {discard(b.Member(t, b.Dana, b.Agency), id), store.ErrNotFound},
		"a member of the agency":          {discard(a.Member(t, a.Ravi, a.Agency), id), store.ErrForbidden},
		"a client's owner":                {discard(a.Member(t, a.Mia, a.Acme), acme.TenantID()), store.ErrForbidden},
		"an id that is none":              {discard(dana, store.NewID()), store.ErrNotFound},
		"the same slug while it is taken": {second(create(dana)), store.ErrInvalid},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", what, c.err, c.want)
		}
	}
	if _, err := storetest.Admin(t).Exec(t.Context(), `delete from projects where id = $1`, binned); err != nil {
		t.Fatal(err)
	}
	must(t, discard(dana, id))
	if !errors.Is(discard(dana, id), store.ErrConflict) {
		t.Error("it was deleted twice")
	}
	wantNoDrift(t, dana)
	for _, which := range []bool{true, false} {
		for _, name := range clientNames(t, dana, store.ClientFilter{Archived: which, Page: store.Page{Limit: 100}}) {
			if name == "Unused" {
				t.Error("it is still in a list")
			}
		}
	}
	if err := onClients(t, dana, func(tx *store.Tx) error { return tx.UnarchiveClient(t.Context(), id) }); !errors.Is(err, store.ErrConflict) {
		t.Errorf("it came back: %v", err)
	}
	var open int
	if err := storetest.Admin(t).QueryRow(t.Context(), `
select (select count(*) from memberships where tenant_id = $1 and ended_at is null)
     + (select count(*) from invites where tenant_id = $1 and revoked_at is null)`, id).Scan(&open); err != nil || open != 0 {
		t.Errorf("%d people and invitations are left, %v", open, err)
	}
	verbs := map[string]int{}
	rows, err := storetest.Admin(t).Query(t.Context(), `select verb from audit_events where tenant_id = $1 and verb in ('member.left', 'member.invite_revoked', 'domain.removed')`, id)
	must(t, err)
	ends, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	for _, verb := range ends {
		verbs[verb]++
	}
	if verbs["member.left"] != 1 || verbs["member.invite_revoked"] != 1 || verbs["domain.removed"] != 1 {
		t.Errorf("the trail has %v, want one row for each end", verbs)
	}
	proved := a.SteppedUp(t, a.Dana, a.Agency)
	for what, deed := range map[string]func(*store.Tx) error{
		"joined": func(tx *store.Tx) error { return tx.JoinClient(t.Context(), id) },
		"assigned": func(tx *store.Tx) error {
			return tx.AssignStaff(t.Context(), dana.ID(), []uuid.UUID{id}, store.RoleMember)
		},
		"renamed": func(tx *store.Tx) error { return tx.RenameClient(t.Context(), id, "Back") },
	} {
		if err := onClients(t, proved, deed); !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrConflict) {
			t.Errorf("it is %s: %v", what, err)
		}
	}
	if _, err := create(b.Member(t, b.Dana, b.Agency)); err != nil {
		t.Errorf("its slug is not free again: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }
