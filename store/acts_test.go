package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// tooMany says whether err is the refusal of one act too many, with a time to wait.
func tooMany(err error) bool {
	limit, ok := errors.AsType[*store.TooManyActsError](err)
	return ok && limit.After > 0 && limit.After <= time.Hour
}

// Whatever takes an act back, only so many acts are allowed in an hour. Another tenant's
// people still may.
func TestActsAreLimitedByTenantAndHour(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	stranger := func() store.NewPerson {
		return store.NewPerson{Name: "Stranger", Email: store.NewID().String() + "@portals.test", Party: store.PartyClient, Role: store.RoleViewer}
	}
	for what, c := range map[string]struct {
		most int
		act  func(t *testing.T, a *storetest.Tenants) func() error
	}{
		"invite and revoke": {20, func(t *testing.T, a *storetest.Tenants) func() error {
			dana := a.Member(t, a.Dana, a.Acme)
			return func() error {
				return storetest.DB().Write(ctx, dana, func(tx *store.Tx) error {
					id, err := tx.InvitePerson(ctx, stranger())
					if err != nil {
						return err
					}
					return tx.RevokeInvite(ctx, id)
				})
			}
		}},
		"resend": {19, func(t *testing.T, a *storetest.Tenants) func() error { // the invitation is the twentieth
			dana := a.Member(t, a.Dana, a.Acme)
			var id uuid.UUID
			do(t, dana, func(tx *store.Tx) (err error) { id, err = tx.InvitePerson(ctx, stranger()); return err })
			return func() error {
				return storetest.DB().Write(ctx, dana, func(tx *store.Tx) error { return tx.ResendInvite(ctx, id) })
			}
		}},
		"lists of two": {10, func(t *testing.T, a *storetest.Tenants) func() error {
			dana := a.Member(t, a.Dana, a.Acme)
			return func() error {
				two := []store.NewPerson{stranger(), stranger()}
				two[0].Party, two[1].Party = store.PartyAgency, store.PartyAgency // whom the plan doesn't count
				return storetest.DB().Write(ctx, dana, func(tx *store.Tx) error {
					return tx.InvitePeople(ctx, two)
				})
			}
		}},
		"people take turns": {20, func(t *testing.T, a *storetest.Tenants) func() error {
			both := []store.Member{a.Member(t, a.Dana, a.Acme), a.Member(t, a.Mia, a.Acme)}
			n := 0
			return func() error {
				n++
				return storetest.DB().Write(ctx, both[n%2], func(tx *store.Tx) error {
					id, err := tx.InvitePerson(ctx, stranger())
					if err != nil {
						return err
					}
					return tx.RevokeInvite(ctx, id)
				})
			}
		}},
		"create and delete clients": {8, func(t *testing.T, a *storetest.Tenants) func() error { // the agency has two
			dana := a.Member(t, a.Dana, a.Agency)
			return func() error {
				var id uuid.UUID
				err := storetest.DB().Write(ctx, dana, func(tx *store.Tx) (err error) {
					id, _, err = tx.CreateClient(ctx, store.NewClient{Slug: "c-" + store.NewID().String()[:30], Name: "Loop"})
					return err
				})
				if err != nil {
					return err
				}
				return storetest.DB().Write(ctx, dana, func(tx *store.Tx) error { return tx.DiscardClient(ctx, id) })
			}
		}},
		"claim and release domains": {20, func(t *testing.T, a *storetest.Tenants) func() error {
			dana := a.SteppedUp(t, a.Dana, a.Acme)
			return func() error {
				return storetest.DB().Write(ctx, dana, func(tx *store.Tx) error {
					host := fmt.Sprintf("h%s.example.org", store.NewID())
					if err := tx.AddDomain(ctx, dana, host); err != nil {
						return err
					}
					var all []store.Domain
					if err := tx.Read(ctx, store.ListDomains(&all)); err != nil {
						return err
					}
					return tx.RemoveDomain(ctx, dana, all[0].ID)
				})
			}
		}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			storetest.InOneWindow(t, time.Hour)
			a, other := storetest.Agency(t), storetest.Agency(t)
			for _, slug := range []string{a.Acme, a.Agency, other.Acme, other.Agency} {
				storetest.Plan(t, slug, "starter")
			}
			act := c.act(t, a)
			for n := range c.most {
				if err := act(); err != nil {
					t.Fatalf("number %d: %v", n+1, err)
				}
			}
			if err := act(); !tooMany(err) {
				t.Errorf("one more: %v", err)
			}
			if err := c.act(t, other)(); err != nil {
				t.Errorf("another tenant: %v", err)
			}
		})
	}
}

// One person reaches their own limit through several tenants.
func TestActsAreLimitedByPersonAcrossTenants(t *testing.T) {
	t.Parallel()
	storetest.InOneWindow(t, time.Hour)
	a := storetest.Agency(t)
	agency := a.Member(t, a.Dana, a.Agency)
	var made []string
	for n := range 6 {
		slug := fmt.Sprintf("many-%d-%s", n, a.Suffix)
		do(t, agency, func(tx *store.Tx) error {
			_, _, err := tx.CreateClient(t.Context(), store.NewClient{Slug: slug, Name: "Many"})
			return err
		})
		made = append(made, slug)
	}
	sent, refused := 0, 0
	for _, slug := range made {
		dana := a.Member(t, a.Dana, slug)
		for range 20 {
			err := write(t, dana, func(tx *store.Tx) error {
				id, err := tx.InvitePerson(t.Context(), store.NewPerson{Name: "Stranger", Email: store.NewID().String() + "@portals.test", Party: store.PartyClient, Role: store.RoleViewer})
				if err != nil {
					return err
				}
				return tx.RevokeInvite(t.Context(), id)
			})
			switch {
			case err == nil:
				sent++
			case tooMany(err):
				refused++
			default:
				t.Fatal(err)
			}
		}
	}
	if sent != 100 || refused != 20 {
		t.Errorf("%d were sent and %d refused", sent, refused)
	}
}

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
	if _, err := create(b.Member(t, b.Dana, b.Agency)); err != nil {
		t.Errorf("its slug is not free again: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }
