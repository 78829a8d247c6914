package store_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// newcomer is somebody whose only trace here is that they proved their address.
func newcomer(t *testing.T) store.Person {
	t.Helper()
	return storetest.Person(t, storetest.SignUp(t, newAddress(), store.SignUpOpen))
}

// newAddress is an address that nobody here has.
func newAddress() string { return "nora@" + strings.ToLower(rand.Text())[:12] + ".test" }

// newSlug is a slug that no tenant has.
func newSlug() string { return "studio-" + strings.ToLower(rand.Text())[:12] }

// signUp creates an agency with the slug, named after it.
func signUp(t *testing.T, me store.Person, rule store.SignUpRule, slug string) (bool, error) {
	t.Helper()
	return storetest.DB().SignUp(t.Context(), me, rule, store.NewAgency{Slug: slug, Name: "Studio " + slug, Owner: "Nora"})
}

// count returns what a query counts, as a superuser.
func count(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	must(t, storetest.Superuser(t).QueryRow(t.Context(), sql, args...).Scan(&n))
	return n
}

func tenantsWith(t *testing.T, slug string) int {
	t.Helper()
	return count(t, `select count(*) from tenants where slug = $1`, slug)
}

func usersWith(t *testing.T, email string) int {
	t.Helper()
	return count(t, `select count(*) from users where email = $1`, email)
}

// byOperator runs a command of the operator.
func byOperator(t *testing.T, act func(*store.Operator) error) error {
	t.Helper()
	return storetest.Operate(t, func(_ context.Context, op *store.Operator) error { return act(op) })
}

func inviteSignUp(t *testing.T, email string) {
	t.Helper()
	must(t, byOperator(t, func(op *store.Operator) error { return op.InviteSignUp(t.Context(), email) }))
}

func notAvailable(err error) bool {
	wrong, ok := errors.AsType[store.InvalidError](err)
	return ok && len(wrong) == 1 && wrong["slug"] == "That address is not available."
}

// Somebody who proved an address creates an agency: they own it under their name, on the
// first plan, the trail names them, and they see no other tenant.
func TestSignUpCreatesAnAgency(t *testing.T) {
	t.Parallel()
	a, slug, email := storetest.Agency(t), newSlug(), newAddress()
	me := storetest.Person(t, storetest.SignUp(t, email, store.SignUpOpen))
	if made, err := signUp(t, me, store.SignUpOpen, slug); err != nil || !made {
		t.Fatalf("made %v, %v", made, err)
	}
	m := a.Member(t, email, slug)
	if m.Party != store.PartyAgency || m.Role != store.RoleOwner || m.Name != "Nora" || m.Email != email || m.Person.Name != "Nora" || m.Tenant.Kind != store.TenantAgency {
		t.Errorf("she is %+v", m)
	}
	var plan store.TenantPlan
	must(t, storetest.DB().Read(t.Context(), m, store.GetPlan(&plan)))
	if plan.Plan != store.DefaultPlans().First() {
		t.Errorf("on the plan %v", plan)
	}
	if n := count(t, `
select count(*) from audit_events
where tenant_id = $1 and verb = 'tenant.created' and actor_id = $2 and subject_id = $2 and party = 'agency' and target_id = $1 and detail ->> 'plan' = $3`,
		m.TenantID(), m.ID(), store.DefaultPlans().First()); n != 1 {
		t.Errorf("%d rows in the trail", n)
	}
	var mine []store.Workspace
	must(t, storetest.DB().ReadOwn(t.Context(), me, store.MyWorkspaces(store.WorkspaceFilter{Page: store.Page{Limit: 100}}, &mine)))
	if len(mine) != 1 || mine[0].Slug != slug {
		t.Errorf("her workspaces: %+v", mine)
	}
	if _, ok := storetest.Visit(t, storetest.SignIn(t, email), a.Agency).Member(); ok {
		t.Error("she is a member of another agency")
	}
	if _, _, err := createClient(t, m); err != nil {
		t.Errorf("she can't create a client: %v", err)
	}
}

func createClient(t *testing.T, me store.Member) (id uuid.UUID, inside *store.Tx, err error) {
	t.Helper()
	err = onClients(t, me, func(tx *store.Tx) (err error) {
		id, inside, err = tx.CreateClient(t.Context(), store.NewClient{Slug: newSlug(), Name: "First"})
		return err
	})
	return id, inside, err
}

// Whoever has a name keeps it, and becomes no member of anything else.
func TestSignUpKeepsAName(t *testing.T) {
	t.Parallel()
	a, slug := storetest.Agency(t), newSlug()
	mia := storetest.Person(t, storetest.SignIn(t, a.Mia))
	other := newcomer(t)
	if _, err := signUp(t, mia, store.SignUpOpen, slug); err != nil {
		t.Fatal(err)
	}
	if m := a.Member(t, a.Mia, slug); m.Name != "Nora" || m.Person.Name != mia.Name || m.Role != store.RoleOwner {
		t.Errorf("she is %q, and %q in her agency", m.Person.Name, m.Name)
	}
	if m := a.Member(t, a.Mia, a.Acme); m.Name != mia.Name || m.Party != store.PartyClient {
		t.Errorf("in Acme she is %q of %s", m.Name, m.Party)
	}
	if name := storetest.Person(t, storetest.SignIn(t, other.Email)).Name; name != "nora" {
		t.Errorf("somebody else is now %q", name)
	}
}

// An unknown address becomes an account only when it is proved, and only if the proof began
// under a rule that lets it sign up.
func TestSignUpNeedsAProof(t *testing.T) {
	t.Parallel()
	db := storetest.DB()
	for _, rule := range []store.SignUpRule{store.SignUpOff, store.SignUpByInvite} {
		email := newAddress()
		id, err := db.BeginSignUpFlow(t.Context(), secretText(), email, "/", rule)
		must(t, err)
		if _, err := db.MintFlow(t.Context(), id, secretText(), secretText()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a mail under the rule %q: %v", rule, err)
		}
		if usersWith(t, email) != 0 {
			t.Errorf("an account under the rule %q", rule)
		}
	}
	email, cookie, link, code := newAddress(), secretText(), secretText(), secretText()
	id, err := db.BeginSignUpFlow(t.Context(), cookie, email, "/", store.SignUpOpen)
	must(t, err)
	m, err := db.MintFlow(t.Context(), id, link, code)
	if err != nil || m.Email != email || !m.SignsUp || m.Name != "" {
		t.Fatalf("the mail: %+v, %v", m, err)
	}
	try := func(cookie, code store.Secret) error {
		_, err := db.SignInByCode(t.Context(), store.MailedCode{Flow: id, Cookie: cookie, Codes: []store.Secret{code}}, signsUpNow(store.SignUpOpen))
		return err
	}
	for name, refused := range map[string]func() error{
		"a wrong code":         func() error { return try(cookie, secretText()) },
		"in another browser":   func() error { return try(secretText(), code) },
		"a link of another":    func() error { _, err := db.SignInByLink(t.Context(), secretText(), newSession()); return err },
		"a look at the link":   func() error { _, err := db.PeekFlow(t.Context(), link); return errors.Join(err, store.ErrNotFound) },
		"an unproved identity": func() error { return byIdentity(t, email, store.SignUpOpen, false) },
		"at a provider, off":   func() error { return byIdentity(t, email, store.SignUpOff, true) },
	} {
		if err := refused(); err == nil || usersWith(t, email) != 0 {
			t.Errorf("%s: %v, %d accounts", name, err, usersWith(t, email))
		}
	}
	must(t, try(cookie, code))
	if usersWith(t, email) != 1 {
		t.Error("the right code made no account")
	}
	if another := newAddress(); byIdentity(t, another, store.SignUpOpen, true) != nil || usersWith(t, another) != 1 {
		t.Error("a proved identity made no account")
	}
}

// signsUpNow is a new session under the rule of now.
func signsUpNow(rule store.SignUpRule) store.NewSession {
	s := newSession()
	s.SignUp = rule
	return s
}

func secretText() store.Secret { return store.Secret(rand.Text()) }

// byIdentity signs in at a provider, in a flow under the rule.
func byIdentity(t *testing.T, email string, rule store.SignUpRule, verified bool) error {
	t.Helper()
	cookie, state := secretText(), secretText()
	must(t, storetest.DB().BeginOIDCFlow(t.Context(), cookie, store.OIDCFlow{Provider: "idp", State: state, ReturnTo: "/", SignUp: rule}))
	f, err := storetest.DB().SpendState(t.Context(), nil, cookie, state, "idp")
	must(t, err)
	_, err = storetest.DB().SignInByIdentity(t.Context(), f.ID,
		store.Identity{Issuer: "https://idp.test/", Subject: rand.Text(), Email: email, EmailVerified: verified}, signsUpNow(rule))
	return err
}

// A proof that began while sign-up was open makes no account when it is off, or by
// invitation, by the time it is used.
func TestSignUpObeysTheRuleOfNow(t *testing.T) {
	t.Parallel()
	db := storetest.DB()
	for _, now := range []store.SignUpRule{store.SignUpOff, store.SignUpByInvite, store.SignUpOpen} {
		for way, proves := range map[string]func(id uuid.UUID, cookie, link, code store.Secret, email string) error{
			"code": func(id uuid.UUID, cookie, _, code store.Secret, _ string) error {
				_, err := db.SignInByCode(t.Context(), store.MailedCode{Flow: id, Cookie: cookie, Codes: []store.Secret{code}}, signsUpNow(now))
				return err
			},
			"link": func(_ uuid.UUID, _, link, _ store.Secret, _ string) error {
				_, err := db.SignInByLink(t.Context(), link, signsUpNow(now))
				return err
			},
			"provider": func(_ uuid.UUID, _, _, _ store.Secret, email string) error {
				cookie, state := secretText(), secretText()
				must(t, db.BeginOIDCFlow(t.Context(), cookie, store.OIDCFlow{Provider: "idp", State: state, ReturnTo: "/", SignUp: store.SignUpOpen}))
				f, err := db.SpendState(t.Context(), nil, cookie, state, "idp")
				must(t, err)
				_, err = db.SignInByIdentity(t.Context(), f.ID, store.Identity{Issuer: "https://idp.test/", Subject: rand.Text(), Email: email, EmailVerified: true}, signsUpNow(now))
				return err
			},
		} {
			email, cookie, link, code := newAddress(), secretText(), secretText(), secretText()
			id, err := db.BeginSignUpFlow(t.Context(), cookie, email, "/", store.SignUpOpen)
			must(t, err)
			if _, err := db.MintFlow(t.Context(), id, link, code); err != nil {
				t.Fatal(err)
			}
			err = proves(id, cookie, link, code, email)
			if made := usersWith(t, email) == 1; made != (now == store.SignUpOpen) || made != (err == nil) {
				t.Errorf("by %s, rule %q: made %v, %v", way, now, made, err)
			}
		}
	}
}

// By invitation only invited addresses sign up, each for one agency. A withdrawn
// invitation counts no more, not even for a mail that was sent before.
func TestSignUpByInvitation(t *testing.T) {
	t.Parallel()
	db := storetest.DB()
	may := func(me store.Person, rule store.SignUpRule) (may bool) {
		t.Helper()
		must(t, db.ReadOwn(t.Context(), me, store.MaySignUp(rule, &may)))
		return may
	}
	stranger, invited := newcomer(t), newAddress()
	inviteSignUp(t, invited)
	inviteSignUp(t, invited)
	if may(stranger, store.SignUpByInvite) || may(stranger, store.SignUpOff) || !may(stranger, store.SignUpOpen) {
		t.Error("somebody who is not invited may sign up by invitation, or not where it is open")
	}
	for _, rule := range []store.SignUpRule{store.SignUpByInvite, store.SignUpOff, "other"} {
		_, err := signUp(t, stranger, rule, newSlug())
		wantErr(t, "not invited, rule "+string(rule), err, store.ErrForbidden)
	}
	me, slug := storetest.Person(t, storetest.SignUp(t, invited, store.SignUpByInvite)), newSlug()
	if !may(me, store.SignUpByInvite) || may(me, store.SignUpOff) {
		t.Error("an invited person may not sign up, or may where it is off")
	}
	if made, err := signUp(t, me, store.SignUpByInvite, slug); err != nil || !made {
		t.Fatalf("invited: made %v, %v", made, err)
	}
	if made, err := signUp(t, me, store.SignUpByInvite, slug); err != nil || made {
		t.Errorf("the same form again: made %v, %v", made, err)
	}
	_, err := signUp(t, me, store.SignUpByInvite, newSlug())
	wantErr(t, "a second agency", err, store.ErrForbidden)

	late, cookie, code := newAddress(), secretText(), secretText()
	inviteSignUp(t, late)
	id, err := db.BeginSignUpFlow(t.Context(), cookie, late, "/", store.SignUpByInvite)
	must(t, err)
	if _, err := db.MintFlow(t.Context(), id, secretText(), code); err != nil {
		t.Fatal(err)
	}
	kept := newAddress()
	inviteSignUp(t, kept)
	must(t, byOperator(t, func(op *store.Operator) error { return op.WithdrawSignUp(t.Context(), late) }))
	if !may(storetest.Person(t, storetest.SignUp(t, kept, store.SignUpByInvite)), store.SignUpByInvite) {
		t.Error("another invitation is withdrawn, too")
	}
	wantErr(t, "withdrawn twice", byOperator(t, func(op *store.Operator) error { return op.WithdrawSignUp(t.Context(), late) }), store.ErrNotFound)
	if _, err := db.SignInByCode(t.Context(), store.MailedCode{Flow: id, Cookie: cookie, Codes: []store.Secret{code}}, signsUpNow(store.SignUpByInvite)); err == nil || usersWith(t, late) != 0 {
		t.Errorf("withdrawn: %v", err)
	}
}

// A slug that is taken, reserved or released is not available, and nothing says which. What
// looks like a slug and is none is refused by the database too.
func TestSignUpSlugs(t *testing.T) {
	t.Parallel()
	a, me, released := storetest.Agency(t), newcomer(t), newSlug()
	if _, err := storetest.Admin(t).Exec(t.Context(), `insert into kept_slugs (slug, why) values ($1, 'released')`, released); err != nil {
		t.Fatal(err)
	}
	for what, slug := range map[string]string{"an agency's": a.Agency, "a client's": a.Acme, "reserved": "admin", "released": released} {
		if made, err := signUp(t, me, store.SignUpOpen, slug); made || !notAvailable(err) {
			t.Errorf("%s: made %v, %v", what, made, err)
		}
	}
	for what, slug := range map[string]string{
		"in capitals": strings.ToUpper(newSlug()), "with a Cyrillic o": "n\u043erthwind", "full width": "\uff41cme", "empty": "",
		"with a dot": "acme.studio", "with a slash": "acme/studio", "ending in -": "acme-", "too long": strings.Repeat("a", 41),
	} {
		if made, err := signUp(t, me, store.SignUpOpen, slug); made || !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: made %v, %v", what, made, err)
		}
	}
	if n := count(t, `select count(*) from memberships where user_id = $1`, me.ID()); n != 0 {
		t.Errorf("%d memberships", n)
	}
	// Her own agency's slug under another name is taken, too, and so is one that she left.
	slug := newSlug()
	if made, err := signUp(t, me, store.SignUpOpen, slug); err != nil || !made {
		t.Fatalf("a free one: made %v, %v", made, err)
	}
	if _, err := storetest.DB().SignUp(t.Context(), me, store.SignUpOpen, store.NewAgency{Slug: slug, Name: "Other", Owner: "Nora"}); !notAvailable(err) {
		t.Errorf("under another name: %v", err)
	}
	if made, err := signUp(t, newcomer(t), store.SignUpOpen, slug); made || !notAvailable(err) {
		t.Errorf("somebody else, by the same name: made %v, %v", made, err)
	}
	owner := newcomer(t)
	name := func(slug, name string) (bool, error) {
		return storetest.DB().SignUp(t.Context(), owner, store.SignUpOpen, store.NewAgency{Slug: slug, Name: name, Owner: "Nora"})
	}
	if made, err := name(newSlug(), "Studio "+slug); err != nil || !made {
		t.Fatalf("another slug for the same name: made %v, %v", made, err)
	}
	if made, err := name(slug, "Studio "+slug); made || !notAvailable(err) {
		t.Errorf("the slug of a namesake: made %v, %v", made, err)
	}
	mia := storetest.Person(t, storetest.SignIn(t, a.Mia))
	if _, err := storetest.DB().SignUp(t.Context(), mia, store.SignUpOpen, store.NewAgency{Slug: a.Acme, Name: "Acme " + a.Suffix, Owner: "Mia"}); !notAvailable(err) {
		t.Errorf("a client that she owns: %v", err)
	}
	change := func(set string) {
		t.Helper()
		if _, err := storetest.Admin(t).Exec(t.Context(), `update memberships set `+set+` where user_id = $1`, me.ID()); err != nil {
			t.Fatal(err)
		}
	}
	change("role = 'admin'")
	if made, err := signUp(t, me, store.SignUpOpen, slug); made || !notAvailable(err) {
		t.Errorf("one that she doesn't own any more: made %v, %v", made, err)
	}
	change("role = 'owner', ended_at = now()")
	if made, err := signUp(t, me, store.SignUpOpen, slug); made || !notAvailable(err) {
		t.Errorf("one that she left: made %v, %v", made, err)
	}
}

// Two people want the same slug at once: one gets it. A person who sends the form eight
// times at once gets one agency.
func TestSignUpAtOnce(t *testing.T) {
	t.Parallel()
	for what, people := range map[string][]store.Person{
		"eight people":        {newcomer(t), newcomer(t), newcomer(t), newcomer(t), newcomer(t), newcomer(t), newcomer(t), newcomer(t)},
		"one person, 8 times": repeat(newcomer(t), 8),
		"two people, 4 times": append(repeat(newcomer(t), 4), repeat(newcomer(t), 4)...),
	} {
		slug := newSlug()
		var wg sync.WaitGroup
		made, again, refused := make(chan uuid.UUID, 8), make(chan uuid.UUID, 8), make(chan error, 8)
		for _, me := range people {
			wg.Go(func() {
				ok, err := storetest.DB().SignUp(t.Context(), me, store.SignUpOpen, store.NewAgency{Slug: slug, Name: "Studio", Owner: "Nora"})
				switch {
				case err != nil:
					refused <- err
				case ok:
					made <- me.ID()
				default:
					again <- me.ID()
				}
			})
		}
		wg.Wait()
		close(again)
		close(refused)
		if len(made) != 1 || tenantsWith(t, slug) != 1 {
			t.Fatalf("%s: %d made, %d there", what, len(made), tenantsWith(t, slug))
		}
		owner := <-made
		for id := range again {
			if id != owner {
				t.Errorf("%s: somebody else is told that it is theirs", what)
			}
		}
		for err := range refused {
			if !notAvailable(err) || what == "one person, 8 times" {
				t.Errorf("%s: %v", what, err)
			}
		}
		if n := count(t, `select count(*) from memberships m join tenants t on t.id = m.tenant_id where t.slug = $1`, slug); n != 1 {
			t.Errorf("%s: %d members", what, n)
		}
	}
}

func repeat(me store.Person, n int) (all []store.Person) {
	for range n {
		all = append(all, me)
	}
	return all
}

// Agents, disabled people and whoever views as somebody else create no agency, and neither
// does a support session or an API key. Once the session is over, its actor may.
func TestSignUpRefused(t *testing.T) {
	t.Parallel()
	b := setupSupport(t)
	agent := storetest.Person(t, storetest.SignIn(t, storetest.Agent(t)))
	gone := newcomer(t)
	b.exec(t, `update users set disabled_at = now() where id = $1`, gone.ID())
	for what, me := range map[string]store.Person{"an agent": agent, "a disabled person": gone, "nobody": {}} {
		_, err := signUp(t, me, store.SignUpOpen, newSlug())
		wantErr(t, what, err, store.ErrForbidden)
		var may bool
		if err := storetest.DB().ReadOwn(t.Context(), me, store.MaySignUp(store.SignUpOpen, &may)); err != nil || may {
			t.Errorf("%s may sign up: %v, %v", what, may, err)
		}
	}
	must(t, b.viewAs(t, b.mia.ID()))
	viewing := b.inside(t).Person
	_, err := signUp(t, viewing, store.SignUpOpen, newSlug())
	wantErr(t, "who views as a client", err, store.ErrInSupportSession)
	_, err = signUp(t, storetest.Person(t, storetest.SignIn(t, b.Dana)), store.SignUpOpen, newSlug())
	wantErr(t, "in another browser", err, store.ErrInSupportSession)
	if made, err := signUp(t, newcomer(t), store.SignUpOpen, newSlug()); err != nil || !made {
		t.Errorf("somebody else meanwhile: made %v, %v", made, err)
	}
	b.exec(t, `update support_sessions set started_at = started_at - interval '2 hours', ends_at = ends_at - interval '2 hours' where actor_id = $1 and ended_at is null`, viewing.ID())
	if made, err := signUp(t, viewing, store.SignUpOpen, newSlug()); err != nil || !made {
		t.Errorf("once the session has expired: made %v, %v", made, err)
	}

	app, me := storetest.App(t), newcomer(t)
	var refused string
	tx, err := app.Begin(t.Context())
	must(t, err)
	_, err = tx.Exec(t.Context(), `select set_config('app.user_id', $1, true)`, me.ID().String())
	must(t, err)
	must(t, tx.QueryRow(t.Context(), `select lookup.sign_up($1, $2, 'Studio', 'Nora', 'starter', null, $3, '')`,
		store.NewID(), newSlug(), store.NewID()).Scan(&refused))
	must(t, tx.Rollback(t.Context()))
	if refused != "refused" {
		t.Errorf("without a rule: %s", refused)
	}
	for _, context := range []string{"app.support_session_id", "app.api_key_id", ""} {
		tx, err := app.Begin(t.Context())
		must(t, err)
		_, err = tx.Exec(t.Context(), `select set_config('app.user_id', $1, true), set_config(coalesce(nullif($2, ''), 'app.none'), $3, true)`,
			me.ID().String(), context, store.NewID().String())
		must(t, err)
		var verdict string
		must(t, tx.QueryRow(t.Context(), `select lookup.sign_up($1, $2, 'Studio', 'Nora', 'starter', 'open', $3, '')`,
			store.NewID(), newSlug(), store.NewID()).Scan(&verdict))
		must(t, tx.Rollback(t.Context()))
		if (verdict == "made") != (context == "") {
			t.Errorf("with %q: %s", context, verdict)
		}
	}
}

// Erasing an address erases its invitation to sign up.
func TestForgetErasesSignUpInvitation(t *testing.T) {
	t.Parallel()
	email, kept := newAddress(), newAddress()
	inviteSignUp(t, email)
	inviteSignUp(t, kept)
	forget := func() error {
		return byOperator(t, func(op *store.Operator) error { _, err := op.Forget(t.Context(), email); return err })
	}
	must(t, forget())
	if found := storetest.Traces(t, email); len(found) > 0 {
		t.Errorf("the address is still in %v", found)
	}
	wantErr(t, "again", forget(), store.ErrNotFound)
	if len(storetest.Traces(t, kept)) == 0 {
		t.Error("another address is gone")
	}
}
