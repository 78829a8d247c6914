package adopt

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// relate finds what is wrong between rows, and applies the proposals. Rows that are left out
// take what belongs to them along.
func relate(ctx context.Context, tx pgx.Tx) error {
	for _, sql := range []string{samePeople, withoutWords, withoutFile, staffHome} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("relate: %w", err)
		}
	}
	for _, t := range tables {
		for _, sql := range t.relations() {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return fmt.Errorf("relate %s: %w", t.name, err)
			}
		}
	}
	for _, sql := range []string{lostReplies, cyclicReplies, notesOnDrafts, lostFiles, draftRevisions, longNotes} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("relate: %w", err)
		}
	}
	return nil
}

// staffHome: staff belong to the agency, whatever else their row says.
const staffHome = `update adopt.people set client = null where staff`

const samePeople = `
with first as (
    select key, first_value(key) over (partition by email, coalesce(staff, false), case when staff then '' else client end
                                       order by coalesce(active, true) desc, created_at nulls last, length(key), key) as first
    from adopt.people
    where email is not null and not left_out
), same as (
    update adopt.people p set same_as = f.first
    from first f
    where f.key = p.key and f.first <> p.key
    returning p.key, p.email, p.same_as
)
insert into adopt.problems (tbl, key, code, about)
select 'people', key, 'same_address', email || ', becomes ' || same_as from same`

const withoutWords = `
update adopt.notes set left_out = true where words = ''`

const withoutFile = `
update adopt.files f set left_out = true
from adopt.problems p
where p.tbl = 'files' and p.key = f.key and p.code in ('file_missing', 'file_outside')`

// relations are the statements that place the rows of a table below its parent's.
func (t table) relations() []string {
	swap := strings.NewReplacer("TABLE", t.name, "PARENT", t.parent, "WITHIN", t.within)
	var all []string
	if t.parent != "" {
		all = append(all, inside)
		if t.parent != "client" {
			all = append(all, otherClient, inherit)
		}
		all = append(all, nobody[t.parent == "client"])
	}
	all = append(all, future, undated(t))
	for _, c := range t.columns {
		if c.name == "created_by" {
			all = append(all, unknownAuthors, outsideAuthors)
		}
	}
	for i, sql := range all {
		all[i] = swap.Replace(sql)
	}
	return all
}

const inside = `
with gone as (
    update adopt.TABLE x set left_out = true
    from adopt.WITHIN p
    where p.key = x.PARENT and p.left_out and not x.left_out
    returning x.key, x.PARENT as parent
)
insert into adopt.problems (tbl, key, code, about)
select 'TABLE', key, 'inside', parent from gone`

const otherClient = `
insert into adopt.problems (tbl, key, code, about)
select 'TABLE', x.key, 'other_client', x.client || ', and its PARENT is of ' || coalesce(p.client, 'nobody')
from adopt.TABLE x
join adopt.WITHIN p on p.key = x.PARENT
where not x.left_out and x.client is not null and x.client is distinct from p.client`

// inherit gives a row the client of its parent; one that names another has none.
const inherit = `
update adopt.TABLE x
set client = case when x.client is null or x.client = p.client then p.client end
from adopt.WITHIN p
where p.key = x.PARENT`

// nobody names the rows whose parent is missing. Of people, projects and rows whose parent
// is there, what is inside follows when the parent is settled.
var nobody = map[bool]string{
	true: `
insert into adopt.problems (tbl, key, code, about)
select 'TABLE', x.key, 'nobody', coalesce('client ' || x.client, 'no client')
from adopt.TABLE x
where not x.left_out
  and not exists (select from adopt.clients c where c.key = x.client)
  and ('TABLE' <> 'people' or (to_jsonb(x) ->> 'staff') is distinct from 'true')`,
	false: `
insert into adopt.problems (tbl, key, code, about)
select 'TABLE', x.key, 'nobody', coalesce('PARENT ' || x.PARENT, 'no PARENT')
from adopt.TABLE x
where not x.left_out
  and not exists (select from adopt.WITHIN p where p.key = x.PARENT)`,
}

const future = `
with later as (
    update adopt.TABLE x set created_at = now()
    where created_at > now() and not left_out
    returning key
)
insert into adopt.problems (tbl, key, code)
select 'TABLE', key, 'date_future' from later`

func undated(t table) string {
	parent := `null`
	if t.parent != "" {
		parent = `(select p.created_at from adopt.WITHIN p where p.key = x.PARENT)`
	}
	return `
with dated as (
    update adopt.TABLE x set created_at = coalesce(` + parent + `, now())
    where created_at is null and not left_out
    returning key
)
insert into adopt.problems (tbl, key, code)
select 'TABLE', key, 'date_missing' from dated`
}

const unknownAuthors = `
insert into adopt.problems (tbl, key, code, about)
select 'TABLE', x.key, 'author_unknown', coalesce('person ' || x.created_by, '')
from adopt.TABLE x
where not x.left_out
  and not exists (select from adopt.people p where p.key = x.created_by and not p.left_out)`

const outsideAuthors = `
insert into adopt.problems (tbl, key, code, about)
select 'TABLE', x.key, 'author_outside', 'person ' || p.key
from adopt.TABLE x
join adopt.people p on p.key = x.created_by and not p.left_out and p.staff is distinct from true
where not x.left_out and x.client is not null and p.client is distinct from x.client
  and not exists (select from adopt.people o where o.email = p.email and o.client = x.client and not o.left_out)`

const lostReplies = `
with lost as (
    update adopt.notes x set reply_to = null
    where not x.left_out and x.reply_to is not null
      and not exists (select from adopt.notes p where p.key = x.reply_to and p.deliverable = x.deliverable and not p.left_out)
    returning x.key
)
insert into adopt.problems (tbl, key, code)
select 'notes', key, 'reply_lost' from lost`

// cyclicReplies finds notes that no first note leads to.
const cyclicReplies = `
with recursive reached as (
    select key from adopt.notes where reply_to is null
    union
    select n.key from adopt.notes n join reached r on r.key = n.reply_to
), lost as (
    update adopt.notes x set reply_to = null
    where not x.left_out and not exists (select from reached r where r.key = x.key)
    returning x.key
)
insert into adopt.problems (tbl, key, code)
select 'notes', key, 'reply_lost' from lost`

const notesOnDrafts = `
with hidden as (
    update adopt.notes n set team = true
    from adopt.deliverables d
    where d.key = n.deliverable and d.state = 'draft' and n.team is distinct from true and not n.left_out
    returning n.key
)
insert into adopt.problems (tbl, key, code)
select 'notes', key, 'note_on_draft' from hidden`

const lostFiles = `
with lost as (
    update adopt.notes n set file = null
    where n.file is not null and not n.left_out
      and not exists (select from adopt.files f where f.key = n.file and f.deliverable = n.deliverable and not f.left_out)
    returning n.key
)
insert into adopt.problems (tbl, key, code)
select 'notes', key, 'file_elsewhere' from lost`

const draftRevisions = `
with folded as (
    update adopt.files f set version = 1
    from adopt.deliverables d
    where d.key = f.deliverable and d.state = 'draft' and f.version <> 1 and not f.left_out
    returning f.deliverable
)
insert into adopt.problems (tbl, key, code)
select distinct 'deliverables', deliverable, 'draft_revisions' from folded`

const longNotes = `
insert into adopt.problems (tbl, key, code)
select 'notes', key, 'split' from adopt.notes where char_length(words) > 10000 and not left_out`

// slugs gives each client a slug that it can have.
func (r *run) slugs(ctx context.Context, tx pgx.Tx, m *mapping) error {
	rows, err := tx.Query(ctx, `select key, coalesce(slug, '') as slug, name from adopt.clients where not left_out order by created_at, length(key), key`)
	if err != nil {
		return err
	}
	type client struct{ Key, Slug, Name string }
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[client])
	if err != nil {
		return err
	}
	taken := map[string]bool{m.Agency.Slug: true}
	var found []finding
	for _, c := range all {
		slug, err := r.freeSlug(ctx, c.Slug, c.Name, taken)
		if err != nil {
			return err
		}
		taken[slug] = true
		if slug == c.Slug {
			continue
		}
		found = append(found, finding{"clients", c.Key, "slug_unusable", fmt.Sprintf("%q, becomes %s", c.Slug, slug)})
		if _, err := tx.Exec(ctx, `update adopt.clients set slug = $2 where key = $1`, c.Key, slug); err != nil {
			return err
		}
	}
	return insertFindings(ctx, tx, found)
}

func (r *run) freeSlug(ctx context.Context, wanted, name string, taken map[string]bool) (string, error) {
	base := slugOf(wanted)
	if strings.Trim(wanted, " ") == "" {
		base = slugOf(name)
	}
	candidates := []string{wanted, base}
	for n := 2; n < 1000; n++ {
		candidates = append(candidates, fmt.Sprintf("%s-%d", base, n))
	}
	unavailable, err := r.operator.UnavailableSlugs(ctx, candidates)
	if err != nil {
		return "", err
	}
	for _, s := range unavailable {
		taken[s] = true
	}
	for _, s := range candidates {
		if !taken[s] {
			return s, nil
		}
	}
	return "", fmt.Errorf("no slug is free for %q", wanted)
}
