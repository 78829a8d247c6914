package main

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store"
)

// The first digits of an id say what it identifies. The rest is a number, so ids of the
// filled database are known without a query.
const (
	ofAgency = iota + 1
	ofOwner
	ofStaff
	ofClient
	ofPerson
	ofProject
	ofDeliverable
	ofVersion
	ofFile
	ofSession
	ofManager
)

func id(of, n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("%08x-0000-7000-8000-%012x", of, n))
}

// token returns the session token of a person in the filled database.
func token(of, n int) store.Token { return sha256.Sum256(fmt.Appendf(nil, "session %d %d", of, n)) }

const (
	staffPerClient      = 4         // in addition to the agency's owner and the client's manager
	listLength          = 50        // deliverables on the page, of a tenant's hundred
	firstSwitcherPerson = 1000_0000 // persons from this number on have a switcher to measure
)

// workspaceCounts are the numbers of clients to which the people with a measured
// switcher belong.
var workspaceCounts = []int{5, 1000}

// fillSQL inserts rows round by round, so the rows of a tenant are scattered as in real
// use. Client n has projects 2n and 2n+1, person n and, as staff, manager n. Both belong
// to no other tenant.
const fillSQL = `
set session_replication_role = replica;
set synchronous_commit = off;
create function pg_temp.id(part int, n bigint) returns uuid language sql immutable as
$$ select (lpad(to_hex(part), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
create temp table c as
select n, pg_temp.id(4, n) as id, (n - 1) / 100 as agency from generate_series(1, $clients) n;

insert into tenants (id, kind, slug, name, accent, plan)
select pg_temp.id(1, a), 'agency', 'agency-' || a, 'Agency ' || a, '#3355bb', 'enterprise' from (select distinct agency as a from c) s;
insert into tenants (id, kind, agency_id, slug, name, plan)
select id, 'client', pg_temp.id(1, agency), 'client-' || n, 'Client ' || n, 'enterprise' from c;
-- Looked at and not to be looked at again: nobody serves these names.
insert into domains (host, tenant_id, verified_at, proved_at, next_check_at) select 'portal-' || n || '.test', id, now(), now(), null from c;
insert into users (id, name, email) select pg_temp.id(2, a), 'Owner ' || a, 'owner-' || a || '@agency.test' from (select distinct agency as a from c) s;
insert into users (id, name, email)
select pg_temp.id(3, a * 10 + s), 'Staff ' || s, 'staff-' || a || '-' || s || '@agency.test' from (select distinct agency as a from c) x, generate_series(1, 4) s;
insert into users (id, name, email) select pg_temp.id(5, n), 'Person ' || n, 'person-' || n || '@client.test' from c;
insert into users (id, name, email) select pg_temp.id(11, n), 'Manager ' || n, 'manager-' || n || '@agency.test' from c;

insert into memberships (tenant_id, user_id, tenant_kind, party, role, name, email, last_seen_at, used_at)
select pg_temp.id(1, a), pg_temp.id(2, a), 'agency', 'agency', 'owner', 'Owner ' || a, 'owner-' || a || '@agency.test', now(), now() - interval '1 day'
from (select distinct agency as a from c) s;
insert into memberships (tenant_id, user_id, tenant_kind, party, role, name, email, last_seen_at, used_at)
select id, pg_temp.id(2, agency), 'client', 'agency', 'owner', 'Owner ' || agency, 'owner-' || agency || '@agency.test', now(), now() - n * interval '1 minute' from c;
insert into memberships (tenant_id, user_id, tenant_kind, party, role, name, email, last_seen_at, last_place)
select id, pg_temp.id(3, agency * 10 + s), 'client', 'agency', 'member', 'Staff ' || s, 'staff-' || agency || '-' || s || '@agency.test', now(),
       '/projects/' || pg_temp.id(6, 2 * n) from c, generate_series(1, 4) s;
insert into memberships (tenant_id, user_id, tenant_kind, party, role, name, email, last_seen_at, last_place)
select id, pg_temp.id(5, n), 'client', 'client', 'owner', 'Person ' || n, 'person-' || n || '@client.test', now(), '/projects/' || pg_temp.id(6, 2 * n) from c;
insert into memberships (tenant_id, user_id, tenant_kind, party, role, name, email, last_seen_at, last_place)
select id, pg_temp.id(11, n), 'client', 'agency', 'member', 'Manager ' || n, 'manager-' || n || '@agency.test', now(), '/projects/' || pg_temp.id(6, 2 * n) from c;
insert into sessions (id, token_hash, user_id)
select pg_temp.id(10, part * 100000000 + n), sha256(sha256(convert_to('session ' || part || ' ' || n, 'utf8'))), pg_temp.id(part, n)
from c, unnest(array[5, 11]) part;

insert into projects (tenant_id, id, name, due_on, position, shared_at, created_by, created_at, updated_at)
select id, pg_temp.id(6, 2 * n + p), 'Campaign ' || p, date '2024-09-01', p, timestamptz '2024-03-01', pg_temp.id(3, agency * 10 + 1), timestamptz '2024-02-01', timestamptz '2024-03-01'
from generate_series(0, 1) p, c order by p, n;
insert into deliverables (tenant_id, id, project_id, title, brief, state, due_on, position, shared_at, shown_at, shown_number, shown_files, shown_preview,
                          created_by, created_at, updated_at)
select c.id, pg_temp.id(7, d * 10000000 + n), pg_temp.id(6, 2 * n + d % 2), 'Poster in the format ' || d, repeat('What it is for, and for whom. ', 4),
       (array['in_review', 'approved', 'changes', 'in_review'])[1 + d % 4], date '2024-06-01' + d, d, timestamptz '2024-03-01', timestamptz '2024-03-01', 1, 1, pg_temp.id(9, d * 10000000 + n),
       pg_temp.id(3, agency * 10 + 1), timestamptz '2024-02-01' + d * interval '1 hour', timestamptz '2024-03-01' + d * interval '1 hour'
from generate_series(0, 99) d, c order by d, n;
insert into versions (tenant_id, id, deliverable_id, number, note, shared_at, shared_by, created_by, created_at, files, preview)
select tenant_id, replace(id::text, '00000007-', '00000008-')::uuid, id, 1, 'What is new', shared_at, created_by, created_by, created_at, 1, shown_preview from deliverables order by id;
insert into files (tenant_id, id, version_id, name, state, declared_size, size, sha256, content_type, object_key,
                   preview_type, preview_size, preview_sha256, position, shared_at, created_by, created_at)
select d.tenant_id, f.id, replace(d.id::text, '00000007-', '00000008-')::uuid, 'poster.png', 'ready', 1000, 1000, sha256('x'), 'image/png',
       'tenants/' || d.tenant_id || '/files/' || f.id, 'image/png', 1000, sha256('x'), 1, d.shared_at, d.created_by, d.created_at
from deliverables d, lateral (select replace(d.id::text, '00000007-', '00000009-')::uuid as id) f order by d.id;

-- A draft for each tenant, to publish.
insert into projects (tenant_id, id, name, position, created_by) select id, pg_temp.id(6, 30000000 + n), 'In the making', 9, pg_temp.id(3, agency * 10 + 1) from c;
insert into deliverables (tenant_id, id, project_id, title, created_by)
select id, pg_temp.id(7, 2000000000 + n), pg_temp.id(6, 30000000 + n), 'Film', pg_temp.id(3, agency * 10 + 1) from c;
insert into versions (tenant_id, id, deliverable_id, number, files, created_by)
select id, pg_temp.id(8, 2000000000 + n), pg_temp.id(7, 2000000000 + n), 1, 1, pg_temp.id(3, agency * 10 + 1) from c;
insert into files (tenant_id, id, version_id, name, state, declared_size, size, sha256, content_type, object_key, created_by)
select id, pg_temp.id(9, 2000000000 + n), pg_temp.id(8, 2000000000 + n), 'film.mp4', 'ready', 1000, 1000, sha256('x'), 'video/mp4',
       'tenants/' || id || '/files/' || pg_temp.id(9, 2000000000 + n), pg_temp.id(3, agency * 10 + 1) from c;
`

// switcherPersonSQL creates a person who belongs to the first $places clients.
const switcherPersonSQL = `
insert into users (id, name, email) values (pg_temp.id(5, 10000000 + $places), 'Somebody', 'somebody-$places@agency.test');
insert into memberships (tenant_id, user_id, tenant_kind, party, role, name, email, last_seen_at, last_activity_at, used_at)
select id, pg_temp.id(5, 10000000 + $places), 'client', 'agency', 'member', 'Somebody', 'somebody-$places@agency.test', now(), now(), now() - n * interval '1 minute'
from c where n <= $places;
insert into sessions (id, token_hash, user_id)
select pg_temp.id(10, 9900000000 + $places), sha256(sha256(convert_to('session 5 ' || 10000000 + $places, 'utf8'))), pg_temp.id(5, 10000000 + $places);
`

// Indexes are dropped and rebuilt, because that is faster than updating them row by row.
const (
	withoutIndexes = `
create temp table index_to_make as
select indexname as name, indexdef as sql
from pg_indexes
where schemaname = 'public' and tablename in ('deliverables', 'versions', 'files')
  and not exists (select from pg_constraint where conindid = indexname::regclass);
do $$ declare i record; begin for i in select * from index_to_make loop execute 'drop index ' || i.name; end loop; end $$;`
	withIndexes = `
set maintenance_work_mem = '512MB';
do $$ declare i record; begin for i in select * from index_to_make loop execute i.sql; end loop; end $$;`
)

// fill inserts that many clients into an empty database, as a superuser without
// policies and foreign key checks.
func fill(ctx context.Context, url string, clients int) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	script := withoutIndexes + replace(fillSQL, "$clients", clients)
	for _, n := range workspaceCounts {
		if n <= clients && clients > 10 {
			script += replace(switcherPersonSQL, "$places", n)
		}
	}
	if _, err := conn.Exec(ctx, script+withIndexes, pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	_, err = conn.Exec(ctx, "vacuum analyze", pgx.QueryExecModeSimpleProtocol)
	return err
}
