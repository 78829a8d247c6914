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

// Each act is limited per tenant and hour, even if every act is undone. Another tenant's
// people still may do it.
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
		"resend": {16, func(t *testing.T, a *storetest.Tenants) func() error { // to four people, whose invitations count
			dana := a.Member(t, a.Dana, a.Acme)
			var ids [4]uuid.UUID
			for i := range ids {
				p := stranger()
				p.Party = store.PartyAgency // whom the plan doesn't count
				do(t, dana, func(tx *store.Tx) (err error) { ids[i], err = tx.InvitePerson(ctx, p); return err })
			}
			n := 0
			return func() error {
				n++
				return storetest.DB().Write(ctx, dana, func(tx *store.Tx) error { return tx.ResendInvite(ctx, ids[n%4]) })
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
		"resend and revoke": {10, func(t *testing.T, a *storetest.Tenants) func() error { // two mails each
			dana := a.Member(t, a.Dana, a.Acme)
			return func() error {
				return storetest.DB().Write(ctx, dana, func(tx *store.Tx) error {
					id, err := tx.InvitePerson(ctx, stranger())
					if err != nil {
						return err
					}
					if err := tx.ResendInvite(ctx, id); err != nil {
						return err
					}
					return tx.RevokeInvite(ctx, id)
				})
			}
		}},
		"invite, accept and remove": {20, func(t *testing.T, a *storetest.Tenants) func() error {
			dana := a.Member(t, a.Dana, a.Acme)
			return func() error {
				var id uuid.UUID
				p := stranger()
				err := storetest.DB().Write(ctx, dana, func(tx *store.Tx) (err error) { id, err = tx.InvitePerson(ctx, p); return err })
				if err != nil {
					return err
				}
				joins := storetest.Person(t, storetest.SignIn(t, p.Email))
				if _, err := storetest.DB().AcceptInvite(ctx, joins, storetest.InviteToken(t, dana.TenantID(), id), "Stranger"); err != nil {
					return err
				}
				return storetest.DB().Write(ctx, dana, func(tx *store.Tx) error { return tx.RemovePerson(ctx, joins.ID()) })
			}
		}},
		"lists of five, all revoked": {4, func(t *testing.T, a *storetest.Tenants) func() error {
			dana := a.Member(t, a.Dana, a.Acme)
			return func() error {
				return storetest.DB().Write(ctx, dana, func(tx *store.Tx) error {
					var five []store.NewPerson
					for range 5 {
						p := stranger()
						p.Party = store.PartyAgency // whom the plan doesn't count
						five = append(five, p)
					}
					if err := tx.InvitePeople(ctx, five); err != nil {
						return err
					}
					var open []store.Invite
					if err := tx.Read(ctx, store.ListInvites(&open)); err != nil {
						return err
					}
					for _, i := range open {
						if err := tx.RevokeInvite(ctx, i.ID); err != nil {
							return err
						}
					}
					return nil
				})
			}
		}},
		"publish version after version": {60, func(t *testing.T, a *storetest.Tenants) func() error {
			dana := a.Member(t, a.Dana, a.Acme)
			deliverable := storetest.Deliverable(t, dana, storetest.Project(t, dana, "Spring"), "Poster")
			number := 0
			return func() error {
				if number++; number > 1 {
					do(t, dana, func(tx *store.Tx) error { return errOf(tx.AddVersion(ctx, deliverable)) })
				}
				storetest.File(t, dana, storetest.Draft(t, dana, deliverable), "poster.txt")
				return storetest.DB().Write(ctx, dana, func(tx *store.Tx) error { return tx.Publish(ctx, deliverable, number, "") })
			}
		}},
		"create and delete deliverables": {120, func(t *testing.T, a *storetest.Tenants) func() error {
			dana := a.Member(t, a.Dana, a.Acme)
			project := storetest.Project(t, dana, "Spring")
			return func() error {
				return storetest.DB().Write(ctx, dana, func(tx *store.Tx) error {
					id, err := tx.CreateDeliverable(ctx, project, store.DeliverableInput{Title: "Loop"})
					if err != nil {
						return err
					}
					return tx.Bin(ctx, store.KindDeliverable, id, true)
				})
			}
		}},
		"create and delete projects": {60, func(t *testing.T, a *storetest.Tenants) func() error {
			dana := a.Member(t, a.Dana, a.Acme)
			return func() error {
				return storetest.DB().Write(ctx, dana, func(tx *store.Tx) error {
					id, err := tx.CreateProject(ctx, store.ProjectInput{Name: "Loop"})
					if err != nil {
						return err
					}
					return tx.Bin(ctx, store.KindProject, id, true)
				})
			}
		}},
		"check a domain": {60, func(t *testing.T, a *storetest.Tenants) func() error {
			dana := a.SteppedUp(t, a.Dana, a.Acme)
			do(t, dana, func(tx *store.Tx) error {
				return tx.AddDomain(ctx, dana, fmt.Sprintf("h%s.example.org", store.NewID()))
			})
			var all []store.Domain
			must(t, read(t, dana, store.ListDomains(&all)))
			return func() error {
				return storetest.DB().Write(ctx, dana, func(tx *store.Tx) error { return tx.CheckDomain(ctx, all[0].ID) })
			}
		}},
		"start and stop support": {40, func(t *testing.T, a *storetest.Tenants) func() error {
			mia := a.Member(t, a.Mia, a.Acme)
			storetest.GrantSupport(t, mia)
			sam := storetest.Person(t, storetest.StepUp(t, storetest.SignIn(t, storetest.Agent(t))))
			return func() error {
				_, err := storetest.DB().StartSupport(ctx, sam, store.SupportStart{Slug: a.Acme, Subject: mia.ID(), Reason: "A look", Ticket: "T-1", Minutes: 30})
				if err != nil {
					return err
				}
				return storetest.DB().StopSupport(ctx, sam)
			}
		}},
		"start support, and revoke it": {40, func(t *testing.T, a *storetest.Tenants) func() error {
			mia := a.Member(t, a.Mia, a.Acme)
			sam := storetest.Person(t, storetest.StepUp(t, storetest.SignIn(t, storetest.Agent(t))))
			return func() error {
				storetest.GrantSupport(t, mia)
				_, err := storetest.DB().StartSupport(ctx, sam, store.SupportStart{Slug: a.Acme, Subject: mia.ID(), Reason: "A look", Ticket: "T-1", Minutes: 30})
				if err != nil {
					return err
				}
				return storetest.DB().Write(ctx, mia, func(tx *store.Tx) error { return tx.RevokeSupport(ctx) })
			}
		}},
		"request access, and decline": {20, func(t *testing.T, a *storetest.Tenants) func() error {
			mia := a.Member(t, a.Mia, a.Acme)
			do(t, mia, func(tx *store.Tx) error { return tx.SetAccessRequestsAllowed(ctx, true) })
			both := []store.Person{storetest.Person(t, storetest.SignIn(t, storetest.Agent(t))), storetest.Person(t, storetest.SignIn(t, storetest.Agent(t)))}
			n := 0
			return func() error {
				n++
				err := storetest.DB().RequestAccess(ctx, both[n%2], store.NewAccessRequest{Slug: a.Acme, Code: storetest.SupportCode(t, a.Acme), Mode: store.SupportRead, Hours: 1, Reason: "A look", Ticket: "T-1"})
				if err != nil {
					return err
				}
				return storetest.DB().Write(ctx, mia, func(tx *store.Tx) error {
					var open []store.AccessRequest
					if err := tx.Read(ctx, store.ListOpenAccessRequests(&open)); err != nil {
						return err
					}
					return tx.DenyAccessRequest(ctx, open[0].ID, "Not now")
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
	storetest.Plan(t, a.Agency, "starter")
	for _, slug := range made {
		storetest.Plan(t, slug, "enterprise") // whose share of the person's doesn't count
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

// An address gets five invitation mails in an hour from an agency's staff, whether one by
// one, by lists or with new clients. A client's people count for themselves. Another
// address, and another agency, still may.
func TestInviteMailsAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	storetest.InOneWindow(t, time.Hour)
	ctx := t.Context()
	a, b := storetest.Agency(t), storetest.Agency(t)
	acme, globex, mia := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex), a.Member(t, a.Mia, a.Acme)
	agency := a.Member(t, a.Dana, a.Agency)
	person := func(email string, role store.Role) store.NewPerson {
		return store.NewPerson{Name: "Often", Email: email, Party: store.PartyClient, Role: role}
	}
	alone := func(me store.Member, email string) error {
		return write(t, me, func(tx *store.Tx) error {
			id, err := tx.InvitePerson(ctx, person(email, store.RoleViewer))
			if err != nil {
				return err
			}
			return tx.RevokeInvite(ctx, id)
		})
	}
	list := func(me store.Member, email string) error {
		return write(t, me, func(tx *store.Tx) error {
			return tx.InvitePeople(ctx, []store.NewPerson{person(email, store.RoleViewer)})
		})
	}
	client := func(me store.Member, email string) error {
		return write(t, me, func(tx *store.Tx) error {
			_, _, err := tx.CreateClient(ctx, store.NewClient{Slug: "c-" + store.NewID().String()[:30], Name: "Often", People: []store.NewPerson{person(email, store.RoleOwner)}})
			return err
		})
	}
	often, other := "often@"+a.Suffix+".test", "other@"+a.Suffix+".test"
	for n, err := range []error{alone(acme, often), alone(acme, often), list(globex, often), client(agency, often), alone(acme, often)} {
		if err != nil {
			t.Fatalf("number %d: %v", n+1, err)
		}
	}
	for what, err := range map[string]error{
		"one by one": alone(acme, often), "in another client": alone(globex, often), "a list": list(acme, often), "a new client": client(agency, often),
	} {
		if !tooMany(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for range 5 {
		for what, err := range map[string]error{"a client's owner": alone(mia, often), "another address by her": alone(mia, other)} {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	if err := alone(mia, often); !tooMany(err) {
		t.Errorf("a client's owner, once more: %v", err)
	}
	for what, err := range map[string]error{
		"another address": alone(acme, other), "another agency": alone(b.Member(t, b.Dana, b.Acme), often),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// An agency's owner gives their own client a large plan: what is allowed there, and to
// the person, remains what the agency's own plan allows. A client of a smaller plan than
// its agency's has its own.
func TestActsAreLimitedByTheAgencysPlan(t *testing.T) {
	t.Parallel()
	storetest.InOneWindow(t, time.Hour)
	for what, c := range map[string]struct{ agency, client string }{
		"a larger plan":  {"starter", "enterprise"},
		"a smaller plan": {"enterprise", "starter"},
	} {
		a := storetest.Agency(t)
		storetest.Plan(t, a.Agency, c.agency)
		storetest.Plan(t, a.Acme, c.client)
		dana := a.Member(t, a.Dana, a.Acme)
		sent := 0
		for range 21 {
			err := write(t, dana, func(tx *store.Tx) error {
				id, err := tx.InvitePerson(t.Context(), store.NewPerson{Name: "Stranger", Email: store.NewID().String() + "@portals.test", Party: store.PartyAgency, Role: store.RoleViewer})
				if err != nil {
					return err
				}
				return tx.RevokeInvite(t.Context(), id)
			})
			switch {
			case err == nil:
				sent++
			case !tooMany(err):
				t.Fatal(err)
			}
		}
		if sent != 20 {
			t.Errorf("%s: %d mails", what, sent)
		}
	}
}

// An agent reaches their own limit through several tenants, and is refused in each. What
// was refused began nothing. Another agent still may.
func TestAgentsActsAreLimitedAcrossTenants(t *testing.T) {
	t.Parallel()
	storetest.InOneWindow(t, time.Hour)
	sam, other := storetest.Person(t, storetest.SignIn(t, storetest.Agent(t))), storetest.Person(t, storetest.SignIn(t, storetest.Agent(t)))
	request := func(me store.Person, mia store.Member, slug string) error {
		err := storetest.DB().RequestAccess(t.Context(), me, store.NewAccessRequest{Slug: slug, Code: storetest.SupportCode(t, slug), Mode: store.SupportRead, Hours: 1, Reason: "A look", Ticket: "T-1"})
		if err != nil {
			return err
		}
		return write(t, mia, func(tx *store.Tx) error {
			var open []store.AccessRequest
			if err := tx.Read(t.Context(), store.ListOpenAccessRequests(&open)); err != nil {
				return err
			}
			return tx.DenyAccessRequest(t.Context(), open[0].ID, "")
		})
	}
	for sent := 0; sent <= 120; {
		a := storetest.Agency(t)
		mia := a.Member(t, a.Mia, a.Acme)
		do(t, mia, func(tx *store.Tx) error { return tx.SetAccessRequestsAllowed(t.Context(), true) })
		for range 20 { // as many as a tenant allows
			err := request(sam, mia, a.Acme)
			if err == nil {
				sent++
				continue
			}
			if !tooMany(err) || sent != 100 {
				t.Errorf("after %d requests: %v", sent, err)
			}
			var open []store.AccessRequest
			must(t, read(t, mia, store.ListOpenAccessRequests(&open)))
			if len(open) != 0 {
				t.Errorf("the refused request is open: %+v", open)
			}
			must(t, request(other, mia, a.Acme))
			return
		}
	}
	t.Error("more than 120 requests were sent")
}
