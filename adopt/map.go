package adopt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"portico/store"
)

// mapThem reads their database into the schema adopt, and names every problem. It is one
// transaction on either side: killed, it has done nothing, and run again it begins anew.
func (r *run) mapThem(ctx context.Context) error {
	m, err := loadMapping(r.Mapping, r.Decisions)
	if err != nil {
		return err
	}
	if s, err := loadState(ctx, r.owner); err == nil && (s.Phase != Map || s.Going != "") {
		return fmt.Errorf("phase %s is done: go back first with portico adopt %s --back", s.Phase, s.Phase)
	}
	from, err := openSource(ctx, r.From)
	if err != nil {
		return err
	}
	defer from.close(ctx)
	return r.once(ctx, func(tx pgx.Tx) error {
		if err := r.stage(ctx, tx, from, m); err != nil {
			return err
		}
		unsettled, err := r.printProblems(ctx, tx)
		if err != nil {
			return err
		}
		if err := r.verify(ctx, tx, "Rows, as portico_owner:", countRows); err != nil {
			return err
		}
		if unsettled > 0 {
			r.printf("\n%d to settle: the phase constrain stops until they are. Write [decisions], and run map again.\n", unsettled)
		}
		if !r.DryRun {
			r.printf("\nTo go back: portico adopt map --back\nNext:       portico adopt backfill\n")
		}
		return nil
	})
}

func (r *run) stage(ctx context.Context, tx pgx.Tx, from *source, m *mapping) error {
	if _, err := tx.Exec(ctx, `drop schema if exists adopt cascade;`+staging); err != nil {
		return err
	}
	if err := r.begin(ctx, tx, m); err != nil {
		return err
	}
	var found []finding
	for _, t := range tables {
		more, err := copyRows(ctx, tx, from, t, m)
		if err != nil {
			return err
		}
		found = append(found, more...)
	}
	lost, err := m.lookAtFiles(ctx, tx)
	if err != nil {
		return err
	}
	if err := insertFindings(ctx, tx, append(found, lost...)); err != nil {
		return err
	}
	if err := decide(ctx, tx, m.Decisions); err != nil {
		return err
	}
	if err := relate(ctx, tx); err != nil {
		return err
	}
	if err := r.slugs(ctx, tx, m); err != nil {
		return err
	}
	// Nothing is left to decide about what is left out.
	for _, t := range tables {
		_, err := tx.Exec(ctx, `
delete from adopt.problems p
using adopt.`+t.name+` x
where p.tbl = $1 and p.key = x.key and x.left_out
  and p.code <> all ('{file_missing,file_outside,words_missing,inside}')`, t.name)
		if err != nil {
			return err
		}
	}
	return settle(ctx, tx, m.Decisions.Accept)
}

// begin writes the adoption's own row.
func (r *run) begin(ctx context.Context, tx pgx.Tx, m *mapping) error {
	address, ok := fold(m.Agency.Owner)
	if !ok {
		return fmt.Errorf("mapping: [agency] owner %q is no address", m.Agency.Owner)
	}
	taken, err := r.operator.UnavailableSlugs(ctx, []string{m.Agency.Slug})
	if err != nil {
		return err
	}
	if len(taken) > 0 {
		return fmt.Errorf("mapping: the slug %q of the agency is not available", m.Agency.Slug)
	}
	plan := cmp.Or(m.Agency.Plan, r.DB.Plans().First())
	if !r.DB.Plans().Has(plan) {
		return fmt.Errorf("mapping: there is no plan %q", plan)
	}
	id := store.NewID()
	_, err = tx.Exec(ctx, `
insert into adopt.adoption (id, agency_id, owner_id, slug, name, owner_email, owner_name, plan, files_at)
values ($1, $2, adopt.id4($1::uuid::text || ' person ' || $3), $4, $5, $3, $6, $7, $8)`,
		id, store.NewID(), address, m.Agency.Slug, m.Agency.Name, m.Agency.OwnerName, plan, m.Directory)
	return err
}

// copyRows reads their rows for one of our tables.
func copyRows(ctx context.Context, tx pgx.Tx, from *source, t table, m *mapping) (found []finding, err error) {
	rows, err := from.read(ctx, t, m.of(t), m.zone)
	if err != nil {
		return nil, err
	}
	defer rows.rows.Close()
	for _, name := range rows.noZone {
		found = append(found, finding{Tbl: t.name, Code: "no_zone", Key: name, About: m.TimeZone})
	}
	columns := []string{"key", "client"}
	for _, c := range t.columns {
		columns = append(columns, c.name)
	}
	var unread error // of their database; COPY reports only that it was given up
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"adopt", t.name}, columns, pgx.CopyFromFunc(func() ([]any, error) {
		row, more, err := rows.next()
		if err != nil || !more {
			unread = err
			return nil, err
		}
		values, problems := t.clean(row, m.of(t))
		found = append(found, problems...)
		return values, nil
	}))
	if unread != nil {
		return nil, unread
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && (pg.Code == "23505" || pg.Code == "23502") {
		err = fmt.Errorf("mapping: [%s] key must be there and tell all rows apart: %s", t.name, pg.Detail)
	}
	return found, err
}

// clean makes our row of theirs, and says what was wrong.
func (t table) clean(row sourceRow, m *mapped) (values []any, found []finding) {
	values = []any{row.key, row.client}
	key := ""
	if row.key != nil {
		key = *row.key
	}
	for i, c := range t.columns {
		out := c.clean(row.values[i])
		if t.name == "notes" && c.name == "words" && out.value == "" {
			out.found = append(out.found, finding{Code: "words_missing"})
		}
		if more := c.unknown(&out); more != nil && m.Columns[c.name] != "" {
			out.found = append(out.found, *more)
		}
		for _, f := range out.found {
			found = append(found, finding{Tbl: t.name, Key: key, Code: f.Code, About: f.About})
		}
		values = append(values, out.value)
	}
	return values, found
}

// unknown replaces a role or a state that we don't have.
func (c column) unknown(out *cleaned) *finding {
	s, _ := out.value.(string)
	switch {
	case c.name == "role" && s == "":
		out.value = string(store.RoleMember)
	case c.name == "role" && !slices.Contains(roles, s):
		out.value = string(store.RoleMember)
		return &finding{Code: "role_unknown", About: s}
	case c.name == "state" && !slices.Contains(states, s):
		out.value = string(store.DeliverableInReview)
		return &finding{Code: "state_unknown", About: s}
	}
	return nil
}

// decide applies the decisions about single rows.
func decide(ctx context.Context, tx pgx.Tx, d decision) error {
	for name, keys := range d.LeaveOut {
		tag, err := tx.Exec(ctx, `update adopt.`+tableOf(name).name+` set left_out = true where key = any ($1)`, keys)
		if err != nil {
			return err
		}
		if int(tag.RowsAffected()) != len(keys) {
			return fmt.Errorf("decisions: leave_out names rows of %s that aren't there", name)
		}
	}
	for name, parents := range d.Assign {
		t := tableOf(name)
		if t.parent == "" {
			return fmt.Errorf("decisions: %s can't be assigned", name)
		}
		for key, parent := range parents {
			// Its client is then its parent's.
			set := t.parent + ` = $2, client = null`
			if t.parent == "client" {
				set = `client = $2`
			}
			tag, err := tx.Exec(ctx, `update adopt.`+t.name+` set `+set+` where key = $1`, key, parent)
			if err != nil {
				return err
			}
			if tag.RowsAffected() != 1 {
				return fmt.Errorf("decisions: assign names %s %s, which isn't there", t.one, key)
			}
		}
	}
	return nil
}

// mapBack forgets what was read.
func (r *run) mapBack(ctx context.Context) error {
	return r.once(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `drop schema adopt cascade`); err != nil {
			return err
		}
		return r.verify(ctx, tx, "What is left:", `select count(*) as schemas from pg_namespace where nspname = 'adopt'`)
	})
}
