package storetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
	"portico/store"
)

// Visit does the first round trip of a request: it identifies the session's person in
// the tenant with that slug; "" is no tenant.
func Visit(t testing.TB, token store.Token, slug string) store.Visitor {
	t.Helper()
	v, err := DB().Identify(t.Context(), store.Credentials{Token: &token, Slug: slug, RequestID: "visit"})
	check(t, err)
	return v
}

// Person returns who is signed in with that session. The test fails if nobody is.
func Person(t testing.TB, token store.Token) store.Person {
	t.Helper()
	p, ok := Visit(t, token, "").Person()
	if !ok {
		t.Fatal("nobody is signed in with that session")
	}
	return p
}

// StepUp confirms the identity of the session's person with a mailed code and returns
// the session's new token.
func StepUp(t testing.TB, token store.Token) store.Token {
	t.Helper()
	me := Person(t, token)
	cookie, link, code := secret(), secret(), secret()
	// DB.BeginStepUp would queue a job that replaces this code, as in [SignIn].
	flow, hash := store.NewID(), sha256.Sum256(cookie)
	begin, err := DB().JobPool().Begin(t.Context())
	check(t, err)
	_, err = begin.Exec(t.Context(), `select set_config('app.user_id', $1, true)`, me.ID().String())
	check(t, err)
	_, err = begin.Exec(t.Context(), `select lookup.flow_begin($1, 'step_up', $2, null, $3, '/', '', null, '', '')`, flow, hash[:], me.SessionID)
	check(t, err)
	check(t, begin.Commit(t.Context()))
	_, err = DB().MintFlow(t.Context(), flow, link, code)
	check(t, err)
	var renewed store.Token
	_, _ = rand.Read(renewed[:])
	_, err = DB().StepUpByCode(t.Context(), me, store.MailedCode{Flow: flow, Cookie: cookie, Codes: []store.Secret{code}}, renewed)
	check(t, err)
	return renewed
}

// SteppedUp is [Tenants.Member] with a fresh step-up.
func (a *Tenants) SteppedUp(t testing.TB, email, slug string) store.Member {
	t.Helper()
	m, ok := Visit(t, StepUp(t, SignIn(t, email)), slug).Member()
	if !ok {
		t.Fatalf("%s is no member of %s", email, slug)
	}
	return m
}

// DisableAgent does what `portico support disable` does.
func DisableAgent(t testing.TB, email string) {
	t.Helper()
	check(t, Operate(t, func(ctx context.Context, op *store.Operator) error { return op.DisableAgent(ctx, email) }))
}

// GrantSupport grants support access for an hour in the member's tenant.
func GrantSupport(t testing.TB, me store.Member) {
	t.Helper()
	check(t, DB().Write(t.Context(), me, func(tx *store.Tx) error {
		return tx.GrantSupport(t.Context(), time.Hour)
	}))
}

// SupportAs signs an agent in, steps them up and starts a session of 30 minutes as
// subject. The tenant must have granted support access.
func SupportAs(t testing.TB, agent, slug string, subject uuid.UUID) (store.Token, uuid.UUID) {
	t.Helper()
	token := StepUp(t, SignIn(t, agent))
	id, err := DB().StartSupport(t.Context(), Person(t, token), store.SupportStart{
		Slug: slug, Subject: subject, Reason: "A file does not open", Ticket: "T-1", Minutes: 30})
	check(t, err)
	return token, id
}

// Superuser returns a connection that no policy restricts, to check rows behind the
// app and to move times back. Use it for setup and checks only.
func Superuser(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server.AdminURL(stack.DatabaseName))
	check(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// SupportCode makes the code with which an agent requests access to a tenant, as its owner
// would read it out.
func SupportCode(t testing.TB, slug string) (code string) {
	t.Helper()
	code = strconv.Itoa(10_000_000 + int(time.Now().UnixNano()%90_000_000))
	_, err := pool.Exec(t.Context(), `
insert into support_codes (tenant_id, id, code, created_by)
select t.id, gen_random_uuid(), $2, (select user_id from memberships m where m.tenant_id = t.id and m.ended_at is null limit 1)
from tenants t where t.slug = $1`, slug, code)
	check(t, err)
	return code
}
