package adopt

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// constrain makes it impossible that a row has no tenant, or that a key leads into another:
// the same keys as in the tenants' tables, on the rows before they get there. Rows that map
// to nobody stop it.
func (r *run) constrain(ctx context.Context) error {
	if r.state.Phase == Constrain {
		return r.verify(ctx, r.owner, "Done already. Rows without a tenant, and keys that cross one, as portico_owner:", crossings)
	}
	unplaced, err := r.printUnplaced(ctx)
	if err != nil {
		return err
	}
	unsettled, err := r.printUnsettled(ctx)
	if err != nil {
		return err
	}
	if unplaced+unsettled > 0 {
		r.printf("\nStopped. Settle them in [decisions] of the mapping, then begin again:\n  portico adopt backfill --back\n  portico adopt map\n")
		return ErrUnsettled
	}
	return r.once(ctx, func(tx pgx.Tx) error {
		for _, c := range constraints {
			if _, err := tx.Exec(ctx, "alter table adopt."+c.table+" add constraint "+c.table+"_"+c.name+" "+c.rule); err != nil {
				return fmt.Errorf("constrain %s: %w", c.table, err)
			}
		}
		if err := r.reached(ctx, tx, Constrain); err != nil {
			return err
		}
		return r.verify(ctx, tx, "Rows without a tenant, and keys that cross one, as portico_owner:", crossings)
	})
}

// printUnplaced lists the rows that map to nobody.
func (r *run) printUnplaced(ctx context.Context) (n int, err error) {
	for _, t := range tables {
		var rows int
		var keys []string
		err := r.owner.QueryRow(ctx, `
select count(*), coalesce((array_agg(key order by length(key), key))[1:$1], '{}')
from adopt.`+t.name+`
where tenant_id is null and not left_out`, shownKeys).Scan(&rows, &keys)
		if err != nil {
			return n, err
		}
		if n += rows; rows > 0 {
			r.printf("%s (%d) map to nobody: %s\n", t.name, rows, listed(keys, rows))
		}
	}
	return n, nil
}

func (r *run) printUnsettled(ctx context.Context) (n int, err error) {
	rows, err := r.owner.Query(ctx, `select code, count(*)::int as rows from adopt.problems where not settled group by code order by code`)
	if err != nil {
		return 0, err
	}
	type kind struct {
		Code string
		Rows int
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[kind])
	for _, k := range all {
		n += k.Rows
		r.printf("%s (%d) isn't settled: rows that %s\n", k.Code, k.Rows, problems[k.Code].says)
	}
	return n, err
}

type constraint struct{ table, name, rule string }

// constraints come in an order in which keys are there before others refer to them. Names
// make it possible to drop them.
var constraints = []constraint{
	{"clients", "placed", "check (left_out or tenant_id is not null)"},
	{"clients", "one_tenant", "unique (tenant_id)"},
	{"clients", "one_slug", "exclude (slug with =) where (not left_out)"},
	{"people", "placed", "check (left_out or (tenant_id is not null and user_id is not null))"},
	{"projects", "placed", "check (left_out or (tenant_id is not null and id is not null and author is not null))"},
	{"projects", "one_id", "unique (tenant_id, id)"},
	{"projects", "in_tenant", "foreign key (tenant_id) references adopt.clients (tenant_id)"},
	{"deliverables", "placed", "check (left_out or (tenant_id is not null and id is not null and project_id is not null and author is not null))"},
	{"deliverables", "one_id", "unique (tenant_id, id)"},
	{"deliverables", "in_tenant", "foreign key (tenant_id, project_id) references adopt.projects (tenant_id, id)"},
	{"versions", "in_tenant", "foreign key (tenant_id, deliverable_id) references adopt.deliverables (tenant_id, id)"},
	{"files", "placed", "check (left_out or (tenant_id is not null and id is not null and version_id is not null and author is not null and sha256 is not null))"},
	{"files", "one_id", "unique (tenant_id, id)"},
	{"files", "in_tenant", "foreign key (tenant_id, version_id) references adopt.versions (tenant_id, id)"},
	{"notes", "placed", "check (left_out or (tenant_id is not null and id is not null and version_id is not null and thread_id is not null and author is not null))"},
	{"notes", "one_id", "unique (tenant_id, id)"},
	{"notes", "in_tenant", "foreign key (tenant_id, version_id) references adopt.versions (tenant_id, id)"},
	{"notes", "file_in_tenant", "foreign key (tenant_id, file_id) references adopt.files (tenant_id, id)"},
}

const crossings = `
select 'projects' as rows, count(*) filter (where not x.left_out) as placed,
       count(*) filter (where not x.left_out and x.tenant_id is null) as without, 0 as crossing
from adopt.projects x
union all
select 'deliverables', count(*) filter (where not x.left_out), count(*) filter (where not x.left_out and x.tenant_id is null),
       count(*) filter (where p.tenant_id <> x.tenant_id)
from adopt.deliverables x left join adopt.projects p on p.id = x.project_id
union all
select 'files', count(*) filter (where not x.left_out), count(*) filter (where not x.left_out and x.tenant_id is null),
       count(*) filter (where v.tenant_id <> x.tenant_id)
from adopt.files x left join adopt.versions v on v.id = x.version_id
union all
select 'notes', count(*) filter (where not x.left_out), count(*) filter (where not x.left_out and x.tenant_id is null),
       count(*) filter (where v.tenant_id <> x.tenant_id)
from adopt.notes x left join adopt.versions v on v.id = x.version_id`

// constrainBack drops the constraints.
func (r *run) constrainBack(ctx context.Context) error {
	return r.once(ctx, func(tx pgx.Tx) error {
		for i := len(constraints) - 1; i >= 0; i-- {
			c := constraints[i]
			if _, err := tx.Exec(ctx, "alter table adopt."+c.table+" drop constraint "+c.table+"_"+c.name); err != nil {
				return err
			}
		}
		if err := r.reached(ctx, tx, Backfill); err != nil {
			return err
		}
		return r.verify(ctx, tx, "Constraints that are left:", `
select count(*) as constraints from pg_constraint where connamespace = 'adopt'::regnamespace and conname ~ '_(placed|one_id|one_slug|one_tenant|in_tenant|file_in_tenant)$'`)
	})
}
