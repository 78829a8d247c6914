package adopt

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/files"
	"portico/store"
)

// policiesBack removes all that was written: rows, files, tenants, and the people whom the
// adoption created. It refuses if anybody has worked there since. Each table is counted
// again. Killed, it goes on where it stopped.
func (r *run) policiesBack(ctx context.Context) error {
	tenants, err := r.tenants(ctx)
	if err != nil {
		return err
	}
	app, err := r.asApp(ctx)
	if err != nil {
		return err
	}
	defer app.close(ctx)
	if r.state.Going == "" {
		if err := r.checkUnused(ctx, app, tenants); err != nil {
			return err
		}
	}
	if r.DryRun {
		r.printf("Dry run: nobody has worked there since. All of this would be removed:\n")
		return r.verify(ctx, r.owner, "Rows, as portico_owner:", landing)
	}
	if _, err := r.owner.Exec(ctx, `update adopt.adoption set going = 'policies'`); err != nil {
		return err
	}
	objects, err := r.removeFiles(ctx, tenants)
	if err != nil {
		return err
	}
	if err := r.removeRows(ctx, app, tenants); err != nil {
		return err
	}
	if err := r.operator.RemoveAdoptedTenants(ctx, tenants); err != nil {
		return err
	}
	if err := r.removePeople(ctx); err != nil {
		return err
	}
	r.printf("Files in object storage: %d removed.\n", objects)
	return r.forgetLanding(ctx)
}

// checkUnused fails if a tenant holds rows that were not adopted.
func (r *run) checkUnused(ctx context.Context, app *app, tenants []uuid.UUID) error {
	rests, err := r.rests(ctx)
	if err != nil {
		return err
	}
	var used []error
	for _, tenant := range tenants {
		s := scope{tenant: tenant, party: "system"}
		for _, t := range stagedTables {
			ids, err := r.ids(ctx, t.ids, tenant)
			if err != nil {
				return err
			}
			for _, d := range rests {
				ids = append(ids, d.ID)
			}
			n, err := app.count(ctx, s, t.table, `tenant_id = $2 and `+t.key+` <> all ($1)`, ids, tenant)
			if err != nil {
				return err
			}
			if n > 0 {
				used = append(used, fmt.Errorf("%d rows of %s in tenant %s were not adopted", n, t.table, tenant))
			}
		}
		for _, table := range []string{"invites", "decisions", "support_grants", "api_keys", "logos"} {
			n, err := app.count(ctx, s, table, `tenant_id = $1`, tenant)
			if err != nil {
				return err
			}
			if n > 0 {
				used = append(used, fmt.Errorf("%d rows of %s in tenant %s were not adopted", n, table, tenant))
			}
		}
	}
	if len(used) > 0 {
		return fmt.Errorf("people have worked here since, and going back would lose it:\n%w", errors.Join(used...))
	}
	return nil
}

// removeFiles removes every object of the tenants, and lists what is left: nothing.
func (r *run) removeFiles(ctx context.Context, tenants []uuid.UUID) (removed int, err error) {
	for _, tenant := range tenants {
		vault := r.Storage.For(tenant)
		var keys []files.Key
		for object, err := range vault.List(ctx) {
			if err != nil {
				return removed, err
			}
			keys = append(keys, object.Key)
		}
		for _, key := range keys {
			if err := vault.Delete(ctx, key); err != nil {
				return removed, err
			}
			removed++
		}
		for upload, err := range vault.Uploads(ctx) {
			if err == nil {
				err = vault.Abort(ctx, upload.Key, upload.ID)
			}
			if err != nil {
				return removed, err
			}
		}
		for object, err := range vault.List(ctx) {
			if err != nil {
				return removed, err
			}
			return removed, fmt.Errorf("%s is still in object storage", object.Key)
		}
	}
	return removed, nil
}

// removeRows empties every tenant table for these tenants, and counts it again.
func (r *run) removeRows(ctx context.Context, app *app, tenants []uuid.UUID) error {
	r.printf("\nRows in the tenants' tables, as portico_app in each tenant:\n\n    table              removed  are there\n")
	for _, t := range slices.Backward(store.Manifest.Tenant) {
		before, err := r.countIn(ctx, app, t.Name, tenants)
		if err != nil {
			return err
		}
		if before == 0 {
			continue // no need to take the table
		}
		n, err := r.operator.RemoveAdopted(ctx, t.Name, tenants)
		if err != nil {
			return err
		}
		left, err := r.countIn(ctx, app, t.Name, tenants)
		if err != nil {
			return err
		}
		r.printf("    %-17s  %7d  %9d\n", t.Name, n, left)
		if left != 0 {
			return fmt.Errorf("%d rows of %s are still there", left, t.Name)
		}
		if err := r.committed(); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) countIn(ctx context.Context, app *app, table string, tenants []uuid.UUID) (n int64, err error) {
	for _, tenant := range tenants {
		one, err := app.count(ctx, scope{tenant: tenant, party: "system"}, table, `tenant_id = $1`, tenant)
		if err != nil {
			return n, fmt.Errorf("%s: %w", table, err)
		}
		n += one
	}
	return n, nil
}

// removePeople deletes those whom the adoption created, unless something else of them is here.
func (r *run) removePeople(ctx context.Context) error {
	people, err := r.ids(ctx, `select distinct new_id from adopt.members where new_id <> '00000000-0000-0000-0000-000000000000' and $1::uuid is not null`, r.state.ID)
	if err != nil {
		return err
	}
	removed := 0
	for _, id := range people {
		gone, err := r.operator.RemoveAdoptedPerson(ctx, id)
		if err != nil {
			return err
		}
		if gone {
			removed++
		}
	}
	r.printf("\nPeople: %d removed, %d kept, because they have signed in or belong elsewhere.\n", removed, len(people)-removed)
	return nil
}

// forgetLanding sets everything to not written.
func (r *run) forgetLanding(ctx context.Context) error {
	return pgx.BeginFunc(ctx, r.owner, func(tx pgx.Tx) error {
		for _, table := range []string{"clients", "people", "projects", "deliverables", "files", "notes", "versions"} {
			if _, err := tx.Exec(ctx, `update adopt.`+table+` set landed = false`); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `update adopt.members set landed = false, new_id = null`)
		if err != nil {
			return err
		}
		return r.reached(ctx, tx, Constrain)
	})
}
