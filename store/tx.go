package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Tx is a deed under way: the change, its audit row and its jobs, together or
// not at all. It has no way to begin another and no way to change its tenant,
// but for [Tx.EnterClient].
type Tx struct {
	tx    pgx.Tx
	db    *DB
	scope scope
	role  Role
	// entered says that the deed stepped in from the client's agency.
	entered bool
	// request is the id of the request, for the audit rows.
	request string
	// session is the browser of whoever really acts, for deeds that want a fresh
	// proof; zero in jobs.
	session uuid.UUID
}

// Write runs fn in one transaction inside the tenant of me. In a support session
// in read mode the transaction is read-only and any change is [ErrForbidden].
// Nothing but the database may happen in fn: no S3, no mail, no rendering.
func (db *DB) Write(ctx context.Context, me Member, fn func(*Tx) error) error {
	return db.write(ctx, me.scope, me.Role, me.RequestID, func(tx *Tx) error {
		tx.session = me.Person.SessionID
		return fn(tx)
	})
}

func (db *DB) write(ctx context.Context, s scope, role Role, request string, fn func(*Tx) error) (err error) {
	ctx, end := db.observe(ctx, "deed", s.tenant)
	defer func() { end(err) }()
	leave, err := db.conns.acquire(ctx, s)
	if err != nil {
		return err
	}
	defer leave()
	err = pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
		if err := enter(ctx, tx, s); err != nil {
			return err
		}
		return fn(&Tx{tx: tx, db: db, scope: s, role: role, request: request})
	})
	return translate(err)
}

// enter sets the scope, or raises if the transaction already has another tenant.
func enter(ctx context.Context, tx pgx.Tx, s scope) error {
	tag, err := tx.Exec(ctx, setScope, s.args(false))
	if err != nil {
		return fmt.Errorf("set scope: %w", err)
	}
	if tag.RowsAffected() != 1 {
		return errors.New("set scope: a second tenant in one transaction")
	}
	return nil
}

// EnterClient steps from an agency into its own client, for the acts of an
// agency on its client. It is the only way a transaction changes its tenant: the
// database proves that the client is the agency's, and refuses it in support
// sessions. The caller audits in both tenants.
func (tx *Tx) EnterClient(ctx context.Context, client uuid.UUID) (*Tx, error) {
	var mine bool
	if err := tx.tx.QueryRow(ctx, `select lookup.is_my_client($1)`, client).Scan(&mine); err != nil {
		return nil, fmt.Errorf("enter client: %w", err)
	}
	if !mine {
		return nil, fmt.Errorf("enter client: %w", ErrNotFound)
	}
	if _, err := tx.tx.Exec(ctx, `select set_config('app.tenant_id', '', true)`); err != nil {
		return nil, fmt.Errorf("enter client: %w", err)
	}
	inside := *tx
	inside.scope.tenant, inside.entered = client, true
	return &inside, enter(ctx, tx.tx, inside.scope)
}

// exec runs one statement and says how many rows it changed.
func (tx *Tx) exec(ctx context.Context, name, sql string, args pgx.StrictNamedArgs) (int64, error) {
	tag, err := tx.tx.Exec(ctx, sql, tx.scope.bind(query{sql: sql, args: args}))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, translate(err))
	}
	return tag.RowsAffected(), nil
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
func (tx *Tx) get(ctx context.Context, q query) error {
	rows, err := tx.tx.Query(ctx, q.sql, tx.scope.bind(q))
	if err == nil {
		err = q.scan(rows)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", q.name, translate(err))
	}
	return nil
}

// Read runs a read inside the deed, for a decision that the deed depends on.
func (tx *Tx) Read(ctx context.Context, r Read) error { return tx.get(ctx, r.query) }

func usesTenant(sql string) bool { return strings.Contains(sql, "@tenant_id") }

// translate turns what PostgreSQL says into the few errors callers tell apart.
// Its texts stay out of the result: they can quote values.
func translate(err error) error {
	if err == nil || errors.Is(err, ErrNotFound) {
		return err
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return unavailable(err)
	}
	switch pg.Code {
	case "23505", "23P01", "40001", "40P01":
		return &ConstraintError{Kind: ErrConflict, Constraint: pg.ConstraintName, Code: pg.Code}
	case "23503":
		// A foreign key that does not hold names a row that is not there, or not ours.
		return &ConstraintError{Kind: ErrNotFound, Constraint: pg.ConstraintName, Code: pg.Code}
	case "23514", "22001", "22P02", "22021", "22P05", "23502":
		return &ConstraintError{Kind: ErrInvalid, Constraint: pg.ConstraintName, Code: pg.Code}
	case "25006", "42501":
		// Read-only transaction, or refused by grant or policy.
		return &ConstraintError{Kind: ErrForbidden, Constraint: pg.ConstraintName, Code: pg.Code}
	case "57014", "55P03", "57P01", "57P02", "57P03", "53300":
		return fmt.Errorf("%w (%s)", ErrUnavailable, pg.Code)
	}
	return fmt.Errorf("sqlstate %s in %s", pg.Code, pg.TableName)
}
