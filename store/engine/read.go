package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Query is one statement and the function that scans its rows.
type Query struct {
	Name string // errors begin with it
	SQL  string
	// Args are the named arguments, except tenant_id: a read takes it from app.tenant_id, a
	// deed from the scope.
	Args pgx.StrictNamedArgs
	Scan Scan
}

// Read runs the queries in one round trip and one read-only transaction, under the
// scope. It stops at the first query that fails and returns its error.
func (db *DB) Read(ctx context.Context, s Scope, queries ...Query) (err error) {
	ctx, end := db.observe(ctx, "read", s.Tenant)
	defer func() { end(err) }()
	leave, err := db.conns.acquire(ctx, s)
	if err != nil {
		return err
	}
	defer leave()
	batch := &pgx.Batch{}
	batch.Queue(setScope, s.args(true))
	queue(batch, queries)
	results := db.pool.SendBatch(ctx, batch)
	defer func() { err = errors.Join(err, Translate(results.Close())) }()
	if _, err := results.Exec(); err != nil {
		return fmt.Errorf("set scope: %w", Translate(err))
	}
	return scanAll(results, queries)
}

// Open runs who and then the queries, in one round trip and one transaction. who belongs
// to no tenant: it calls a function of schema lookup that finds the visitor and sets their
// scope, read-only, or sets none. Without a scope the policies show the queries nothing.
//
// opened reports, after who was scanned, whether there is a scope. If not, the queries are
// not scanned, and failed means nothing. failed is the error of the first query that fails,
// which also rolls back what who wrote. err is that of who, or of waiting for a connection.
// expected is the tenant of the last visit, or a stand-in. It says whose connections to
// count, and names the trace.
func (db *DB) Open(ctx context.Context, expected uuid.UUID, who Query, opened func() bool, queries ...Query) (failed, err error) {
	ctx, end := db.observe(ctx, "page", expected)
	defer func() { end(errors.Join(err, failed)) }()
	leave, err := db.conns.acquire(ctx, Scope{Tenant: expected})
	if err != nil {
		return nil, err
	}
	defer leave()
	batch := &pgx.Batch{}
	batch.Queue(who.SQL, named(who.Args))
	queue(batch, queries)
	results := db.pool.SendBatch(ctx, batch)
	rows, err := results.Query()
	if err == nil {
		err = who.Scan(rows)
	}
	if err != nil {
		_ = results.Close() // it fails with the same error, or with none
		return nil, fmt.Errorf("%s: %w", who.Name, translateWrite(err))
	}
	if opened() {
		failed = scanAll(results, queries)
	}
	if err := results.Close(); err != nil && failed == nil {
		failed = Translate(err)
	}
	return failed, nil
}

func queue(batch *pgx.Batch, queries []Query) {
	for _, q := range queries {
		batch.Queue(OfTheScope(q.SQL), named(q.Args))
	}
}

func scanAll(results pgx.BatchResults, queries []Query) error {
	for _, q := range queries {
		rows, err := results.Query()
		if err == nil {
			err = q.Scan(rows)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", q.Name, Translate(err))
		}
	}
	return nil
}

var scoped sync.Map // statement to the statement that takes the tenant from the scope

// OfTheScope replaces @tenant_id by the setting that the policies compare with. When the
// reads of a page are sent, nobody knows the tenant yet. And a filter that is the same as the
// policy's makes a plan that PostgreSQL keeps: a list takes half the time.
func OfTheScope(sql string) string {
	if known, ok := scoped.Load(sql); ok {
		return known.(string)
	}
	text := strings.ReplaceAll(sql, "@tenant_id", `nullif(current_setting('app.tenant_id', true), '')::uuid`)
	scoped.Store(sql, text)
	return text
}
