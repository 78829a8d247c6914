package store

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"portico/store/engine"
)

// SlowForTest exceeds the statement timeout of its own transaction.
func (tx *Tx) SlowForTest(ctx context.Context) error {
	if _, err := tx.exec(ctx, "timeout", `set local statement_timeout = '10ms'`, nil); err != nil {
		return err
	}
	_, err := tx.exec(ctx, "sleep", `select pg_sleep(5)`, nil)
	return err
}

// RaiseForTest has the server fail with that code.
func (tx *Tx) RaiseForTest(ctx context.Context, code string) error {
	_, err := tx.exec(ctx, "raise", `do $$ begin raise exception 'secret words' using errcode = '`+code+`'; end $$`, nil)
	return err
}

// ExplainForTest returns the plan of a read for a member, as JSON.
func (db *DB) ExplainForTest(ctx context.Context, tenant, user uuid.UUID, party Party, r Read) (plan json.RawMessage, err error) {
	s := engine.Scope{Tenant: tenant, User: user, Actor: user, Party: string(party)}
	err = db.write(ctx, s, "", "", func(tx *Tx) error {
		return tx.get(ctx, value("explain", &plan, "explain (format json) "+r.SQL, r.Args))
	})
	return plan, err
}

// CatalogRulesForTest returns the rules of the catalog check.
func CatalogRulesForTest() (rules []string) {
	for _, c := range catalogChecks() {
		rules = append(rules, c.says)
	}
	return rules
}

// EnterForTest sets a member's scope in a transaction that already has one.
func (tx *Tx) EnterForTest(ctx context.Context, me Member) error {
	return tx.engine.Enter(ctx, me.scope)
}

// BusyForTest returns how many tenants use a connection or wait for one.
func (db *DB) BusyForTest() int { return db.engine.Busy() }

// ViewAsForTest skips the rights check in Go, so that only the database decides.
func (db *DB) ViewAsForTest(ctx context.Context, me Member, subject uuid.UUID) error {
	return db.viewAs(ctx, me, subject)
}

// BackendForTest returns the process of the transaction's connection.
func (tx *Tx) BackendForTest(ctx context.Context) (pid int, err error) {
	return pid, tx.get(ctx, value("backend", &pid, `select pg_backend_pid()`, nil))
}
