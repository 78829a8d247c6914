package adopt

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// backfill gives each row its tenant, its id and its author, in batches. What is done is
// left as it is, so that it goes on where it stopped.
func (r *run) backfill(ctx context.Context) error {
	if r.DryRun {
		return r.once(ctx, func(tx pgx.Tx) error {
			for _, sql := range r.backfillSteps() {
				if _, err := tx.Exec(ctx, sql); err != nil {
					return err
				}
			}
			return r.verify(ctx, tx, "Rows, as portico_owner:", countRows)
		})
	}
	for _, sql := range r.backfillSteps() {
		err := r.batch(ctx, func(tx pgx.Tx) (int64, error) {
			tag, err := tx.Exec(ctx, strings.Replace(sql, "-- limit", fmt.Sprintf("limit %d", r.BatchRows), 1))
			return tag.RowsAffected(), err
		})
		if err != nil {
			return fmt.Errorf("backfill: %w", err)
		}
	}
	if err := r.hashFiles(ctx); err != nil {
		return err
	}
	if err := r.verify(ctx, r.owner, "Rows, as portico_owner:", countRows); err != nil {
		return err
	}
	if err := r.verify(ctx, r.owner, "What is made of them:", madeRows); err != nil {
		return err
	}
	return r.reached(ctx, r.owner, Backfill)
}

const madeRows = `
select t.slug as client, (select count(*) from adopt.members m where m.tenant_id = t.tenant_id and not m.former) as members,
       (select count(*) from adopt.members m where m.tenant_id = t.tenant_id and m.former) as former,
       (select count(*) from adopt.projects p where p.tenant_id = t.tenant_id) as projects,
       (select count(*) from adopt.versions v where v.tenant_id = t.tenant_id) as versions,
       (select count(*) from adopt.files f where f.tenant_id = t.tenant_id) as files,
       (select count(*) from adopt.notes n where n.tenant_id = t.tenant_id) as notes
from adopt.clients t
where not t.left_out
order by t.slug`

// backfillSteps are statements that each do a batch of rows that lack something. Each is
// repeated until it finds none.
func (r *run) backfillSteps() []string {
	seed := "'" + r.state.ID.String() + " '"
	swap := strings.NewReplacer("SEED", seed, "AGENCY", "'"+r.state.AgencyID.String()+"'::uuid",
		"OWNER_ID", "'"+r.state.OwnerID.String()+"'::uuid")
	var all []string
	for _, sql := range []string{
		placeClients, placePeople, placeProjects, placeDeliverables, makeVersions, makeEmptyVersions,
		lockVersions, placeFiles, placeNotes, threadNotes, numberNotes, showDeliverables, touchProjects,
		ownAgency, ownMembers, ownerMembers, authorMembers, unknownMembers,
	} {
		all = append(all, swap.Replace(sql))
	}
	return all
}

// authorOf is the key of the person who becomes the author of a row x: "" is unknown.
const authorOf = `coalesce((select coalesce(p.same_as, p.key) from adopt.people p where p.key = x.created_by and not p.left_out), '')`

const placeClients = `
update adopt.clients t set tenant_id = adopt.id7(t.created_at, SEED || 'client ' || t.key)
where t.key in (select key from adopt.clients where tenant_id is null and not left_out -- limit
)`

// People with the same address are the same person everywhere.
const placePeople = `
update adopt.people t
set tenant_id = case when t.staff then AGENCY else c.tenant_id end,
    user_id = adopt.id4(SEED || 'person ' || coalesce(t.email, 'without address ' || t.key))
from (select x.key, x.client, y.tenant_id from adopt.people x left join adopt.clients y on y.key = x.client
      where x.tenant_id is null and not x.left_out and (x.staff or y.tenant_id is not null) -- limit
) c
where c.key = t.key`

const placeProjects = `
update adopt.projects t
set tenant_id = s.tenant_id, id = adopt.id7(t.created_at, SEED || 'project ' || t.key), author = s.author, position = s.position, updated_at = t.created_at
from (select x.key, c.tenant_id, ` + authorOf + ` as author,
             (select count(*) from adopt.projects o where o.client = x.client and not o.left_out and (o.created_at, o.key) > (x.created_at, x.key)) as position
      from adopt.projects x
      join adopt.clients c on c.key = x.client and c.tenant_id is not null
      where x.tenant_id is null and not x.left_out -- limit
) s
where s.key = t.key`

const placeDeliverables = `
update adopt.deliverables t
set tenant_id = s.tenant_id, id = adopt.id7(t.created_at, SEED || 'deliverable ' || t.key), project_id = s.project_id, author = s.author,
    position = s.position, updated_at = t.created_at
from (select x.key, p.tenant_id, p.id as project_id, ` + authorOf + ` as author,
             (select count(*) from adopt.deliverables o where o.project = x.project and not o.left_out and (o.created_at, o.key) < (x.created_at, x.key)) as position
      from adopt.deliverables x
      join adopt.projects p on p.key = x.project and p.client = x.client and p.tenant_id is not null
      where x.tenant_id is null and not x.left_out -- limit
) s
where s.key = t.key`

// makeVersions numbers the versions of a deliverable without gaps.
const makeVersions = `
insert into adopt.versions (tenant_id, id, deliverable_id, deliverable, number, created_at, author, shared_at)
select d.tenant_id, adopt.id7(v.created_at, SEED || 'version ' || d.key || ' ' || v.number), d.id, d.key, v.number, v.created_at, v.author,
       case when d.state <> 'draft' then v.created_at end
from (
    select x.deliverable, row_number() over (partition by x.deliverable order by coalesce(x.version, 1)) as number,
           min(x.created_at) as created_at, (array_agg(` + authorOf + ` order by x.created_at, x.key))[1] as author
    from adopt.files x
    where not x.left_out
    group by x.deliverable, coalesce(x.version, 1)
) v
join adopt.deliverables d on d.key = v.deliverable and d.tenant_id is not null
where not exists (select from adopt.versions o where o.deliverable = d.key and o.number = v.number)
-- limit`

// A deliverable without files has a first version too.
const makeEmptyVersions = `
insert into adopt.versions (tenant_id, id, deliverable_id, deliverable, number, created_at, author, shared_at)
select d.tenant_id, adopt.id7(d.created_at, SEED || 'version ' || d.key || ' 1'), d.id, d.key, 1, d.created_at, d.author,
       case when d.state <> 'draft' then d.created_at end
from adopt.deliverables d
where d.tenant_id is not null
  and not exists (select from adopt.versions o where o.deliverable = d.key)
-- limit`

// lockVersions leaves the newest version open. What was approved is the newest.
const lockVersions = `
update adopt.versions t
set locked_at = s.next_at, approved_at = s.approved_at
from (
    select v.tenant_id, v.id, n.shared_at as next_at, case when n.id is null and d.state = 'approved' then v.shared_at end as approved_at
    from adopt.versions v
    join adopt.deliverables d on d.key = v.deliverable
    left join adopt.versions n on n.deliverable = v.deliverable and n.number = v.number + 1
    where v.shared_at is not null
) s
where s.tenant_id = t.tenant_id and s.id = t.id
  and (t.locked_at is distinct from s.next_at or t.approved_at is distinct from s.approved_at)`

const placeFiles = `
update adopt.files t
set tenant_id = s.tenant_id, id = adopt.id7(t.created_at, SEED || 'file ' || t.key), version_id = s.version_id, author = s.author, position = s.position
from (select x.key, d.tenant_id, v.id as version_id, ` + authorOf + ` as author, x.position
      from (
          select f.*, dense_rank() over (partition by deliverable order by coalesce(version, 1)) as nth,
                 row_number() over (partition by deliverable, coalesce(version, 1) order by created_at, key) as position
          from (select key, deliverable, client, version, created_at, created_by, tenant_id from adopt.files where not left_out) f
      ) x
      join adopt.deliverables d on d.key = x.deliverable and d.client = x.client and d.tenant_id is not null
      join adopt.versions v on v.deliverable = d.key and v.number = x.nth
      where x.tenant_id is null -- limit
) s
where s.key = t.key`

// A note is about the version that was the newest when it was written, or about its file's.
const placeNotes = `
update adopt.notes t
set tenant_id = s.tenant_id, id = adopt.id4(SEED || 'note ' || t.key), author = s.author, version_id = s.version_id, file_id = s.file_id
from (select x.key, d.tenant_id, ` + authorOf + ` as author, f.id as file_id,
             coalesce(f.version_id,
                      (select v.id from adopt.versions v where v.deliverable = d.key and v.created_at <= x.created_at order by v.number desc limit 1),
                      (select v.id from adopt.versions v where v.deliverable = d.key order by v.number limit 1)) as version_id
      from adopt.notes x
      join adopt.deliverables d on d.key = x.deliverable and d.client = x.client and d.tenant_id is not null
      left join adopt.files f on f.key = x.file and f.tenant_id = d.tenant_id
      where x.tenant_id is null and not x.left_out -- limit
) s
where s.key = t.key`

// threadNotes finds the first note of each. Replies to replies go to the same one.
const threadNotes = `
with recursive chain as (
    select key, key as root from adopt.notes where reply_to is null and tenant_id is not null
    union all
    select n.key, c.root from adopt.notes n join chain c on c.key = n.reply_to where n.tenant_id is not null
), s as (
    select c.key, c.root, adopt.id4(SEED || 'thread ' || c.root) as thread_id, coalesce(o.team, false) as of_team, o.version_id
    from chain c
    join adopt.notes o on o.key = c.root
    join adopt.notes n on n.key = c.key and n.root is null -- limit
)
update adopt.notes t set root = s.root, thread_id = s.thread_id, of_team = s.of_team, version_id = s.version_id
from s
where s.key = t.key`

const numberNotes = `
update adopt.notes t set number = s.number
from (select key, row_number() over (partition by version_id, of_team order by created_at, key) as number
      from adopt.notes where root = key) s
where s.key = t.key and t.number is distinct from s.number`

const showDeliverables = `
update adopt.deliverables t set shared_at = s.first, shown_at = s.last, updated_at = s.touched
from (select deliverable, min(shared_at) as first, max(shared_at) as last, max(created_at) as touched from adopt.versions group by deliverable) s
where s.deliverable = t.key
  and (t.shared_at, t.shown_at, t.updated_at) is distinct from (s.first, s.last, s.touched)`

const touchProjects = `
update adopt.projects t set updated_at = s.touched
from (select p.key, greatest(p.created_at, max(d.updated_at)) as touched
      from adopt.projects p left join adopt.deliverables d on d.project_id = p.id and d.tenant_id = p.tenant_id
      where p.tenant_id is not null group by p.key, p.created_at) s
where s.key = t.key and t.updated_at is distinct from s.touched`

// members: whoever belongs somewhere, the agency's owner everywhere, and each author where
// they wrote.
const insertMembers = `
insert into adopt.members (tenant_id, person, user_id, email, name, party, role, former, created_at)
`

// skipKnown leaves out who is a member already; one who is there by two ways is one member.
const skipKnown = `
  and not exists (select from adopt.members o where o.tenant_id = s.tenant_id and (o.person = s.person or o.user_id = s.user_id))`

const noAddress = `coalesce(p.email, 'adopted-' || left(encode(sha256(convert_to(SEED || p.key, 'UTF8')), 'hex'), 20) || '@nobody.invalid')`

const ownAgency = insertMembers + `
select s.* from (
    select AGENCY as tenant_id, coalesce((select p.key from adopt.people p where p.email = a.owner_email and p.staff and p.same_as is null and not p.left_out), '-owner') as person,
           OWNER_ID as user_id, a.owner_email, a.owner_name, 'agency', 'owner', false, a.started_at
    from adopt.adoption a
) s
where true` + skipKnown

const ownMembers = insertMembers + `
select s.* from (
    select distinct on (p.tenant_id, p.user_id) p.tenant_id, p.key as person, p.user_id, ` + noAddress + `, p.name, case when p.staff then 'agency' else 'client' end, p.role,
           p.email is null or not coalesce(p.active, true), p.created_at
    from adopt.people p
    where p.tenant_id is not null and p.same_as is null
    order by p.tenant_id, p.user_id, p.key
) s
where true` + skipKnown

const ownerMembers = insertMembers + `
select s.* from (
    select c.tenant_id, m.person, m.user_id, m.email, m.name, 'agency', 'owner', false, c.created_at
    from adopt.clients c
    join adopt.members m on m.tenant_id = AGENCY and m.user_id = OWNER_ID
    where c.tenant_id is not null
) s
where true` + skipKnown

// Staff who wrote in a client work there; authors of another client are former members.
const authorMembers = insertMembers + `
select s.* from (
    select distinct on (w.tenant_id, p.user_id) w.tenant_id, p.key as person, p.user_id, ` + noAddress + `, p.name, case when p.staff then 'agency' else 'client' end,
           case when p.staff then p.role else 'viewer' end, p.email is null or not coalesce(p.active, true) or p.staff is distinct from true, w.first
    from (
        select tenant_id, author, min(created_at) as first from (
            select tenant_id, author, created_at from adopt.projects
            union all select tenant_id, author, created_at from adopt.deliverables
            union all select tenant_id, author, created_at from adopt.versions
            union all select tenant_id, author, created_at from adopt.files
            union all select tenant_id, author, created_at from adopt.notes
        ) x where tenant_id is not null group by tenant_id, author
    ) w
    join adopt.people p on p.key = w.author
    order by w.tenant_id, p.user_id, p.key
) s
where true` + skipKnown

const unknownMembers = insertMembers + `
select s.* from (
    select x.tenant_id, '' as person, adopt.id4(SEED || 'unknown author') as user_id,
           'adopted-' || left(encode(sha256(convert_to(SEED || 'unknown', 'UTF8')), 'hex'), 20) || '@nobody.invalid', 'Unknown author', 'client', 'viewer', true, min(x.created_at)
    from (
        select tenant_id, author, created_at from adopt.projects
        union all select tenant_id, author, created_at from adopt.deliverables
        union all select tenant_id, author, created_at from adopt.versions
        union all select tenant_id, author, created_at from adopt.files
        union all select tenant_id, author, created_at from adopt.notes
    ) x
    where x.tenant_id is not null and x.author = ''
    group by x.tenant_id
) s
where true` + skipKnown

// hashFiles reads each file once, and notes its size, checksums and type.
func (r *run) hashFiles(ctx context.Context) error {
	type file struct{ Key, Path string }
	return r.batch(ctx, func(tx pgx.Tx) (int64, error) {
		rows, err := tx.Query(ctx, `select key, path from adopt.files where tenant_id is not null and sha256 is null limit $1`, r.BatchRows)
		if err != nil {
			return 0, err
		}
		todo, err := pgx.CollectRows(rows, pgx.RowToStructByName[file])
		if err != nil || len(todo) == 0 {
			return 0, err
		}
		dir, err := openDir(r.state.FilesAt)
		if err != nil {
			return 0, err
		}
		defer dir.Close()
		for _, f := range todo {
			c, err := look(dir, f.Path)
			if err != nil {
				return 0, err
			}
			_, err = tx.Exec(ctx, `update adopt.files set size = $2, sha256 = $3, crc32 = $4, content_type = $5 where key = $1`,
				f.Key, c.size, c.sha256[:], int64(c.crc32), c.kind)
			if err != nil {
				return 0, err
			}
		}
		return int64(len(todo)), nil
	})
}

// backfillBack takes tenants, ids and authors away again.
func (r *run) backfillBack(ctx context.Context) error {
	return r.once(ctx, func(tx pgx.Tx) error {
		for _, sql := range []string{
			`delete from adopt.members`, `delete from adopt.versions`,
			`update adopt.clients set tenant_id = null`,
			`update adopt.people set tenant_id = null, user_id = null`,
			`update adopt.projects set tenant_id = null, id = null, author = null, position = null, updated_at = null`,
			`update adopt.deliverables set tenant_id = null, id = null, project_id = null, author = null, position = null, shared_at = null, shown_at = null, updated_at = null`,
			`update adopt.files set tenant_id = null, id = null, version_id = null, author = null, position = null, size = null, sha256 = null, crc32 = null, content_type = null`,
			`update adopt.notes set tenant_id = null, id = null, thread_id = null, version_id = null, file_id = null, author = null, number = null, root = null, of_team = null`,
		} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		if err := r.reached(ctx, tx, Map); err != nil {
			return err
		}
		return r.verify(ctx, tx, "Rows, as portico_owner:", countRows)
	})
}
