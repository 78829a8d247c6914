package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"portico/store/engine"
)

// AdoptAgency is [Operator.CreateAgency] under ids that the caller chose, so that it can run
// again.
func (o *Operator) AdoptAgency(ctx context.Context, id uuid.UUID, slug, name string, owner uuid.UUID, ownerEmail, ownerName, plan string) error {
	for after := slug[:len(slug)-1]; ; {
		page, err := o.Tenants(ctx, after, 500)
		if err != nil {
			return err
		}
		for _, t := range page {
			if t.ID == id && t.Slug == slug {
				return nil
			}
			after = t.Slug
		}
		if len(page) == 0 || after >= slug {
			break
		}
	}
	return o.exec(ctx, "create agency", `select lookup.create_agency($1, $2, $3, $4, $5, $6, $7)`,
		id, slug, name, owner, ownerEmail, ownerName, plan)
}

// UnavailableSlugs returns those of the slugs that no new tenant can have.
func (o *Operator) UnavailableSlugs(ctx context.Context, slugs []string) ([]string, error) {
	rows, err := o.conn.Query(ctx, `select * from lookup.adopt_unavailable($1)`, slugs)
	if err != nil {
		return nil, fmt.Errorf("unavailable slugs: %w", engine.Translate(err))
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// AdoptClient creates a client of an agency under an id that the caller chose, unless it
// exists. A slug that is not available is [ErrConflict].
func (o *Operator) AdoptClient(ctx context.Context, agency, id uuid.UUID, slug, name, plan string, created time.Time) error {
	var done bool
	err := o.conn.QueryRow(ctx, `select lookup.adopt_client($1, $2, $3, $4, $5, $6, $7)`,
		agency, id, slug, name, plan, created, NewID()).Scan(&done)
	if err != nil {
		return fmt.Errorf("adopt client: %w", engine.Translate(err))
	}
	if !done {
		return fmt.Errorf("adopt client: the slug is not available: %w", ErrConflict)
	}
	return nil
}

// dated are the tables whose creation times [Operator.SetAdoptedDates] may set, with the
// column that finds a row.
var dated = map[string]string{"memberships": "user_id", "projects": "id", "deliverables": "id", "versions": "id",
	"files": "id", "threads": "id", "comments": "id"}

// AdoptedDate is when a row was created in the other system.
type AdoptedDate struct {
	Tenant, ID uuid.UUID
	At         time.Time
}

// SetAdoptedDates sets when rows of a table were created, which the app can't. Policies hold
// for the owner too, so the transaction opens the table for it, for the tenants of these rows
// only, and closes it again. Meanwhile others wait for the table.
func (o *Operator) SetAdoptedDates(ctx context.Context, table string, dates []AdoptedDate) error {
	key, ok := dated[table]
	if !ok {
		return fmt.Errorf("adopted dates of %s: %w", table, ErrInvalid)
	}
	var tenants, ids []uuid.UUID
	var at []time.Time
	for _, d := range dates {
		tenants, ids, at = append(tenants, d.Tenant), append(ids, d.ID), append(at, d.At)
	}
	return o.opened(ctx, table, "tenant_id", tenants, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
update `+table+` t
set created_at = s.at
from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) s (tenant_id, id, at)
where t.tenant_id = s.tenant_id
  and t.`+key+` = s.id`, tenants, ids, at)
		return err
	})
}

// RemoveAdopted deletes all rows of a tenant table in these tenants, and returns how many
// there were. Tables must come in the order in which none is still referred to.
func (o *Operator) RemoveAdopted(ctx context.Context, table string, tenants []uuid.UUID) (n int64, err error) {
	if !slices.ContainsFunc(Manifest.Tenant, func(t TenantTable) bool { return t.Name == table }) {
		return 0, fmt.Errorf("remove adopted rows of %s: %w", table, ErrInvalid)
	}
	err = o.opened(ctx, table, "tenant_id", tenants, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `delete from `+table+` where tenant_id = any ($1)`, tenants)
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

// RemoveAdoptedTenants deletes the tenants, clients before their agency. A row that still
// belongs to one of them is [ErrNotFound] of its foreign key.
func (o *Operator) RemoveAdoptedTenants(ctx context.Context, tenants []uuid.UUID) error {
	return o.opened(ctx, "tenants", "id", tenants, func(tx pgx.Tx) error {
		for _, kind := range []string{"client", "agency"} {
			if _, err := tx.Exec(ctx, `delete from tenants where id = any ($1) and kind = $2`, tenants, kind); err != nil {
				return err
			}
		}
		return nil
	})
}

// RemoveAdoptedPerson deletes a person whom an adoption created. It returns false for one
// who has signed in, or belongs to another tenant.
func (o *Operator) RemoveAdoptedPerson(ctx context.Context, id uuid.UUID) (bool, error) {
	err := o.opened(ctx, "users", "id", []uuid.UUID{id}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `delete from users where id = $1`, id)
		return err
	})
	if errors.Is(err, ErrNotFound) { // some row refers to them
		return false, nil
	}
	return err == nil, err
}

// openedFor is how long one attempt waits for a table, and attempts how often it is tried.
const (
	openedFor = "2s"
	attempts  = 10
)

// opened runs do in a transaction in which policies let the owner see and change the rows of
// one table whose column is one of these ids, and no others: a mistake in do's condition
// can't touch another tenant. The one that restricts is needed because the owner is a member
// of portico_lookup, whose policies hold for it too. Neither exists outside of the
// transaction.
func (o *Operator) opened(ctx context.Context, table, column string, ids []uuid.UUID, do func(pgx.Tx) error) error {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	slices.Sort(texts)
	theirs := column + ` = any ('{` + strings.Join(slices.Compact(texts), ",") + `}'::uuid[])`
	for n := 1; ; n++ {
		err := pgx.BeginFunc(ctx, o.conn, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `
set local lock_timeout = '`+openedFor+`';
create policy adopt on `+table+` to portico_owner using (true) with check (true);
create policy adopt_only on `+table+` as restrictive to portico_owner using (`+theirs+`) with check (`+theirs+`)`)
			if err != nil {
				return err
			}
			if err := do(tx); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `drop policy adopt on `+table+`; drop policy adopt_only on `+table)
			return err
		})
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "55P03" && n < attempts {
			continue
		}
		if err != nil {
			return fmt.Errorf("open %s: %w", table, engine.Translate(err))
		}
		return nil
	}
}
