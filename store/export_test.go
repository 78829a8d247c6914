package store

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// SlowForTest runs into the statement timeout of its own transaction.
func (tx *Tx) SlowForTest(ctx context.Context) error {
	_, err := tx.tx.Exec(ctx, `set local statement_timeout = '10ms'; select pg_sleep(5)`)
	return err
}

// ExplainForTest says how PostgreSQL would run a read for somebody of a tenant,
// as JSON.
func (db *DB) ExplainForTest(ctx context.Context, tenant, user uuid.UUID, party Party, r Read) (plan json.RawMessage, err error) {
	s := scope{tenant: tenant, user: user, actor: user, party: party}
	err = pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
		if err := enter(ctx, tx, s); err != nil {
			return err
		}
		return tx.QueryRow(ctx, "explain (format json) "+r.sql, s.bind(r.query)).Scan(&plan)
	})
	return plan, err
}

// CatalogRulesForTest are what the catalog check says of what it finds.
func CatalogRulesForTest() (rules []string) {
	for _, c := range catalogChecks() {
		rules = append(rules, c.says)
	}
	return rules
}

// EnterForTest sets the scope of somebody in a transaction that has one already.
func (tx *Tx) EnterForTest(ctx context.Context, me Member) error { return enter(ctx, tx.tx, me.scope) }

// ImpatientForTest is db for those who wait for no turn.
func (db *DB) ImpatientForTest() *DB {
	hurried := *db
	turns := newConnLimiter(0)
	turns.perTenant, turns.maxWait = db.conns.perTenant, 0
	hurried.conns = turns
	return &hurried
}

// BusyForTest is in how many tenants somebody has a turn or waits for one.
func (db *DB) BusyForTest() int {
	db.conns.mu.Lock()
	defer db.conns.mu.Unlock()
	return len(db.conns.tenants)
}

// ViewAsForTest leaves it to the database who may look as whom.
func (db *DB) ViewAsForTest(ctx context.Context, me Member, subject uuid.UUID) error {
	return db.viewAs(ctx, me, subject)
}
