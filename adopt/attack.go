package adopt

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/files"
	"portico/store"
)

// attack tries, as each adopted tenant and each side of it, to read and change what belongs
// to any other tenant of the installation, with statements that our code never runs: without
// a condition on the tenant. If anything is reached, the agency stays suspended. Otherwise it
// opens.
func (r *run) attack(ctx context.Context) error {
	targets, err := r.targets(ctx)
	if err != nil {
		return err
	}
	if r.DryRun {
		r.printf("Dry run: as each of %d tenants, on each side, this would be tried against all others, and taken back:\n\n", len(targets))
		for _, t := range stagedTables {
			r.printf("    %-12s  read by id, read without a condition, change, delete, add, move\n", t.table)
		}
		return nil
	}
	app, err := r.asApp(ctx)
	if err != nil {
		return err
	}
	defer app.close(ctx)
	var leaks []string
	w := tabwriter.NewWriter(r.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "AS\tSIDE\tOWN ROWS\tASKED FOR\tREAD\tCHANGED\tREFUSED\tHIDDEN")
	for _, t := range targets {
		for _, party := range []string{"client", "agency", "system"} {
			if t.ID == r.state.AgencyID && party == "client" {
				continue // an agency has no client users
			}
			a := &assault{run: r, app: app, as: t, scope: scope{tenant: t.ID, user: t.members[party], party: party}, targets: targets}
			if err := a.tryAll(ctx); err != nil {
				return fmt.Errorf("as %s, %s: %w", t.Slug, party, err)
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\n", t.Slug, party, a.own, a.asked, a.read, a.changed, a.refused, a.hidden)
			leaks = append(leaks, a.leaks...)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := r.attackStorage(ctx, targets, &leaks); err != nil {
		return err
	}
	if len(leaks) > 0 {
		r.printf("\nREACHED:\n")
		for _, l := range leaks {
			r.printf("  %s\n", l)
		}
		return ErrLeak
	}
	r.printf("\nNothing was reached. Asked for: rows of others by their ids. Refused: by a policy or a missing grant.\nHidden: statements that found no row of others to change.\n")
	if err := r.openAgency(ctx); err != nil {
		return err
	}
	return r.reached(ctx, r.owner, Attack)
}

// target is an adopted tenant, somebody of each side, and the ids of its rows.
type target struct {
	ID      uuid.UUID
	Slug    string
	members map[string]uuid.UUID // by party
	rows    map[string][]uuid.UUID
}

// triedIDs is how many rows of each table of a tenant the others ask for by id. They ask for
// the rest without ids.
const triedIDs = 1000

func (r *run) targets(ctx context.Context) ([]target, error) {
	rows, err := r.owner.Query(ctx, `
select agency_id as id, slug from adopt.adoption
union all
(select tenant_id, slug from adopt.clients where tenant_id is not null order by slug)`)
	if err != nil {
		return nil, err
	}
	type line struct {
		ID   uuid.UUID
		Slug string
	}
	lines, err := pgx.CollectRows(rows, pgx.RowToStructByName[line])
	if err != nil {
		return nil, err
	}
	var all []target
	for _, l := range lines {
		t := target{ID: l.ID, Slug: l.Slug, members: map[string]uuid.UUID{}, rows: map[string][]uuid.UUID{}}
		for _, s := range stagedTables {
			if t.rows[s.table], err = r.ids(ctx, s.ids+fmt.Sprintf(" limit %d", triedIDs), l.ID); err != nil {
				return nil, err
			}
		}
		for _, party := range []string{"client", "agency"} {
			ids, err := r.ids(ctx, `select user_id from adopt.members where tenant_id = $1 and not former and party = '`+party+`' order by role <> 'owner', person limit 1`, l.ID)
			if err != nil {
				return nil, err
			}
			if len(ids) > 0 {
				t.members[party] = ids[0]
			}
		}
		all = append(all, t)
	}
	return all, nil
}

// assault is what is tried in one scope.
type assault struct {
	run     *run
	app     *app
	as      target
	scope   scope
	targets []target

	own, asked, read, changed, refused, hidden int64
	leaks                                      []string
}

func (a *assault) leak(format string, args ...any) {
	a.leaks = append(a.leaks, fmt.Sprintf("as %s, %s: ", a.as.Slug, a.scope.party)+fmt.Sprintf(format, args...))
}

func (a *assault) tryAll(ctx context.Context) error {
	return a.app.in(ctx, a.scope, func(tx pgx.Tx) error {
		for _, t := range stagedTables {
			if err := a.reads(ctx, tx, t.table, t.key); err != nil {
				return fmt.Errorf("%s: %w", t.table, err)
			}
			if err := a.changes(ctx, tx, t.table, t.key); err != nil {
				return fmt.Errorf("%s: %w", t.table, err)
			}
		}
		return a.adds(ctx, tx)
	})
}

// reads asks for the rows of the other adopted tenants by id, and for those of all tenants
// without one. That the scope sees its own shows that the questions can be answered.
func (a *assault) reads(ctx context.Context, tx pgx.Tx, table, key string) error {
	var own, foreign int64
	var byID int64
	var ids []uuid.UUID
	for _, o := range a.targets {
		if o.ID != a.as.ID {
			ids = append(ids, o.rows[table]...)
		}
	}
	err := tx.QueryRow(ctx, `
select count(*) filter (where tenant_id = $1), count(*) filter (where tenant_id <> $1),
       count(*) filter (where tenant_id <> $1 and `+key+` = any ($2))
from `+table, a.as.ID, ids).Scan(&own, &foreign, &byID)
	if err != nil {
		return err
	}
	if a.scope.party != "client" && own < int64(len(a.as.rows[table])) {
		a.leak("sees %d of its own %d rows of %s, so that nothing is proved", own, len(a.as.rows[table]), table)
	}
	a.own, a.asked, a.read = a.own+own, a.asked+int64(len(ids)), a.read+foreign
	if foreign > 0 {
		a.leak("reads %d rows of others in %s, %d of them adopted", foreign, table, byID)
	}
	return a.teamOnly(ctx, tx, table)
}

// teamOnly asks, as a client, for what only the team may see of its own tenant.
func (a *assault) teamOnly(ctx context.Context, tx pgx.Tx, table string) error {
	hidden := map[string]string{"threads": "visibility = 'team'", "comments": "visibility = 'team'", "deliverables": "shared_at is null", "files": "shared_at is null", "versions": "shared_at is null"}[table]
	if a.scope.party != "client" || hidden == "" {
		return nil
	}
	var n int64
	if err := tx.QueryRow(ctx, `select count(*) from `+table+` where `+hidden).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		a.leak("reads %d rows of %s that only the team may see", n, table)
	}
	return nil
}

// changed columns, each one that the app may change in its own tenant.
var changedColumn = map[string]string{"memberships": "name", "projects": "name", "deliverables": "title", "versions": "note",
	"files": "name", "threads": "number", "comments": "body"}

// changes tries to change, move and delete rows of others.
func (a *assault) changes(ctx context.Context, tx pgx.Tx, table, key string) error {
	column := changedColumn[table]
	others := a.others()
	for _, sql := range []string{
		`update ` + table + ` set ` + column + ` = ` + column + ` where tenant_id <> $1`,
		`update ` + table + ` set tenant_id = $1 where tenant_id <> $1`,
		`delete from ` + table + ` where tenant_id <> $1`,
	} {
		if err := a.attempt(ctx, tx, table, sql, a.as.ID); err != nil {
			return err
		}
	}
	if len(others) == 0 {
		return nil
	}
	// Away with our own row, to another tenant.
	return a.attempt(ctx, tx, table, `update `+table+` set tenant_id = $2 where tenant_id = $1`, a.as.ID, others[0].ID)
}

func (a *assault) others() (all []target) {
	for _, o := range a.targets {
		if o.ID != a.as.ID {
			all = append(all, o)
		}
	}
	return all
}

// attempt tries a statement that must not change a row.
func (a *assault) attempt(ctx context.Context, tx pgx.Tx, table, sql string, args ...any) error {
	n, refused, err := try(ctx, tx, sql, args...)
	switch {
	case isConstraint(err):
		a.leak("nothing but %q keeps rows of %s from: %s", err.Error(), table, sql)
	case err != nil:
		return err
	case n > 0:
		a.changed += n
		a.leak("changes %d rows of %s by: %s", n, table, sql)
	case refused:
		a.refused++
	default:
		a.hidden++
	}
	return nil
}

// adds tries to add rows to each other adopted tenant.
func (a *assault) adds(ctx context.Context, tx pgx.Tx) error {
	for _, o := range a.others() {
		for _, add := range []struct{ table, sql string }{
			{"projects", `insert into projects (tenant_id, id, name) values ($1, $2, 'attack')`},
			{"deliverables", `insert into deliverables (tenant_id, id, project_id, title) values ($1, $2, $2, 'attack')`},
			{"versions", `insert into versions (tenant_id, id, deliverable_id, number) values ($1, $2, $2, 1)`},
			{"files", `insert into files (tenant_id, id, version_id, name, object_key) values ($1, $2, $2, 'attack', 'tenants/' || $1::uuid::text || '/files/' || $2::uuid::text)`},
			{"threads", `insert into threads (tenant_id, id, version_id, visibility, number) values ($1, $2, $2, 'client', 1)`},
			{"comments", `insert into comments (tenant_id, id, thread_id, thread_visibility, visibility, body, form_key) values ($1, $2, $2, 'client', 'client', 'attack', $2)`},
			{"audit_events", `insert into audit_events (tenant_id, id, verb) values ($1, $2, 'project.created')`},
			{"memberships", `insert into memberships (tenant_id, user_id, tenant_kind, party, role, name) values ($1, $2, 'client', 'client', 'owner', 'attack')`},
		} {
			n, refused, err := try(ctx, tx, add.sql, o.ID, store.NewID())
			switch {
			case refused:
				a.refused++
			case isConstraint(err):
				a.leak("nothing but %q keeps rows out of %s of %s", err.Error(), add.table, o.Slug)
			case err != nil:
				return err
			case n > 0:
				a.changed += n
				a.leak("adds a row to %s of %s", add.table, o.Slug)
			}
		}
	}
	return nil
}

// attackStorage asks the vault of each tenant for a file of each other.
func (r *run) attackStorage(ctx context.Context, targets []target, leaks *[]string) error {
	asked, refused := 0, 0
	for _, t := range targets {
		for _, o := range targets {
			if o.ID == t.ID || len(o.rows["files"]) == 0 {
				continue
			}
			asked++
			object, err := r.Storage.For(t.ID).Get(ctx, files.NewKey(o.ID, files.KindFile, o.rows["files"][0]), files.ReadOptions{})
			switch {
			case err == nil:
				object.Body.Close()
				*leaks = append(*leaks, fmt.Sprintf("as %s: reads a file of %s from object storage", t.Slug, o.Slug))
			case errors.Is(err, files.ErrWrongTenant):
				refused++
			default:
				return fmt.Errorf("object storage as %s: %w", t.Slug, err)
			}
		}
	}
	r.printf("\nObject storage: %d files of others asked for, %d refused.\n", asked, refused)
	return nil
}

// openAgency opens the agency to its people, and queues what uploads would have queued.
func (r *run) openAgency(ctx context.Context) error {
	if err := r.operator.ResumeAgency(ctx, r.state.Slug); err != nil {
		return err
	}
	tenants, err := r.tenants(ctx)
	if err != nil {
		return err
	}
	for _, tenant := range tenants {
		for after := uuid.Nil; ; {
			err := r.work(ctx, tenant, uuid.Nil, func(tx *store.Tx) (err error) {
				after, err = tx.EnqueueAdopted(ctx, after)
				return err
			})
			if err != nil {
				return err
			}
			if after == uuid.Nil {
				break
			}
		}
	}
	r.printf("The agency %s is open: %s signs in with %s.\n", r.state.Slug, r.state.OwnerName, r.state.OwnerEmail)
	return nil
}

// attackBack closes the agency again.
func (r *run) attackBack(ctx context.Context) error {
	if r.DryRun {
		r.printf("Dry run: the agency %s would be suspended.\n", r.state.Slug)
		return nil
	}
	if err := r.operator.SuspendAgency(ctx, r.state.Slug); err != nil {
		return err
	}
	r.printf("The agency %s is suspended.\n", r.state.Slug)
	return r.reached(ctx, r.owner, Policies)
}
