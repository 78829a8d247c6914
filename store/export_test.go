package store

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

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

// ExplainForTest returns the plan of a read for a member, as JSON. If opens, the tenant
// comes from the scope, as in [DB.Open].
func (db *DB) ExplainForTest(ctx context.Context, tenant, user uuid.UUID, party Party, r Read, opens bool) (plan json.RawMessage, err error) {
	s := engine.Scope{Tenant: tenant, User: user, Actor: user, Party: string(party)}
	if opens {
		r.SQL = engine.OfTheScope(r.SQL)
	}
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
	tx.engine.Enter(me.scope)
	return tx.get(ctx, value("nothing", new(int), `select 1`, nil))
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

// OpenForTest opens a page as [DB.Open] does, and returns all values of its reads whether
// or not the database set a scope. last is whose connections are counted.
func (db *DB) OpenForTest(ctx context.Context, c Credentials, last uuid.UUID, reads ...Read) (opened bool, values [][]any, err error) {
	v := Visitor{credentials: c}
	failed, err := db.engine.Open(ctx, last, one("who is asking", &v.row, whoIsAsking, c.args(true)), func() bool { return true }, collecting(reads, &values)...)
	return v.row.Opened, values, errors.Join(err, failed)
}

// ReadForTest returns all values of the reads.
func (db *DB) ReadForTest(ctx context.Context, me Member, reads ...Read) (values [][]any, err error) {
	return values, db.engine.Read(ctx, me.scope, collecting(reads, &values)...)
}

// collecting are the reads, whose values go to one list for each read.
func collecting(reads []Read, values *[][]any) []query {
	all := queries(reads)
	for i := range all {
		all[i].Scan = func(rows pgx.Rows) error {
			defer rows.Close()
			var of []any
			for rows.Next() {
				row, err := rows.Values()
				if err != nil {
					return err
				}
				of = append(of, row...)
			}
			*values = append(*values, of)
			return rows.Err()
		}
	}
	return all
}

// LastVisitForTest says whether reads would be sent along at the next click.
func (db *DB) LastVisitForTest(c Credentials) bool {
	db.lastVisits.mu.Lock()
	defer db.lastVisits.mu.Unlock()
	_, known := db.lastVisits.visits[keyOf(c)]
	return known
}

// LaterForTest runs a statement later, and then fails the deed if fails is not nil.
func (tx *Tx) LaterForTest(name, sql string, fails error) {
	tx.engine.Later(name, sql, nil, func(int64) error { return fails })
}

// OpenedForTest runs a statement as the owner while a table is opened for adopted tenants.
func (o *Operator) OpenedForTest(ctx context.Context, table string, tenants []uuid.UUID, sql string) (n int64, err error) {
	err = o.opened(ctx, table, "tenant_id", tenants, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sql)
		n = tag.RowsAffected()
		return err
	})
	return n, err
}
