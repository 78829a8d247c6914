package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
	"portico/store/queue"
)

// Tx is a running deed: the change, its audit row and its jobs, together or not at
// all. It can't begin another transaction, and can change its tenant only by
// [Tx.EnterClient].
type Tx struct {
	engine *engine.Tx
	signer queue.Signer
	plans  Plans
	// billing is nil with BILLING=off.
	billing *Billing
	// scope names the tenant and the people of its audit rows and jobs. The policies were
	// told the same. Only after [Tx.asSupport] the jobs name another tenant and person.
	scope engine.Scope
	role  Role
	// entered says that the deed entered the client from its agency.
	entered bool
	// request is the id of the request, for the audit rows.
	request string
	// session is the actor's browser session, for deeds that need a step-up; zero in
	// jobs.
	session uuid.UUID
	// expected is what the actor read, if anything; see [Tx.Expect].
	expected *expectation
}

// Write runs fn in one transaction inside the tenant of me. In a support session
// in read mode the transaction is read-only and any change is [ErrForbidden].
// fn may use the database only: no S3, no mail, no rendering.
func (db *DB) Write(ctx context.Context, me Member, fn func(*Tx) error) error {
	return db.write(ctx, me.scope, me.Role, me.RequestID, func(tx *Tx) error {
		tx.session = me.Person.SessionID
		if err := tx.mayStillAct(ctx, me.despiteUnpaid); err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}
		return tx.expectationsMet()
	})
}

// mayStillAct returns [ErrForbidden] unless the actor's session or key, membership and
// support session are still as they were when the request began: a request can last
// longer than a right. Where the agency didn't pay it returns [ErrUnpaid], unless the deed
// may happen despite that.
func (tx *Tx) mayStillAct(ctx context.Context, despiteUnpaid bool) error {
	var may bool
	ask := value("may still act", &may, `select lookup.may_still_act(@session, @role, @writes)`,
		pgx.StrictNamedArgs{"session": tx.session, "role": tx.role, "writes": !tx.scope.ReadOnly})
	if tx.scope.Key != uuid.Nil {
		ask = value("key may still act", &may, `select lookup.key_may_still_act(@role)`, pgx.StrictNamedArgs{"role": tx.role})
	}
	if !despiteUnpaid {
		tx.refuseUnpaid()
	}
	err := tx.get(ctx, ask)
	if err == nil && !may {
		err = fmt.Errorf("may still act: %w", ErrForbidden)
	}
	return err
}

// refuseUnpaid lets the deed fail with [ErrUnpaid] where the agency didn't pay in time. A
// deed that can give access or take it away asks when it gives: to take it away always works.
func (tx *Tx) refuseUnpaid() {
	if tx.billing == nil {
		return
	}
	var unpaid bool
	tx.engine.LaterGet(value("unpaid", &unpaid, `select lookup.read_only()`, nil), func() error {
		if unpaid {
			return ErrUnpaid
		}
		return nil
	})
}

func (db *DB) write(ctx context.Context, s engine.Scope, role Role, request string, fn func(*Tx) error) error {
	return db.engine.Write(ctx, s, func(tx *engine.Tx) error {
		return fn(&Tx{engine: tx, signer: db.signer, plans: db.plans, billing: db.billing, scope: s, role: role, request: request})
	})
}

// EnterClient enters one of the agency's own clients, for deeds of an agency on its
// client. It is the only way in which a transaction changes its tenant: the database
// proves that the client is the agency's, and refuses it in support sessions. The
// caller audits in both tenants.
func (tx *Tx) EnterClient(ctx context.Context, client uuid.UUID) (*Tx, error) {
	entered, err := tx.engine.EnterClient(ctx, client)
	if err != nil {
		return nil, err
	}
	inside := *tx
	inside.engine, inside.scope.Tenant, inside.entered = entered, client, true
	return &inside, nil
}

// asSystem runs do as the server itself: what follows from a client's decision, the
// client's people may not write. do may change only that. Its jobs and audit rows still
// name the person.
func (tx *Tx) asSystem(do func() error) error {
	system := tx.scope
	system.Party = string(PartySystem)
	tx.engine.Enter(system)
	err := do()
	tx.engine.Enter(tx.scope)
	return err
}

// inPerson says that a person acts themselves: not support, not staff who view as a
// client, not a program, not a job.
func (tx *Tx) inPerson() bool {
	return tx.scope.Support == uuid.Nil && tx.scope.Key == uuid.Nil && tx.scope.User != uuid.Nil && tx.scope.User == tx.scope.Actor
}

// withDrafts runs count as if the agency's drafts were open to the actor: what a deed
// counts is the tenant's, whoever acts. Nothing of it may be shown.
func (tx *Tx) withDrafts(count func() error) (err error) {
	tx.seeingDrafts(func() { err = count() })
	return err
}

// seeingDrafts is withDrafts for statements that run later.
func (tx *Tx) seeingDrafts(count func()) {
	if !tx.scope.HideDrafts {
		count()
		return
	}
	open := tx.scope
	open.HideDrafts = false
	tx.engine.Enter(open)
	count()
	tx.engine.Enter(tx.scope)
}

// exec runs one statement and returns how many rows it changed.
func (tx *Tx) exec(ctx context.Context, name, sql string, args pgx.StrictNamedArgs) (int64, error) {
	return tx.engine.Exec(ctx, name, sql, args)
}

// later runs one statement whose result the deed doesn't need before it goes on. It goes
// to the database with the next statement whose result is needed, or before the commit.
func (tx *Tx) later(name, sql string, args pgx.StrictNamedArgs) {
	tx.engine.Later(name, sql, args, func(int64) error { return nil })
}

// changeLater is later for a statement that must change exactly one row. Otherwise the deed
// fails with otherwise.
func (tx *Tx) changeLater(name, sql string, args pgx.StrictNamedArgs, otherwise error) {
	tx.engine.Later(name, sql, args, func(rows int64) error {
		if rows != 1 {
			return otherwise
		}
		return nil
	})
}

// change runs one statement that must change exactly one row; none is [ErrNotFound].
func (tx *Tx) change(ctx context.Context, name, sql string, args pgx.StrictNamedArgs) error {
	n, err := tx.exec(ctx, name, sql, args)
	if err != nil {
		return err
	}
	if n != 1 {
		return fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	return nil
}

// get runs one read inside the deed.
func (tx *Tx) get(ctx context.Context, q query) error { return tx.engine.Get(ctx, q) }

// Read runs a read inside the deed, for a decision that the deed depends on.
func (tx *Tx) Read(ctx context.Context, r Read) error { return tx.get(ctx, r.query) }
