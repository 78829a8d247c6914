package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
)

// RestoreTarget is the tenant that an archive is restored into.
type RestoreTarget struct {
	ID       uuid.UUID
	Slug     string
	AgencyID *uuid.UUID // of a client
	TenantPlan
	// Beside is how the tenant is made; nil is in place.
	Beside *Beside
}

// Beside says what a tenant beside the first is.
type Beside struct {
	Slug string
	// Agency is the slug of the agency of a client; "" is that of the archive.
	Agency string
	// OwnerEmail and OwnerName are the first owner of an agency.
	OwnerEmail, OwnerName string
}

// SchemaVersion reads the number of the newest migration.
func (o *Operator) SchemaVersion(ctx context.Context) (version int64, err error) {
	if err := o.conn.QueryRow(ctx, `select max(version_id) from schema_migrations where is_applied`).Scan(&version); err != nil {
		return 0, fmt.Errorf("schema: %w", engine.Translate(err))
	}
	return version, nil
}

// RestoreInPlace finds the tenant that an archive is of. If it is not here any more the error is
// [ErrNotFound].
func (o *Operator) RestoreInPlace(ctx context.Context, a ArchivedTenant) (t RestoreTarget, err error) {
	t.ID = a.ID
	err = pgx.BeginTxFunc(ctx, o.conn, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select set_config('app.tenant_id', $1, true)`, a.ID.String()); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `select slug, agency_id, plan from tenants where id = $1`, a.ID).Scan(&t.Slug, &t.AgencyID, &t.Plan)
	})
	if err != nil {
		return RestoreTarget{}, fmt.Errorf("restore in place: %w", engine.Translate(err))
	}
	if t.TenantPlan.Agency = t.Plan; t.AgencyID == nil {
		return t, nil
	}
	agency, err := o.agencyOf(ctx, "", t.AgencyID)
	if errors.Is(err, ErrNotFound) { // it is suspended, and its plan bounds nobody
		return t, nil
	}
	t.TenantPlan.Agency = agency.Plan
	return t, err
}

// restoringAgency is the agency of a client that is restored.
type restoringAgency struct {
	ID      uuid.UUID
	Slug    string
	Plan    string
	Clients int64
}

// agencyOf reads an active agency by its slug, or if that is "" by its id.
func (o *Operator) agencyOf(ctx context.Context, slug string, id *uuid.UUID) (restoringAgency, error) {
	rows, err := o.conn.Query(ctx, `select * from lookup.agency_for_restore($1, $2)`, slug, id)
	if err != nil {
		return restoringAgency{}, fmt.Errorf("agency: %w", engine.Translate(err))
	}
	agency, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[restoringAgency])
	if err != nil {
		return restoringAgency{}, fmt.Errorf("agency: %w", engine.Translate(err))
	}
	return agency, nil
}

// RestoreBeside says into what an archive is restored beside the first tenant: with the id of the
// archive where nobody has it. A client needs an agency here; none is [ErrNotFound]. If its plan
// has no room for another client the error is a [*PlanLimitError].
func (o *Operator) RestoreBeside(ctx context.Context, a ArchivedTenant, b Beside, plans Plans) (t RestoreTarget, err error) {
	t = RestoreTarget{ID: a.ID, Slug: b.Slug, Beside: &b}
	var here bool
	if err := o.conn.QueryRow(ctx, `select lookup.tenant_exists($1)`, a.ID).Scan(&here); err != nil {
		return t, fmt.Errorf("restore beside: %w", engine.Translate(err))
	}
	if here {
		t.ID = NewID()
	}
	if t.Plan = a.Plan; !plans.Has(t.Plan) {
		t.Plan = plans.First()
	}
	if t.TenantPlan.Agency = t.Plan; a.Kind != TenantClient {
		return t, nil
	}
	agency, err := o.agencyOf(ctx, b.Agency, a.AgencyID)
	if err != nil {
		return t, err
	}
	t.AgencyID, t.TenantPlan.Agency = &agency.ID, agency.Plan
	limit, limited := plans.Limit(TenantPlan{Plan: agency.Plan, Agency: agency.Plan}, Clients)
	if limited && agency.Clients >= limit {
		return t, &PlanLimitError{Metric: Clients, Plan: agency.Plan, Limit: limit, Next: agency.Clients + 1}
	}
	return t, nil
}
