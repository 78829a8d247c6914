-- A smoke test of the boundary for operators, on a live database:
--
--     psql -v ON_ERROR_STOP=1 -f migrations/rls_smoke.sql "$DATABASE_ADMIN_URL"
--
-- Run it as a superuser. It works in one transaction that it rolls back, so it
-- leaves nothing behind. It ends with "the boundary holds" or with the first
-- thing that does not.

\set QUIET on
\pset format unaligned
\pset tuples_only on
begin;

do $$
begin
    if not (select rolsuper from pg_roles where rolname = current_user) then
        raise exception 'run this as a superuser: it plants rows that nobody else may';
    end if;
end $$;

-- The catalog: every table with a tenant_id, partitions included, forces its policies.
do $$
declare bad text;
begin
    select string_agg(c.oid::regclass::text, ', ') into bad
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
      and not (c.relrowsecurity and c.relforcerowsecurity);
    if bad is not null then
        raise exception 'without forced row level security: %', bad;
    end if;
    if exists (select 1 from pg_roles where rolname in ('portico_app', 'portico_lookup', 'portico_owner') and (rolsuper or rolbypassrls)) then
        raise exception 'a role of ours could bypass row level security';
    end if;
    if exists (select 1 from pg_auth_members m join pg_roles r on r.oid = m.member where r.rolname = 'portico_app') then
        raise exception 'portico_app is a member of another role';
    end if;
end $$;

-- Two agencies with a project each.
insert into tenants (id, kind, slug, name) values
    ('00000000-0000-7000-8000-00000000000a', 'agency', 'rls-smoke-a', 'Smoke A'),
    ('00000000-0000-7000-8000-00000000000b', 'agency', 'rls-smoke-b', 'Smoke B');
insert into users (id, name) values ('00000000-0000-7000-8000-00000000001a', 'Smoke');
insert into memberships (tenant_id, user_id, tenant_kind, party, role, name)
select t.id, '00000000-0000-7000-8000-00000000001a', 'agency', 'agency', 'owner', 'Smoke'
from tenants t where t.slug in ('rls-smoke-a', 'rls-smoke-b');
insert into projects (tenant_id, id, name, created_by)
select t.id, t.id, t.name, '00000000-0000-7000-8000-00000000001a'
from tenants t where t.slug in ('rls-smoke-a', 'rls-smoke-b');

set local role portico_app;

-- Nobody: no rows and no writes, in any tenant table.
do $$
declare t text; n bigint;
begin
    for t in
        select c.oid::regclass::text from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
        where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and c.relname <> 'domains'
    loop
        execute 'select count(*) from ' || t into n;
        if n <> 0 then raise exception 'without a context % shows % rows', t, n; end if;
    end loop;
    begin
        insert into projects (tenant_id, id, name) values ('00000000-0000-7000-8000-00000000000a', gen_random_uuid(), 'x');
        raise exception 'without a context an insert went through';
    exception when insufficient_privilege then null;
    end;
end $$;

-- A: her own, and nothing of B's by reading, changing, moving or inserting.
select set_config('app.tenant_id', '00000000-0000-7000-8000-00000000000a', true),
       set_config('app.user_id', '00000000-0000-7000-8000-00000000001a', true),
       set_config('app.actor_id', '00000000-0000-7000-8000-00000000001a', true),
       set_config('app.party', 'agency', true) \g /dev/null
do $$
declare n bigint;
begin
    if (select count(*) from projects) <> 1 then raise exception 'A does not see exactly her own project'; end if;
    if exists (select 1 from projects where id = '00000000-0000-7000-8000-00000000000b') then raise exception 'A sees a project of B'; end if;
    update projects set name = 'x' where id = '00000000-0000-7000-8000-00000000000b';
    get diagnostics n = row_count;
    if n <> 0 then raise exception 'A changed a project of B'; end if;
    delete from projects where id = '00000000-0000-7000-8000-00000000000b';
    get diagnostics n = row_count;
    if n <> 0 then raise exception 'A deleted a project of B'; end if;
    begin
        insert into projects (tenant_id, id, name) values ('00000000-0000-7000-8000-00000000000b', gen_random_uuid(), 'x');
        raise exception 'A inserted into B';
    exception when insufficient_privilege then null;
    end;
    begin
        insert into deliverables (tenant_id, id, project_id, title)
        values ('00000000-0000-7000-8000-00000000000a', gen_random_uuid(), '00000000-0000-7000-8000-00000000000b', 'x');
        raise exception 'A hung a deliverable on a project of B';
    exception when foreign_key_violation then null;
    end;
    update projects set name = 'mine' where id = '00000000-0000-7000-8000-00000000000a';
    get diagnostics n = row_count;
    if n <> 1 then raise exception 'A cannot change her own project'; end if;
    begin
        truncate projects;
        raise exception 'the app may truncate';
    exception when insufficient_privilege then null;
    end;
end $$;

-- The client party does not see a draft.
select set_config('app.party', 'client', true) \g /dev/null
do $$
begin
    if (select count(*) from projects) <> 0 then raise exception 'the client party sees a draft'; end if;
end $$;

rollback;
\echo the boundary holds
