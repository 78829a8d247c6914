package archives

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"portico/archive"
	"portico/files"
	"portico/store"
)

// Restorer restores archives.
type Restorer struct {
	Operator *store.Operator
	Storage  *files.Storage
	Plans    store.Plans
	// Slug is that which a tenant must have to be restored in place; "" for any.
	Slug string
	// Keys are those that may have signed an archive.
	Keys archive.Keys
	// Say is told what is being done, in words for the operator.
	Say func(format string, args ...any)
}

// Restored is what came of a restore.
type Restored struct {
	Target  store.RestoreTarget
	Stored  int // objects that storage didn't have
	Missing []store.StoredObject
}

// Restore restores an archive that is size bytes long, in place if beside is nil. First everything
// is read and checked. Then the database does all of it once and undoes it, so that whatever it
// refuses is refused before anything is changed. Then objects are stored that storage lacks.
// Then the rows are written, compared with the archive, and stay, all of them or none.
//
// If it is killed, nothing was changed but objects that no row names; the clean-up removes them,
// or the next run uses them.
func (x Restorer) Restore(ctx context.Context, f io.ReaderAt, size int64, beside *store.Beside) (Restored, error) {
	r, err := x.open(ctx, f, size)
	if err != nil {
		return Restored{}, err
	}
	target, err := x.target(ctx, r, beside)
	if err != nil {
		return Restored{}, err
	}
	x.Say("checking everything in the archive")
	if err := r.check(); err != nil {
		return Restored{}, err
	}
	if err := x.room(r, target); err != nil {
		return Restored{}, err
	}
	what := store.Restoring{Target: target, Archive: r.tenant, Sum: r.Sum, At: r.Manifest.At, Rehearse: true}
	x.Say("rehearsing: all rows are written, compared and undone")
	write := func(tx *store.Restoration) error { return r.write(ctx, tx, beside != nil) }
	if err := x.Operator.Restore(ctx, what, write); err != nil {
		return Restored{}, err
	}
	x.Say("storing files")
	done, err := x.storeObjects(ctx, r, target.ID)
	if err != nil {
		return Restored{}, err
	}
	for _, o := range done.Missing {
		if o.Kind == files.KindFile.String() {
			what.MissingFiles = append(what.MissingFiles, o.ID)
		}
	}
	x.Say("writing all rows")
	what.Rehearse = false
	done.Target = target
	return done, x.Operator.Restore(ctx, what, write)
}

// opened is an archive whose manifest fits this installation.
type opened struct {
	*archive.Reader
	tenant  store.ArchivedTenant
	tables  []store.TenantTable // that it has, in order
	columns map[string][]string
	needs   map[store.Metric]int64
}

func (x Restorer) open(ctx context.Context, f io.ReaderAt, size int64) (*opened, error) {
	r, err := archive.Open(f, size, x.Keys)
	if err != nil {
		return nil, err
	}
	here, err := x.Operator.SchemaVersion(ctx)
	if err != nil {
		return nil, err
	}
	if made := r.Manifest.Schema; made > here || made < store.OldestArchive {
		return nil, fmt.Errorf("%w: its schema is %d; this installation restores %d to %d", archive.ErrVersion, made, store.OldestArchive, here)
	}
	o := &opened{Reader: r, columns: map[string][]string{}, needs: map[store.Metric]int64{}}
	if err := json.Unmarshal(r.Manifest.Tenant, &o.tenant); err != nil || o.tenant.ID == uuid.Nil {
		return nil, fmt.Errorf("%w: its tenant", archive.ErrFormat)
	}
	for _, t := range store.Manifest.Tenant {
		if t.Export != store.Whole {
			continue
		}
		entry, has := r.Manifest.Table(t.Name)
		switch {
		case has:
			o.tables = append(o.tables, t)
			o.columns[t.Name] = entry.Columns
		case r.Manifest.Schema == here:
			return nil, fmt.Errorf("%w: it lacks the table %s", archive.ErrFormat, t.Name)
		}
	}
	if len(o.tables) != len(r.Manifest.Tables) {
		return nil, fmt.Errorf("%w: a table that this installation doesn't have", archive.ErrExtra)
	}
	return o, nil
}

func (x Restorer) target(ctx context.Context, r *opened, beside *store.Beside) (store.RestoreTarget, error) {
	if beside == nil {
		t, err := x.Operator.RestoreInPlace(ctx, r.tenant)
		if errors.Is(err, store.ErrNotFound) {
			err = fmt.Errorf("this installation has no tenant %s (%s); use --beside: %w", r.tenant.ID, r.tenant.Slug, store.ErrNotFound)
		}
		if err == nil && x.Slug != "" && x.Slug != t.Slug {
			err = fmt.Errorf("the archive is of %s, not of %s", t.Slug, x.Slug)
		}
		return t, err
	}
	if r.tenant.Kind == store.TenantAgency && (beside.OwnerEmail == "" || beside.OwnerName == "") {
		return store.RestoreTarget{}, errors.New("nobody would have access to the agency; name its owner with --owner-email and --owner-name")
	}
	if beside.Slug == "" {
		beside.Slug = r.tenant.Slug + "-restored"
	}
	t, err := x.Operator.RestoreBeside(ctx, r.tenant, *beside, x.Plans)
	if errors.Is(err, store.ErrNotFound) {
		err = errors.New("this installation doesn't have the client's agency, or it is suspended; name another with --agency")
	}
	return t, err
}

// room refuses an archive that needs more than the tenant's plan allows.
func (x Restorer) room(r *opened, t store.RestoreTarget) error {
	for _, m := range []store.Metric{store.Projects, store.Storage} {
		if limit, limited := x.Plans.Limit(t.TenantPlan, m); limited && r.needs[m] > limit {
			return &store.PlanLimitError{Metric: m, Plan: t.Plan, Capped: x.Plans.Capped(t.TenantPlan), Limit: limit, Next: r.needs[m]}
		}
	}
	return nil
}
