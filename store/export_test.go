package store

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"portico/store/engine"
)

// SlowForTest runs into the statement timeout of its own transaction.
func (tx *Tx) SlowForTest(ctx context.Context) error {
	if _, err := tx.exec(ctx, "timeout", `set local statement_timeout = '10ms'`, nil); err != nil {
		return err
	}
	_, err := tx.exec(ctx, "sleep", `select pg_sleep(5)`, nil)
	return err
}

// ExplainForTest says how PostgreSQL would run a read for somebody of a tenant,
// as JSON.
func (db *DB) ExplainForTest(ctx context.Context, tenant, user uuid.UUID, party Party, r Read) (plan json.RawMessage, err error) {
	s := engine.Scope{Tenant: tenant, User: user, Actor: user, Party: string(party)}
	err = db.write(ctx, s, "", "", func(tx *Tx) error {
		return tx.get(ctx, value("explain", &plan, "explain (format json) "+r.SQL, r.Args))
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
func (tx *Tx) EnterForTest(ctx context.Context, me Member) error {
	return tx.engine.Enter(ctx, me.scope)
}

// BusyForTest is in how many tenants somebody uses a connection or waits for one.
func (db *DB) BusyForTest() int { return db.engine.Busy() }

// ViewAsForTest leaves it to the database who may look as whom.
func (db *DB) ViewAsForTest(ctx context.Context, me Member, subject uuid.UUID) error {
	return db.viewAs(ctx, me, subject)
}
