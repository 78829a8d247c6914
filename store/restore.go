package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"portico/store/engine"
)

// Restoring says what is restored, and into which tenant.
type Restoring struct {
	Target  RestoreTarget
	Archive ArchivedTenant
	// Sum and At name the archive in the trail.
	Sum string
	At  time.Time
	// MissingFiles are files whose bytes neither the archive nor storage has.
	MissingFiles []uuid.UUID
	// Rehearse does everything and then undoes it.
	Rehearse bool
}

// Restoration is a restore under way: one transaction as portico_owner, in the context of one
// tenant. The policies hold for the owner too, so the database refuses rows of any other.
type Restoration struct {
	tx      pgx.Tx
	what    Restoring
	columns map[string][]archiveColumn
	staged  map[string]bool
}

// restoreTries is how often a restore begins anew that people of the tenant got in the way of.
const restoreTries = 8

// Restore runs fn, which inserts the rows and compares them, in one transaction: all or nothing.
// People of the tenant read what was there until it ends, and their changes wait. If it and
// they wait for each other, it begins anew.
func (o *Operator) Restore(ctx context.Context, what Restoring, fn func(*Restoration) error) error {
	for try := 1; ; try++ {
		err := o.restoreOnce(ctx, what, fn)
		pg, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || try == restoreTries || !slices.Contains([]string{"40P01", "55P03"}, pg.Code) {
			if ok {
				err = fmt.Errorf("restore: %w (%s)", engine.Translate(err), pg.TableName)
			}
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(try) * 300 * time.Millisecond):
		}
	}
}

var errRehearsed = errors.New("rehearsed")

func (o *Operator) restoreOnce(ctx context.Context, what Restoring, fn func(*Restoration) error) error {
	err := pgx.BeginFunc(ctx, o.conn, func(tx pgx.Tx) error {
		r := &Restoration{tx: tx, what: what, columns: map[string][]archiveColumn{}, staged: map[string]bool{}}
		if err := r.begin(ctx); err != nil {
			return err
		}
		if err := fn(r); err != nil {
			return err
		}
		if err := r.settle(ctx); err != nil {
			return err
		}
		if what.Rehearse {
			return errRehearsed
		}
		return nil
	})
	if errors.Is(err, errRehearsed) {
		return nil
	}
	return err
}

// begin enters the tenant, and locks its row: whoever adds a row to the tenant waits for the
// end. Beside the first tenant it makes the new one.
func (r *Restoration) begin(ctx context.Context) error {
	t := r.what.Target
	_, err := r.tx.Exec(ctx, lineSettings+`; set local statement_timeout = 0; set local lock_timeout = '20s'; set local search_path = public, pg_temp`,
		pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return err
	}
	if t.Beside != nil {
		var made bool
		err := r.tx.QueryRow(ctx, `select lookup.restore_tenant($1, $2, $3, $4, $5, $6, $7, $8)`,
			t.ID, t.Slug, r.what.Archive.Name, t.Plan, t.AgencyID, NewID(), t.Beside.OwnerEmail, t.Beside.OwnerName).Scan(&made)
		if err == nil && !made {
			err = fmt.Errorf("the slug %q is not available: %w", t.Slug, ErrConflict)
		}
		if err != nil {
			return err
		}
	}
	if _, err := r.tx.Exec(ctx, `select set_config('app.tenant_id', $1, true), set_config('app.party', 'system', true)`, t.ID.String()); err != nil {
		return err
	}
	var kind TenantKind
	err = r.tx.QueryRow(ctx, `select kind from tenants where id = $1 for update`, t.ID).Scan(&kind)
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("tenant: %w", ErrNotFound)
	}
	if err == nil && kind != r.what.Archive.Kind {
		err = fmt.Errorf("the archive is of a tenant of another kind: %w", ErrInvalid)
	}
	return err
}

// Clear deletes the rows that those of the archive replace, from the last table to the first.
func (r *Restoration) Clear(ctx context.Context) error {
	for _, t := range slices.Backward(Manifest.Tenant) {
		if t.Restore != Replaced {
			continue
		}
		if _, err := r.tx.Exec(ctx, `delete from `+quote(t.Name)+` where tenant_id = $1`, r.what.Target.ID); err != nil {
			return err
		}
	}
	// The next deed that needs them counts the rows.
	_, err := r.tx.Exec(ctx, `delete from plan_usage where tenant_id = $1 and metric in ('projects', 'storage')`, r.what.Target.ID)
	return err
}

// Insert adds rows of a table, each a line of the archive with these columns. A column that the
// table doesn't have, and tenant_id, is [ErrInvalid].
func (r *Restoration) Insert(ctx context.Context, t TenantTable, columns []string, lines [][]byte) error {
	if err := r.know(ctx, t, columns); err != nil {
		return err
	}
	rows := append(append([]byte{'['}, bytes.Join(lines, []byte{','})...), ']')
	if t.Name == "memberships" {
		_, err := r.tx.Exec(ctx, `
select lookup.restore_people(array(
    select user_id from json_populate_recordset(null::memberships, $1::json)))`, string(rows))
		if err != nil {
			return err
		}
	}
	if t.RefersToItself {
		return r.stage(ctx, t, columns, rows)
	}
	_, err := r.tx.Exec(ctx, insertFrom(t, columns, "json_populate_recordset(null::"+quote(t.Name)+", $2::json)"), r.what.Target.ID, string(rows))
	return err
}

// insertFrom adds rows from a source with the columns of the table. $1 is the tenant.
func insertFrom(t TenantTable, columns []string, source string) string {
	to, from := []string{"tenant_id"}, []string{"$1::uuid"}
	add := func(column, value string) {
		to = append(to, quote(column))
		from = append(from, strings.ReplaceAll(value, "@tenant_id", "$1::uuid"))
	}
	for _, c := range columns {
		if t.Instead[c] == "" {
			add(c, quote(c))
		}
	}
	for _, of := range []map[string]string{t.Derived, t.Instead} {
		for _, c := range slices.Sorted(maps.Keys(of)) {
			add(c, of[c])
		}
	}
	sql := `insert into ` + quote(t.Name) + ` (` + strings.Join(to, ", ") + `) select ` + strings.Join(from, ", ") + ` from ` + source
	if t.Restore != Replaced {
		sql += ` on conflict do nothing`
	}
	return sql
}

// stage keeps rows that refer to others of their table, so that [Restoration.Done] inserts them
// with one statement.
func (r *Restoration) stage(ctx context.Context, t TenantTable, columns []string, rows []byte) error {
	if !r.staged[t.Name] {
		r.staged[t.Name] = true
		_, err := r.tx.Exec(ctx, `create temp table `+quote("staged_"+t.Name)+` on commit drop as select `+quoteAll(columns)+` from `+quote(t.Name)+` with no data`)
		if err != nil {
			return err
		}
	}
	_, err := r.tx.Exec(ctx, `insert into `+quote("staged_"+t.Name)+` select `+quoteAll(columns)+` from json_populate_recordset(null::`+quote(t.Name)+`, $1::json)`, string(rows))
	return err
}

// Done ends the rows of a table.
func (r *Restoration) Done(ctx context.Context, t TenantTable, columns []string) error {
	if !r.staged[t.Name] {
		return nil
	}
	_, err := r.tx.Exec(ctx, insertFrom(t, columns, quote("staged_"+t.Name)), r.what.Target.ID)
	return err
}

// know reads the columns of the table and refuses others.
func (r *Restoration) know(ctx context.Context, t TenantTable, columns []string) error {
	if r.columns[t.Name] == nil {
		rows, err := r.tx.Query(ctx, listArchiveColumns, t.columnArgs())
		if err != nil {
			return err
		}
		if r.columns[t.Name], err = pgx.CollectRows(rows, pgx.RowToStructByName[archiveColumn]); err != nil {
			return err
		}
	}
	for _, c := range columns {
		if !slices.ContainsFunc(r.columns[t.Name], func(k archiveColumn) bool { return k.Name == c }) {
			return fmt.Errorf("%s has no column %.40q: %w", t.Name, c, ErrInvalid)
		}
	}
	return nil
}

// Lines passes each row of the tenant's table to fn as a line with these columns, as
// [Snapshot.Rows] does, to compare with the archive.
func (r *Restoration) Lines(ctx context.Context, t TenantTable, columns []string, fn func(line []byte) error) error {
	if err := r.know(ctx, t, columns); err != nil {
		return err
	}
	var chosen []archiveColumn
	for _, c := range columns {
		i := slices.IndexFunc(r.columns[t.Name], func(k archiveColumn) bool { return k.Name == c })
		chosen = append(chosen, r.columns[t.Name][i])
	}
	rows, err := r.tx.Query(ctx, linesOf(t, chosen), pgx.StrictNamedArgs{"tenant_id": r.what.Target.ID})
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows.RawValues()[0]); err != nil {
			return err
		}
	}
	return rows.Err()
}
