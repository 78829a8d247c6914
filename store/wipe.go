package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
)

// DeletionDays is how long a tenant that is to be deleted can be kept after all.
const DeletionDays = 30

// ErrHasClients means that an agency still has clients, which are deleted first.
var ErrHasClients = errors.New("the agency still has clients")

// ScheduleDeletion closes a tenant, as suspending does, and says when it may be wiped. Doing it
// again changes nothing. An unknown slug is [ErrNotFound]; an agency with clients [ErrHasClients].
func (o *Operator) ScheduleDeletion(ctx context.Context, slug string) (until time.Time, err error) {
	var verdict string
	var at *time.Time
	err = o.conn.QueryRow(ctx, `select * from lookup.delete_tenant($1, $2, $3)`, slug, DeletionDays, NewID()).Scan(&verdict, &at)
	switch {
	case err != nil:
		return until, fmt.Errorf("delete: %w", engine.Translate(err))
	case verdict == "unknown":
		return until, ErrNotFound
	case verdict == "clients":
		return until, ErrHasClients
	}
	return *at, nil
}

// UndoDeletion opens a tenant again that was to be deleted. Any other is [ErrNotFound].
func (o *Operator) UndoDeletion(ctx context.Context, slug string) error {
	var kept bool
	if err := o.conn.QueryRow(ctx, `select lookup.undelete_tenant($1, $2)`, slug, NewID()).Scan(&kept); err != nil {
		return fmt.Errorf("undo deletion: %w", engine.Translate(err))
	}
	if !kept {
		return ErrNotFound
	}
	return nil
}

// Deletion is a tenant that may be wiped now.
type Deletion struct {
	ID         uuid.UUID
	Slug       string
	Kind       TenantKind
	DeletingAt time.Time
}

// DueDeletions reads the tenants whose time is over.
func (o *Operator) DueDeletions(ctx context.Context) ([]Deletion, error) {
	rows, err := o.conn.Query(ctx, `select * from lookup.tenants_to_wipe()`)
	if err != nil {
		return nil, fmt.Errorf("deletions: %w", engine.Translate(err))
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Deletion])
}

// Wiped is what was deleted, counted.
type Wiped struct {
	Rows      int64 // of the tenant's tables
	Tables    int   // that had some
	Jobs      int64 // that waited or were kept in the queue
	Hosts     int64
	Events    int64 // of the trail, which are among the rows
	LastEvent *uuid.UUID
	LastAt    *time.Time
	Customer  bool // the id stays, because a customer of Stripe is bound to it
}

// errLeft means that something was left after everything was deleted.
var errLeft = errors.New("not deleted: something is left, so everything was undone")

// Wipe deletes every row of a tenant that is due, from the last table to the first, its jobs, its
// hosts and its own row, counts again in every table, and leaves a tombstone: all in one
// transaction. receipt is called when the count was 0. It returns the text of the receipt and how
// many objects were deleted; its error undoes everything.
func (o *Operator) Wipe(ctx context.Context, d Deletion, receipt func(Wiped) (text []byte, objects int64, err error)) error {
	err := pgx.BeginFunc(ctx, o.conn, func(tx pgx.Tx) error {
		w := &wipe{tx: tx, id: d.ID}
		if err := w.lock(ctx); err != nil {
			return err
		}
		if err := w.run(ctx); err != nil {
			return err
		}
		left, err := w.left(ctx)
		if err != nil {
			return err
		}
		if left != 0 {
			return fmt.Errorf("%w: %d rows", errLeft, left)
		}
		text, objects, err := receipt(w.Wiped)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `select lookup.bury_tenant($1, $2, $3, $4, $5)`, d.ID, d.Kind, w.Rows, objects, string(text))
		return err
	})
	if err != nil {
		return fmt.Errorf("wipe: %w", engine.Translate(err))
	}
	return nil
}

type wipe struct {
	tx pgx.Tx
	id uuid.UUID
	Wiped
}

// lock enters the tenant and waits for whoever adds rows to it. A tenant that was kept meanwhile is
// [ErrConflict].
func (w *wipe) lock(ctx context.Context) error {
	if _, err := w.tx.Exec(ctx, `set local statement_timeout = 0`); err != nil {
		return err
	}
	if _, err := w.tx.Exec(ctx, `select set_config('app.tenant_id', $1, true)`, w.id.String()); err != nil {
		return err
	}
	var due bool
	err := w.tx.QueryRow(ctx, `
select coalesce(deleting_at <= now() and state <> 'active', false)
from tenants
where id = $1
for update`, w.id).Scan(&due)
	if err == nil && !due {
		err = ErrConflict
	}
	return err
}

func (w *wipe) run(ctx context.Context) error {
	err := w.tx.QueryRow(ctx, `
select (select count(*) from audit_events where tenant_id = $1), e.id, e.at
from (select 1) x
left join lateral (select id, at from audit_events where tenant_id = $1 order by at desc, id desc limit 1) e on true`, w.id).
		Scan(&w.Events, &w.LastEvent, &w.LastAt)
	if err != nil {
		return err
	}
	for _, t := range slices.Backward(Manifest.Tenant) {
		tag, err := w.tx.Exec(ctx, `delete from `+quote(t.Name)+` where tenant_id = $1`, w.id)
		if err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
		if w.Rows += tag.RowsAffected(); tag.RowsAffected() > 0 {
			w.Tables++
		}
	}
	tag, err := w.tx.Exec(ctx, `delete from `+QueueSchema+`.river_job where args->>'tenant' = $1`, w.id.String())
	if err != nil {
		return err
	}
	w.Jobs = tag.RowsAffected()
	if err := w.tx.QueryRow(ctx, `select lookup.wipe_outside($1), lookup.was_customer($1)`, w.id).Scan(&w.Hosts, &w.Customer); err != nil {
		return err
	}
	return w.own(ctx)
}

// own deletes the tenant's own row. That of a former customer of Stripe keeps its id and nothing
// else.
func (w *wipe) own(ctx context.Context) error {
	sql := `delete from tenants where id = $1`
	if w.Customer {
		sql = `
update tenants
set slug = 'deleted-' || right(replace(id::text, '-', ''), 24), name = 'Deleted', state = 'archived', discarded_at = now(),
    deleting_at = null, portal_name = null, welcome = null, accent = null, mail_name = null, logo_id = null
where id = $1`
	}
	_, err := w.tx.Exec(ctx, sql, w.id)
	return err
}

// left counts again, in every place.
func (w *wipe) left(ctx context.Context) (left int64, err error) {
	sql := `select lookup.left_outside($1) + (select count(*) from ` + QueueSchema + `.river_job where args->>'tenant' = $1::text)`
	for _, t := range Manifest.Tenant {
		sql += ` + (select count(*) from ` + quote(t.Name) + ` where tenant_id = $1)`
	}
	return left, w.tx.QueryRow(ctx, sql, w.id).Scan(&left)
}
