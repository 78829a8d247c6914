package adopt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/files"
	"portico/store"
)

// policies writes the rows into the tenants' tables as portico_app, in the context of their
// tenant and in the name of their author, so that every policy, key and check of the product
// holds for each. The new agency is suspended meanwhile, so nobody sees half of it.
func (r *run) policies(ctx context.Context) error {
	if r.DryRun {
		r.printf("Dry run: nothing is written. This would be written:\n")
		return r.verify(ctx, r.owner, "Rows, as portico_owner:", landing)
	}
	steps := []func(context.Context) error{r.makeTenants, r.landMembers, r.landProjects, r.landDeliverables,
		r.landVersions, r.landFiles, r.landNotes, r.landDates, r.finishTenants}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := r.compare(ctx); err != nil {
		return err
	}
	return r.reached(ctx, r.owner, Policies)
}

const landing = `
select 'clients' as rows, count(*) filter (where not left_out) as all, count(*) filter (where landed) as written from adopt.clients
union all select 'members', count(*), count(*) filter (where landed) from adopt.members
union all select 'projects', count(tenant_id), count(*) filter (where landed) from adopt.projects
union all select 'deliverables', count(tenant_id), count(*) filter (where landed) from adopt.deliverables
union all select 'versions', count(*), count(*) filter (where landed) from adopt.versions
union all select 'files', count(tenant_id), count(*) filter (where landed) from adopt.files
union all select 'notes', count(tenant_id), count(*) filter (where landed) from adopt.notes`

// makeTenants creates the agency, suspended, and its clients.
func (r *run) makeTenants(ctx context.Context) error {
	s := r.state
	err := r.operator.AdoptAgency(ctx, s.AgencyID, s.Slug, s.Name, s.OwnerID, s.OwnerEmail, s.OwnerName, s.Plan)
	if err == nil {
		err = r.operator.SuspendAgency(ctx, s.Slug)
	}
	if err != nil {
		return fmt.Errorf("agency: %w", err)
	}
	clients, err := r.clients(ctx)
	if err != nil {
		return err
	}
	for _, c := range clients {
		if err := r.operator.AdoptClient(ctx, s.AgencyID, c.TenantID, c.Slug, c.Name, s.Plan, c.CreatedAt); err != nil {
			return fmt.Errorf("client %s (%s): %w", c.Key, c.Slug, err)
		}
		if _, err := r.owner.Exec(ctx, `update adopt.clients set landed = true where key = $1`, c.Key); err != nil {
			return err
		}
		if err := r.committed(); err != nil {
			return err
		}
	}
	return nil
}

type client struct {
	Key       string
	TenantID  uuid.UUID
	Slug      string
	Name      string
	CreatedAt time.Time
}

func (r *run) clients(ctx context.Context) ([]client, error) {
	rows, err := r.owner.Query(ctx, `
select key, tenant_id, slug, name, created_at
from adopt.clients
where tenant_id is not null
order by slug`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[client])
}

// tenants are the agency and its clients.
func (r *run) tenants(ctx context.Context) (ids []uuid.UUID, err error) {
	clients, err := r.clients(ctx)
	ids = append(ids, r.state.AgencyID)
	for _, c := range clients {
		ids = append(ids, c.TenantID)
	}
	return ids, err
}

// landMembers makes people members, one in a transaction: a person who has an account keeps it.
func (r *run) landMembers(ctx context.Context) error {
	type member struct {
		TenantID, UserID    uuid.UUID
		Person, Email, Name string
		Party, Role         string
		Former              bool
	}
	rows, err := r.owner.Query(ctx, `
select tenant_id, user_id, person, email, name, party, role, former
from adopt.members
where not landed
order by tenant_id, former, person`)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[member])
	if err != nil {
		return err
	}
	moved := map[uuid.UUID]uuid.UUID{} // people whose account was there, by the id that they would have got
	for _, m := range all {
		wanted := m.UserID
		if there, ok := moved[wanted]; ok {
			wanted = there
		}
		var id uuid.UUID
		err := r.work(ctx, m.TenantID, uuid.Nil, func(tx *store.Tx) (err error) {
			id, err = tx.AdoptMember(ctx, store.AdoptedMember{User: wanted, Email: m.Email, Name: m.Name,
				Party: store.Party(m.Party), Role: store.Role(m.Role), Former: m.Former})
			return err
		})
		if err != nil {
			return fmt.Errorf("member %s: %w", m.Person, err)
		}
		if id != m.UserID {
			moved[m.UserID] = id
		}
		if err := r.noteMember(ctx, m.TenantID, m.Person, m.UserID, id); err != nil {
			return err
		}
		if err := r.committed(); err != nil {
			return err
		}
	}
	return nil
}

// noteMember records who a member is. Somebody whose account was there before is not the
// adoption's to remove.
func (r *run) noteMember(ctx context.Context, tenant uuid.UUID, person string, wanted, is uuid.UUID) error {
	return pgx.BeginFunc(ctx, r.owner, func(tx pgx.Tx) error {
		if wanted != is {
			if _, err := tx.Exec(ctx, `update adopt.people set user_id = $2 where user_id = $1`, wanted, is); err != nil {
				return err
			}
			// In other tenants too, so that nobody takes them for new there.
			_, err := tx.Exec(ctx, `update adopt.members set user_id = $2, new_id = '00000000-0000-0000-0000-000000000000' where user_id = $1`, wanted, is)
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `
update adopt.members set landed = true, new_id = coalesce(new_id, user_id)
where tenant_id = $1 and person = $2`, tenant, person)
		return err
	})
}

// authored is a row, and in whose name it is written where.
type authored struct {
	Key    string
	Tenant uuid.UUID
	Author uuid.UUID
}

// authorID is the id of the author of a row x, or of the unknown author.
func (r *run) authorID() string {
	return `coalesce((select p.user_id from adopt.people p where p.key = x.author), (select m.user_id from adopt.members m where m.tenant_id = x.tenant_id and m.person = ''))`
}

// land writes the rows of one table in batches of one tenant and author. query selects rows
// that have not been written, in their order, with the columns of authored first.
func land[T any](ctx context.Context, r *run, table, query string, of func(T) authored, write func(*store.Tx, []T) error) error {
	for {
		rows, err := r.owner.Query(ctx, query+fmt.Sprintf("\nlimit %d", r.BatchRows))
		if err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
		all, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
		if err != nil || len(all) == 0 {
			return err
		}
		for len(all) > 0 {
			n := 1
			for n < len(all) && of(all[n]).Tenant == of(all[0]).Tenant && of(all[n]).Author == of(all[0]).Author {
				n++
			}
			if err := landBatch(ctx, r, table, all[:n], of, write); err != nil {
				return err
			}
			all = all[n:]
		}
	}
}

func landBatch[T any](ctx context.Context, r *run, table string, rows []T, of func(T) authored, write func(*store.Tx, []T) error) error {
	first := of(rows[0])
	err := r.work(ctx, first.Tenant, first.Author, func(tx *store.Tx) error { return write(tx, rows) })
	if err != nil {
		return fmt.Errorf("%s, row %s and %d more: %w", table, first.Key, len(rows)-1, err)
	}
	keys := make([]string, len(rows))
	for i, row := range rows {
		keys[i] = of(row).Key
	}
	key := "key"
	if table == "versions" {
		key = "id::text"
	}
	if _, err := r.owner.Exec(ctx, `update adopt.`+table+` set landed = true where `+key+` = any ($1)`, keys); err != nil {
		return err
	}
	return r.committed()
}

func (r *run) landProjects(ctx context.Context) error {
	type row struct {
		authored
		store.AdoptedProject
	}
	return land(ctx, r, "projects", `
select key, tenant_id as tenant, `+r.authorID()+` as author, id, name, summary, due_on, position, created_at as shared_at,
       case when archived then updated_at end as archived_at, updated_at
from adopt.projects x
where tenant_id is not null and not landed
order by tenant_id, author, created_at, key`, func(p row) authored { return p.authored },
		func(tx *store.Tx, rows []row) error {
			all := make([]store.AdoptedProject, len(rows))
			for i, p := range rows {
				all[i] = p.AdoptedProject
			}
			return tx.AdoptProjects(all)
		})
}

func (r *run) landDeliverables(ctx context.Context) error {
	type row struct {
		authored
		store.AdoptedDeliverable
	}
	return land(ctx, r, "deliverables", `
select key, tenant_id as tenant, `+r.authorID()+` as author, id, project_id as project, title, brief, state, due_on, position, shared_at, shown_at, updated_at
from adopt.deliverables x
where tenant_id is not null and not landed
order by tenant_id, author, created_at, key`, func(d row) authored { return d.authored },
		func(tx *store.Tx, rows []row) error {
			all := make([]store.AdoptedDeliverable, len(rows))
			for i, d := range rows {
				all[i] = d.AdoptedDeliverable
			}
			return tx.AdoptDeliverables(all)
		})
}

func (r *run) landVersions(ctx context.Context) error {
	type row struct {
		authored
		store.AdoptedVersion
	}
	return land(ctx, r, "versions", `
select id::text as key, tenant_id as tenant, `+r.authorID()+` as author, id, deliverable_id as deliverable, number, shared_at, locked_at, approved_at
from adopt.versions x
where not landed
order by tenant_id, author, created_at, id`, func(v row) authored { return v.authored },
		func(tx *store.Tx, rows []row) error {
			all := make([]store.AdoptedVersion, len(rows))
			for i, v := range rows {
				all[i] = v.AdoptedVersion
			}
			return tx.AdoptVersions(all)
		})
}

// landFiles stores each file in its tenant's part of object storage: first the row, then the
// bytes, then the row says so.
func (r *run) landFiles(ctx context.Context) error {
	type row struct {
		authored
		store.AdoptedFile
		Path        string
		SHA256      []byte `db:"sha256"`
		CRC32       int64  `db:"crc32"`
		ContentType string
	}
	dir, err := openDir(r.state.FilesAt)
	if err != nil {
		return err
	}
	defer dir.Close()
	for {
		rows, err := r.owner.Query(ctx, `
select key, tenant_id as tenant, `+r.authorID()+` as author, id, version_id as version, name, size, position, path, sha256, crc32, content_type
from adopt.files x
where tenant_id is not null and not landed
order by tenant_id, created_at, key
limit $1`, r.BatchRows)
		if err != nil {
			return err
		}
		all, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
		if err != nil || len(all) == 0 {
			return err
		}
		for _, f := range all {
			err := r.work(ctx, f.Tenant, f.Author, func(tx *store.Tx) error { return tx.AdoptFile(ctx, f.AdoptedFile) })
			if err != nil {
				return fmt.Errorf("file %s: %w", f.Key, err)
			}
			c := content{size: f.Size, sha256: [32]byte(f.SHA256), crc32: uint32(f.CRC32), kind: f.ContentType}
			if err := send(ctx, r.Storage.For(f.Tenant), files.NewKey(f.Tenant, files.KindFile, f.ID), dir, f.Path, c); err != nil {
				return fmt.Errorf("file %s: %w", f.Key, err)
			}
			err = r.work(ctx, f.Tenant, f.Author, func(tx *store.Tx) error {
				return tx.AdoptBytes(ctx, f.ID, store.Stored{Size: f.Size, SHA256: f.SHA256, CRC32: &f.CRC32, ContentType: f.ContentType})
			})
			if err != nil {
				return fmt.Errorf("file %s: %w", f.Key, err)
			}
			if _, err := r.owner.Exec(ctx, `update adopt.files set landed = true where key = $1`, f.Key); err != nil {
				return err
			}
			if err := r.committed(); err != nil {
				return err
			}
		}
	}
}

// landNotes writes first notes before their replies. The rest of a long one is replies.
func (r *run) landNotes(ctx context.Context) error {
	type row struct {
		authored
		ThreadID, ID, VersionID uuid.UUID
		FileID                  *uuid.UUID
		Root, OfTeam, Team      bool
		Number                  int
		Words                   string
	}
	shown := func(team bool) store.Visibility {
		if team {
			return store.TeamOnly
		}
		return store.ClientVisible
	}
	return land(ctx, r, "notes", `
select key, tenant_id as tenant, `+r.authorID()+` as author, thread_id, id, version_id, file_id, root = key as root, of_team,
       coalesce(team, false) or of_team as team, coalesce(number, 0) as number, words
from adopt.notes x
where tenant_id is not null and not landed
order by root <> key, tenant_id, author, created_at, key`, func(n row) authored { return n.authored },
		func(tx *store.Tx, rows []row) error {
			var all []store.AdoptedNote
			for _, n := range rows {
				for i, words := range chunks(n.Words, store.MaxNoteWords) {
					note := store.AdoptedNote{Thread: n.ThreadID, Comment: n.ID, Of: shown(n.OfTeam), Shown: shown(n.Team), Words: words}
					switch {
					case i > 0:
						note.Comment = restID(n.ID, i)
					case n.Root:
						note.Version, note.Number, note.File = n.VersionID, n.Number, n.FileID
					}
					all = append(all, note)
				}
			}
			return tx.AdoptNotes(all)
		})
}

func chunks(s string, most int) (all []string) {
	runes := []rune(s)
	for len(runes) > most {
		all, runes = append(all, string(runes[:most])), runes[most:]
	}
	return append(all, string(runes))
}

// landDates sets when rows were created there. It may run again.
func (r *run) landDates(ctx context.Context) error {
	for _, d := range []struct{ table, query string }{
		{"memberships", `select tenant_id as tenant, user_id as id, created_at as at from adopt.members order by 1, 2`},
		{"projects", `select tenant_id as tenant, id, created_at as at from adopt.projects where tenant_id is not null order by 1, 2`},
		{"deliverables", `select tenant_id as tenant, id, created_at as at from adopt.deliverables where tenant_id is not null order by 1, 2`},
		{"versions", `select tenant_id as tenant, id, created_at as at from adopt.versions order by 1, 2`},
		{"files", `select tenant_id as tenant, id, created_at as at from adopt.files where tenant_id is not null order by 1, 2`},
		{"threads", `select tenant_id as tenant, thread_id as id, created_at as at from adopt.notes where root = key order by 1, 2`},
		{"comments", `select tenant_id as tenant, id, created_at as at from adopt.notes where tenant_id is not null order by 1, 2`},
	} {
		for offset := 0; ; offset += r.BatchRows {
			rows, err := r.owner.Query(ctx, d.query+fmt.Sprintf("\nlimit %d offset %d", r.BatchRows, offset))
			if err != nil {
				return err
			}
			dates, err := pgx.CollectRows(rows, pgx.RowToStructByName[store.AdoptedDate])
			if err != nil {
				return err
			}
			if len(dates) == 0 {
				break
			}
			if err := r.operator.SetAdoptedDates(ctx, d.table, dates); err != nil {
				return err
			}
			if err := r.committed(); err != nil {
				return err
			}
		}
	}
	rests, err := r.rests(ctx)
	if err != nil || len(rests) == 0 {
		return err
	}
	return r.operator.SetAdoptedDates(ctx, "comments", rests)
}

// restID is the id of a piece of a note that was too long for one.
func restID(note uuid.UUID, piece int) uuid.UUID { return uuid.NewSHA1(note, fmt.Append(nil, piece)) }

// rests are the pieces of long notes after their first.
func (r *run) rests(ctx context.Context) (all []store.AdoptedDate, err error) {
	type long struct {
		Tenant, ID uuid.UUID
		At         time.Time
		Words      string
	}
	rows, err := r.owner.Query(ctx, `
select tenant_id as tenant, id, created_at as at, words
from adopt.notes
where tenant_id is not null and char_length(words) > $1`, store.MaxNoteWords)
	if err != nil {
		return nil, err
	}
	notes, err := pgx.CollectRows(rows, pgx.RowToStructByName[long])
	for _, n := range notes {
		for i := 1; i < len(chunks(n.Words, store.MaxNoteWords)); i++ {
			all = append(all, store.AdoptedDate{Tenant: n.Tenant, ID: restID(n.ID, i), At: n.At.Add(time.Duration(i) * time.Microsecond)})
		}
	}
	return all, err
}

// finishTenants counts, marks what clients have seen, and writes the trail.
func (r *run) finishTenants(ctx context.Context) error {
	tenants, err := r.tenants(ctx)
	if err != nil {
		return err
	}
	for _, tenant := range tenants {
		if err := r.finishTenant(ctx, tenant); err != nil {
			return fmt.Errorf("finish %s: %w", tenant, err)
		}
		if err := r.committed(); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) finishTenant(ctx context.Context, tenant uuid.UUID) error {
	rows, err := r.owner.Query(ctx, `select id from adopt.versions where tenant_id = $1 order by deliverable_id, number`, tenant)
	if err != nil {
		return err
	}
	versions, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return err
	}
	for len(versions) > 0 {
		n := min(len(versions), 100)
		if err := r.work(ctx, tenant, uuid.Nil, func(tx *store.Tx) error { return tx.CountAdopted(versions[:n]) }); err != nil {
			return err
		}
		versions = versions[n:]
	}
	if rows, err = r.owner.Query(ctx, `select user_id from adopt.members where tenant_id = $1 and party = 'client' and not former`, tenant); err != nil {
		return err
	}
	readers, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return err
	}
	for _, reader := range readers {
		if err := r.work(ctx, tenant, reader, func(tx *store.Tx) error { return tx.AdoptViews(ctx) }); err != nil {
			return err
		}
	}
	counts, err := r.stagedCounts(ctx, tenant)
	if err != nil {
		return err
	}
	return r.work(ctx, tenant, uuid.Nil, func(tx *store.Tx) error { return tx.FinishAdoption(ctx, counts) })
}

// stagedTables are the tenants' tables that rows come into, with the query for the ids of a
// tenant's rows that should be there.
var stagedTables = []struct{ table, key, ids string }{
	{"memberships", "user_id", `select user_id from adopt.members where tenant_id = $1`},
	{"projects", "id", `select id from adopt.projects where tenant_id = $1`},
	{"deliverables", "id", `select id from adopt.deliverables where tenant_id = $1`},
	{"versions", "id", `select id from adopt.versions where tenant_id = $1`},
	{"files", "id", `select id from adopt.files where tenant_id = $1`},
	{"threads", "id", `select thread_id from adopt.notes where tenant_id = $1 and root = key`},
	{"comments", "id", `select id from adopt.notes where tenant_id = $1`},
}

func (r *run) stagedCounts(ctx context.Context, tenant uuid.UUID) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, t := range stagedTables {
		var n int64
		if err := r.owner.QueryRow(ctx, `select count(*) from (`+t.ids+`) x`, tenant).Scan(&n); err != nil {
			return nil, err
		}
		counts[t.table] = n
	}
	return counts, nil
}

// compare asks the tenants' tables, as the app, for every row that should be there.
func (r *run) compare(ctx context.Context) error {
	app, err := r.asApp(ctx)
	if err != nil {
		return err
	}
	defer app.close(ctx)
	tenants, err := r.tenants(ctx)
	if err != nil {
		return err
	}
	r.printf("\nRows in the tenants' tables, as portico_app in each tenant:\n\n    begin;\n")
	r.printf("    select set_config('app.tenant_id', TENANT, true), set_config('app.party', 'system', true);\n")
	r.printf("    select count(*) from TABLE;\n    rollback;\n\n    table         should be  are there\n")
	wrong := false
	for _, t := range stagedTables {
		var want, have int64
		for _, tenant := range tenants {
			ids, err := r.ids(ctx, t.ids, tenant)
			if err != nil {
				return err
			}
			n, err := app.count(ctx, scope{tenant: tenant, party: "system"}, t.table, t.key+` = any ($1)`, ids)
			if err != nil {
				return err
			}
			want, have = want+int64(len(ids)), have+n
		}
		r.printf("    %-12s  %9d  %9d\n", t.table, want, have)
		wrong = wrong || want != have
	}
	if wrong {
		return errors.New("some rows are not there; run the phase again")
	}
	return nil
}

func (r *run) ids(ctx context.Context, query string, tenant uuid.UUID) ([]uuid.UUID, error) {
	rows, err := r.owner.Query(ctx, query, tenant)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}
