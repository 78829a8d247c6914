package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
)

// provedPerson signs a person in with a fresh step-up.
func provedPerson(t *testing.T, email string) store.Person {
	t.Helper()
	return storetest.Person(t, storetest.StepUp(t, storetest.SignIn(t, email)))
}

func forget(t *testing.T, me store.Person) error { return storetest.DB().ForgetMe(t.Context(), me) }

// ownedAlone returns the slugs of the tenants that the person owns alone.
func ownedAlone(t *testing.T, me store.Person) (slugs []string) {
	t.Helper()
	var rows []store.WorkspaceToLeave
	must(t, storetest.DB().ReadOwn(t.Context(), me, store.ListWorkspacesToLeave(&rows)))
	for _, row := range rows {
		if row.Alone {
			slugs = append(slugs, row.Slug)
		}
	}
	return slugs
}

// forgetsNames makes a tenant erase the names of forgotten people.
func forgetsNames(t *testing.T, slug string) {
	t.Helper()
	if _, err := storetest.Admin(t).Exec(t.Context(), `update tenants set forgets_names = true where slug = $1`, slug); err != nil {
		t.Fatal(err)
	}
}

func look(t *testing.T, dst any, sql string, args ...any) {
	t.Helper()
	if err := storetest.Admin(t).QueryRow(t.Context(), sql, args...).Scan(dst); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// leavesTraces is Ravi with everything that the product stores of a person: work at
// Acme, an accepted invitation at Initech, an ended membership at Globex, an open
// invitation, and every way to sign in.
type leavesTraces struct {
	*storetest.Tenants
	other     *storetest.Tenants
	id        uuid.UUID
	work      uuid.UUID // a deliverable of his
	elsewhere string    // his name at Initech
	sessions  []store.Token
	proved    store.Token
}

func setupTraces(t *testing.T) *leavesTraces {
	t.Helper()
	a, db := storetest.Agency(t), storetest.DB()
	b := &leavesTraces{Tenants: a, other: storetest.Agency(t), elsewhere: "Elsewhere " + a.Suffix}
	ravi := a.Member(t, a.Ravi, a.Acme)
	b.id = ravi.ID()
	b.work = storetest.Deliverable(t, ravi, storetest.Project(t, ravi, "Spring"), "Poster")
	deed(t, ravi, func(tx *store.Tx) error {
		return tx.RecordVisit(t.Context(), store.Visit{Path: "/projects"})
	})

	_, token := invite(t, b.other.Member(t, b.other.Dana, b.other.Globex), client(b.elsewhere, a.Ravi, store.RoleAdmin))
	me := storetest.Person(t, storetest.SignIn(t, a.Ravi))
	if _, err := db.AcceptInvite(t.Context(), me, token, b.elsewhere); err != nil {
		t.Fatal(err)
	}
	globex := a.SteppedUp(t, a.Dana, a.Globex)
	deed(t, globex, func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), client("Ravi as a client", a.Ravi, store.RoleViewer))
		return err
	})
	must(t, removePerson(t, globex, b.id))
	invite(t, b.other.Member(t, b.other.Dana, b.other.Acme), client("Ravi, invited", a.Ravi, store.RoleViewer))

	provider := newSession()
	provider.UserAgent = "browser of " + a.Suffix
	_, err := db.SignInByIdentity(t.Context(), spentFlow(t), store.Identity{
		Issuer: "https://idp.test", Subject: "subject-" + a.Suffix, Email: a.Ravi, EmailVerified: true}, provider)
	must(t, err)
	storetest.Passkey(t, storetest.SignIn(t, a.Ravi))
	_, err = db.BeginMailFlow(t.Context(), store.Secret("cookie"), a.Ravi, "/")
	must(t, err)
	inviteSignUp(t, a.Ravi)
	main := storetest.SignIn(t, a.Ravi)
	_, err = db.BeginHandover(t.Context(), storetest.Person(t, main), store.Handover{
		Token: store.Secret(a.Suffix), Slug: a.Acme, Host: "host-" + a.Suffix, Browser: make([]byte, 32)})
	must(t, err)
	must(t, db.RecordOwn(t.Context(), me, store.Event{Verb: "access.refused", Detail: map[string]any{"browser": "browser of " + a.Suffix}}))
	b.proved = storetest.StepUp(t, storetest.SignIn(t, a.Ravi))
	b.sessions = []store.Token{provider.Token, main, storetest.SignInAt(t, a.Ravi, "acme.example"), b.proved}
	return b
}

// Erasing a person removes their address and every way to sign in from all tables,
// and ends their memberships. Their work stays, under their name or none. Nobody
// else's rows change.
func TestForgottenPersonIsErased(t *testing.T) {
	t.Parallel()
	b := setupTraces(t)
	forgetsNames(t, b.other.Globex)
	traces := []string{b.Ravi, "subject-" + b.Suffix, "browser of " + b.Suffix, "host-" + b.Suffix, b.elsewhere}
	for _, text := range traces {
		if len(storetest.Traces(t, text)) == 0 {
			t.Errorf("%q is in no table before, so the test proves nothing", text)
		}
	}
	// Every table that can hold an address has his, or the check afterwards would
	// prove nothing.
	var addresses []string
	look(t, &addresses, `select array_agg(distinct table_name::text) from information_schema.columns where table_schema = 'public' and column_name ~ 'email|address'`)
	for _, table := range addresses {
		if !slices.Contains(storetest.Traces(t, b.Ravi), table) {
			t.Errorf("%s can hold an address, and has none of his: have setupTraces leave one, and lookup.forget erase it", table)
		}
	}
	mia := b.Member(t, b.Mia, b.Acme)
	storetest.GrantSupport(t, mia)
	agent, _ := storetest.SupportAs(t, storetest.Agent(t), b.Acme, b.id)
	others := `select md5(string_agg(x, '' order by x)) from (
    select m::text from memberships m where user_id <> $1 and tenant_id in (select tenant_id from memberships where user_id = $1)
    union all select u::text from users u where id <> $1 and email like '%@' || $2 || '.test'
    union all select t::text from tenants t where slug like '%' || $2) rows (x)`
	var before, after string
	look(t, &before, others, b.id, b.Suffix)
	strangers := storetest.RowsOf(t, b.other.Member(t, b.other.Dana, b.other.Agency).TenantID())

	me, inside := storetest.Person(t, b.proved), b.Member(t, b.Ravi, b.Acme)
	must(t, forget(t, me))
	// Requests that were under way fail.
	if err := storetest.DB().Rename(t.Context(), me, b.elsewhere, ""); err == nil {
		t.Error("the forgotten person has a name again")
	}
	err := storetest.DB().Write(t.Context(), inside, func(tx *store.Tx) error {
		return tx.RecordVisit(t.Context(), store.Visit{Path: "/" + b.elsewhere})
	})
	wantErr(t, "a visit under way", err, store.ErrForbidden)
	for _, text := range traces {
		if found := storetest.Traces(t, text); len(found) > 0 {
			t.Errorf("%q is still in %v", text, found)
		}
	}
	for i, token := range b.sessions {
		if _, ok := storetest.Visit(t, token, b.Acme).Person(); ok {
			t.Errorf("session %d still signs somebody in", i)
		}
	}
	if _, inside := storetest.Visit(t, agent, b.Acme).Member(); inside {
		t.Error("support still views as them")
	}
	look(t, &after, others, b.id, b.Suffix)
	if before != after {
		t.Error("the rows of other people changed")
	}
	if now := storetest.RowsOf(t, b.other.Member(t, b.other.Dana, b.other.Agency).TenantID()); fmt.Sprint(now) != fmt.Sprint(strangers) {
		t.Errorf("rows of a tenant they never were in changed:\n%v\n%v", strangers, now)
	}
	var live, kept int
	look(t, &live, `select count(*) from memberships where user_id = $1 and ended_at is null`, b.id)
	look(t, &kept, `select count(*) from memberships where user_id = $1`, b.id)
	if live != 0 || kept != 4 {
		t.Errorf("%d places are left of %d", live, kept)
	}
	b.checkTenantsRead(t)
}

// checkTenantsRead checks that tenants can still read: the work with its author, the trail
// with the removal, the list of people without them, and the plan's count.
func (b *leavesTraces) checkTenantsRead(t *testing.T) {
	t.Helper()
	for slug, want := range map[string]struct{ by, email, name string }{
		b.Acme:         {b.Dana, b.Mia, "Ravi " + b.Suffix},
		b.Agency:       {b.Dana, b.Dana, "Ravi " + b.Suffix},
		b.Globex:       {b.Dana, b.Gus, "Ravi as a client"},
		b.other.Globex: {b.other.Dana, b.other.Gus, "Former member"},
	} {
		staff := (&storetest.Tenants{}).Member(t, want.by, slug)
		var trail []store.Activity
		var people []store.Membership
		must(t, storetest.DB().Read(t.Context(), staff,
			store.ListActivity(store.ActivityFilter{Person: b.id, Kind: "member"}, &trail), store.ListPeople(&people)))
		i := slices.IndexFunc(trail, func(e store.Activity) bool { return e.Verb == "member.forgotten" })
		if i < 0 || *trail[i].ActorID != b.id || *trail[i].TargetID != b.id || trail[i].ActorName != want.name {
			t.Errorf("%s: trail %+v, want %q forgotten", slug, trail, want.name)
		}
		if slices.ContainsFunc(people, func(m store.Membership) bool { return m.UserID == b.id }) ||
			!slices.ContainsFunc(people, func(m store.Membership) bool { return m.Email == want.email }) {
			t.Errorf("%s: people %+v", slug, people)
		}
		var counted int
		look(t, &counted, `
select count(*) - coalesce((select used from plan_usage where tenant_id = $1 and metric = 'users'), count(*))
from memberships where tenant_id = $1 and ended_at is null and party = case tenant_kind when 'agency' then 'agency' else 'client' end`, staff.TenantID())
		if counted != 0 {
			t.Errorf("%s: the plan counts %d fewer people than there are", slug, counted)
		}
	}
	dana := b.Member(t, b.Dana, b.Acme)
	var versions []store.Version
	must(t, storetest.DB().Read(t.Context(), dana, store.ListVersions(b.work, &versions)))
	if len(versions) != 1 || versions[0].AuthorName != "Ravi "+b.Suffix {
		t.Errorf("the work lost its author: %+v", versions)
	}
	// His open invitation is revoked, without a revoker.
	var revoked int
	look(t, &revoked, `
select count(*) from audit_events e join invites i on i.tenant_id = e.tenant_id and i.id = e.target_id
where e.verb = 'member.invite_revoked' and e.actor_id is null and i.revoked_at is not null and i.email is null and i.token_hash is null and i.name = 'Ravi, invited'
  and e.tenant_id = $1`, b.other.Member(t, b.other.Dana, b.other.Acme).TenantID())
	if revoked != 1 {
		t.Errorf("%d invitations are revoked, want one", revoked)
	}
}

// The same address, invited again, gets a new person without the old rows. So does
// the provider's subject.
func TestForgottenAddressGetsNewPerson(t *testing.T) {
	t.Parallel()
	b := setupTraces(t)
	must(t, forget(t, storetest.Person(t, b.proved)))
	if _, err := storetest.DB().SignInByIdentity(t.Context(), spentFlow(t), store.Identity{
		Issuer: "https://idp.test", Subject: "subject-" + b.Suffix, Email: b.Ravi, EmailVerified: true}, newSession()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the provider still signs them in: %v", err)
	}
	dana := b.Member(t, b.Dana, b.Acme)
	_, token := invite(t, dana, client("Ravi again", b.Ravi, store.RoleViewer))
	must(t, accept(t, b.Ravi, token))
	again := b.Member(t, b.Ravi, b.Acme)
	if again.ID() == b.id || again.Party != store.PartyClient {
		t.Errorf("%v is back as %s", again.ID(), again.Party)
	}
	var places []store.Workspace
	must(t, storetest.DB().ReadOwn(t.Context(), again.Person, store.MyWorkspaces(store.WorkspaceFilter{Page: store.Page{Limit: 10}}, &places)))
	if len(places) != 1 || places[0].Slug != b.Acme {
		t.Errorf("places = %+v", places)
	}
	var events []store.AccountEvent
	must(t, storetest.DB().ReadOwn(t.Context(), again.Person, store.ListAccountEvents(50, &events)))
	if slices.ContainsFunc(events, func(e store.AccountEvent) bool { return e.Verb == "account.forgotten" }) {
		t.Error("they read the history of the forgotten person")
	}
	if _, err := storetest.DB().SignInByIdentity(t.Context(), spentFlow(t), store.Identity{
		Issuer: "https://idp.test", Subject: "subject-" + b.Suffix, Email: b.Ravi, EmailVerified: true}, newSession()); err != nil {
		t.Errorf("the provider does not sign the new one in: %v", err)
	}
}

// Erasure needs a fresh step-up in this browser and a person who is no agent. It is
// refused in a support session.
func TestForgetNeedsStepUp(t *testing.T) {
	t.Parallel()
	b := setupSupport(t)
	wantErr(t, "without a proof", forget(t, storetest.Person(t, storetest.SignIn(t, b.Leo))), store.ErrStepUp)
	leo := provedPerson(t, b.Leo)
	b.exec(t, `update sessions set stepped_up_at = now() - interval '5 minutes' where id = $1`, leo.SessionID)
	wantErr(t, "with one of five minutes ago", forget(t, leo), store.ErrStepUp)
	wantErr(t, "an agent", forget(t, storetest.Person(t, b.token)), store.ErrNotFound)
	must(t, forget(t, provedPerson(t, b.Leo)))
	wantErr(t, "twice", forget(t, leo), store.ErrStepUp)

	// A second owner of the agency views as Mia; Dana may then leave.
	must(t, b.db.Write(t.Context(), b.SteppedUp(t, b.Dana, b.Agency), func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Second", Email: "second@" + b.Suffix + ".test", Party: store.PartyAgency, Role: store.RoleOwner})
		return err
	}))
	must(t, b.viewAs(t, b.mia.ID()))
	looking := storetest.Person(t, storetest.StepUp(t, b.token))
	wantErr(t, "inside", forget(t, looking), store.ErrInSupportSession)
	wantErr(t, "inside, in another browser", forget(t, provedPerson(t, b.Dana)), store.ErrInSupportSession)
	must(t, b.db.StopSupport(t.Context(), looking))
	forgetsNames(t, b.Acme)
	must(t, forget(t, looking))
	if row := b.ledger(t)[0]; row.AgentName != "Former member" || row.SubjectName != b.mia.Name {
		t.Errorf("ledger = %+v", row)
	}
}

// The last owner can't be erased until somebody else owns the tenant on its own side.
// They are told which tenants.
func TestLastOwnerCannotBeForgotten(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	in := func(email string) []string {
		return ownedAlone(t, storetest.Person(t, storetest.SignIn(t, email)))
	}
	wantErr(t, "a client's last owner", forget(t, provedPerson(t, a.Mia)), store.ErrLastOwner)
	wantErr(t, "an agency's last owner", forget(t, provedPerson(t, a.Dana)), store.ErrLastOwner)
	if mias, danas, leos := in(a.Mia), in(a.Dana), in(a.Leo); fmt.Sprint(mias, danas, leos) != fmt.Sprint([]string{a.Acme}, []string{a.Agency}, []string{}) {
		t.Errorf("alone are Mia in %v, Dana in %v and Leo in %v", mias, danas, leos)
	}
	if len(storetest.Traces(t, a.Mia)) == 0 {
		t.Error("Mia was half forgotten")
	}
	addMember(t, a.SteppedUp(t, a.Dana, a.Acme), store.PartyClient, store.RoleOwner)
	must(t, forget(t, provedPerson(t, a.Mia)))
}

// Exactly those who may not leave can't be erased: the database function and the deed
// agree, whoever else owns the tenant.
func TestOwnedAloneMatchesLastOwner(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.SteppedUp(t, a.Dana, a.Acme)
	people := map[string]store.Member{
		"agency": a.SteppedUp(t, addMember(t, dana, store.PartyAgency, store.RoleOwner), a.Acme),
		"client": a.SteppedUp(t, addMember(t, dana, store.PartyClient, store.RoleOwner), a.Acme),
	}
	for side, me := range people {
		for _, owners := range [][]string{{}, {a.Dana}, {a.Mia}, {a.Dana, a.Mia}} {
			if _, err := storetest.Admin(t).Exec(t.Context(), `
update memberships set role = case when user_id = $2 or email = any ($3) then 'owner' else 'admin' end where tenant_id = $1`,
				me.TenantID(), me.ID(), owners); err != nil {
				t.Fatal(err)
			}
			rows := ownedAlone(t, me.Person)
			undone := errors.New("only asking")
			err := attempt(t, me, func(tx *store.Tx) error {
				if err := tx.Leave(t.Context()); err != nil {
					return err
				}
				return undone
			})
			if last := errors.Is(err, store.ErrLastOwner); last != (len(rows) == 1) || !last && !errors.Is(err, undone) {
				t.Errorf("an owner of the %s's side with %v: leaving %v, owned alone %v", side, owners, err, rows)
			}
		}
	}
}

// Two owners of one tenant erase themselves at once: one is left. The function locks
// the tenants before it looks who owns them.
func TestTwoOwnersForgetAtOnce(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.SteppedUp(t, a.Dana, a.Acme)
	first, second := provedPerson(t, a.Mia), provedPerson(t, addMember(t, dana, store.PartyClient, store.RoleOwner))
	conn := storetest.Superuser(t)
	hold, err := conn.Begin(t.Context())
	must(t, err)
	_, err = hold.Exec(t.Context(), `select from plan_usage where tenant_id = $1 and metric = 'users' for update`, dana.TenantID())
	must(t, err)
	one, other := make(chan error, 1), make(chan error, 1)
	go func() { one <- forget(t, first) }()
	waitBehind(t, conn, nil)
	go func() { other <- forget(t, second) }()
	waitBehind(t, conn, other)
	must(t, hold.Rollback(t.Context()))
	must(t, <-one)
	wantErr(t, "the last one", <-other, store.ErrLastOwner)
	if n := ownersOf(t, dana.TenantID(), store.PartyClient); n != 1 {
		t.Errorf("%d owners are left", n)
	}
}

// forgetting erases a person in a transaction that is still open.
func forgetting(t *testing.T, email string) (commit func()) {
	t.Helper()
	conn := storetest.Superuser(t)
	hold, err := conn.Begin(t.Context())
	must(t, err)
	_, err = hold.Exec(t.Context(), `select lookup.forget(id, email, id, $2, 'test') from users where email = $1 for update`, email, store.NewID())
	must(t, err)
	return func() {
		t.Helper()
		waitBehind(t, conn, nil)
		must(t, hold.Commit(t.Context()))
	}
}

// Nothing new begins for a person during their erasure. A provider's proof fails, and so does
// a membership that somebody gives them or that they accept.
func TestConcurrentErasureStopsNewAccess(t *testing.T) {
	t.Parallel()
	b, other := setupTraces(t), storetest.Agency(t)
	nina := addMember(t, b.SteppedUp(t, b.Dana, b.Agency), store.PartyAgency, store.RoleAdmin)
	flow, dana, atAgency := spentFlow(t), other.Member(t, other.Dana, other.Acme), b.Member(t, nina, b.Agency)
	globex := b.Member(t, b.Dana, b.Globex).TenantID()
	for what, c := range map[string]struct {
		email string
		begin func() error
		want  error
	}{
		"a provider's proof": {b.Ravi, func() error {
			_, err := storetest.DB().SignInByIdentity(t.Context(), flow, store.Identity{
				Issuer: "https://late.test", Subject: "late-" + b.Suffix, Email: b.Ravi, EmailVerified: true}, newSession())
			return err
		}, store.ErrNotFound},
		"a place they take": {nina, func() error {
			return storetest.DB().Write(t.Context(), atAgency, func(tx *store.Tx) error { return tx.JoinClient(t.Context(), globex) })
		}, store.ErrForbidden},
	} {
		commit, done := forgetting(t, c.email), make(chan error, 1)
		go func() { done <- c.begin() }()
		commit()
		wantErr(t, what, <-done, c.want)
		if found := storetest.Traces(t, c.email); len(found) > 0 {
			t.Errorf("%s: %s is still in %v", what, c.email, found)
		}
	}
	if found := storetest.Traces(t, "late-"+b.Suffix); len(found) > 0 {
		t.Errorf("the late subject is in %v", found)
	}

	// Somebody adds them: the erasure waits, and then ends the new membership with
	// the others.
	conn := storetest.Superuser(t)
	hold, err := conn.Begin(t.Context())
	must(t, err)
	as(t, hold, dana)
	var leo uuid.UUID
	must(t, hold.QueryRow(t.Context(), `select lookup.person_for($1, $2, 'Leo')`, store.NewID(), b.Leo).Scan(&leo))
	me, done := provedPerson(t, b.Leo), make(chan error, 1)
	go func() { done <- forget(t, me) }()
	waitBehind(t, conn, nil)
	_, err = hold.Exec(t.Context(), `
insert into memberships (tenant_id, user_id, tenant_kind, party, role, name, email) values ($1, $2, 'client', 'client', 'viewer', 'Leo', $3)`,
		dana.TenantID(), leo, b.Leo)
	must(t, err)
	must(t, hold.Commit(t.Context()))
	must(t, <-done)
	if found := storetest.Traces(t, b.Leo); len(found) > 0 {
		t.Errorf("Leo's address is still in %v", found)
	}
}

// The operator erases the person with an address, on a written request, and also an
// address that was only invited. Nobody else is erased.
func TestOperatorErasesByAddress(t *testing.T) {
	t.Parallel()
	b := setupTraces(t)
	op, err := store.OpenOperator(t.Context(), storetest.Server().OwnerURL(stack.DatabaseName))
	must(t, err)
	t.Cleanup(func() { op.Close(context.WithoutCancel(t.Context())) })
	agent := storetest.Agent(t)
	for email, want := range map[string]error{
		"nobody@" + b.Suffix + ".test": store.ErrNotFound, "": store.ErrNotFound, agent: store.ErrForbidden, b.Mia: store.ErrLastOwner,
	} {
		slugs, err := op.Forget(t.Context(), email)
		wantErr(t, email, err, want)
		if email == b.Mia && !slices.Equal(slugs, []string{b.Acme}) {
			t.Errorf("Mia is the last owner of %v", slugs)
		}
	}
	if _, err := op.Forget(t.Context(), b.Ravi); err != nil {
		t.Fatal(err)
	}
	if found := storetest.Traces(t, b.Ravi); len(found) > 0 {
		t.Errorf("the address is still in %v", found)
	}
	var trail []store.Activity
	must(t, storetest.DB().Read(t.Context(), b.Member(t, b.Dana, b.Acme), store.ListActivity(store.ActivityFilter{Kind: "member"}, &trail)))
	if i := slices.IndexFunc(trail, func(e store.Activity) bool { return e.Verb == "member.forgotten" }); i < 0 || trail[i].ActorID != nil || trail[i].TargetName != "Ravi "+b.Suffix {
		t.Errorf("trail = %+v", trail)
	}
	invited := "invited@" + b.Suffix + ".test"
	_, token := invite(t, b.Member(t, b.Dana, b.Acme), client("Only invited", invited, store.RoleViewer))
	if _, err := op.Forget(t.Context(), invited); err != nil {
		t.Errorf("somebody who was invited: %v", err)
	}
	if found := storetest.Traces(t, invited); len(found) > 0 {
		t.Errorf("their address is still in %v", found)
	}
	if i, err := storetest.DB().PeekInvite(t.Context(), token); err != nil || i.EndReason != store.EndedGone {
		t.Errorf("their invitation is %+v, %v", i, err)
	}
	if _, err := op.Forget(t.Context(), strings.ToUpper(b.Leo)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an address that nobody has is somebody's: %v", err)
	}
}
