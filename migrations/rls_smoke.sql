-- A smoke test of the boundary for operators, on a live database:
--
--     psql -v ON_ERROR_STOP=1 -f migrations/rls_smoke.sql "$DATABASE_ADMIN_URL"
--
-- Run it as a superuser. It rolls back its transaction, so it leaves nothing behind.
-- It ends with "the boundary holds" or with the first failure. It has no list of
-- tables but checks all that the database has. portico doctor checks the functions of
-- schema lookup.

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

-- The catalog. All tables have forced row level security, also partitions and global
-- tables. Each has exactly one permissive policy for the app, which shows only rows of
-- the context's tenant or person. Only schema lookup runs with other rights.
do $$
declare bad text;
begin
    select string_agg(c.oid::regclass::text, ', ') into bad
    from pg_class c
    where c.relkind in ('r', 'p', 'f') and c.relnamespace = 'public'::regnamespace and c.relname <> 'schema_migrations'
      and not (c.relrowsecurity and c.relforcerowsecurity);
    if bad is not null then raise exception 'without forced row level security: %', bad; end if;

    select string_agg(p.tablename || '.' || p.policyname, ', ') into bad
    from pg_policies p
    where p.schemaname = 'public'
      and not (p.roles = '{portico_lookup}' and p.policyname = 'lookup' and p.permissive = 'PERMISSIVE')
      and not (p.roles = '{portico_app}' and p.permissive = 'RESTRICTIVE')
      and not (p.roles = '{portico_owner}' and p.policyname = 'operator' and p.permissive = 'PERMISSIVE' and p.cmd = 'ALL' and p.qual = p.with_check
               and p.qual ~ '^\((tenant_id|id) = \(NULLIF\(current_setting\(''app\.tenant_id''::text, true\), ''''::text\)\)::uuid\)$')
      and not (p.roles = '{portico_app}' and p.cmd = 'ALL' and p.qual = p.with_check
               and p.qual ~ '^\((tenant_id|user_id|id) = \(NULLIF\(current_setting\(''app\.(tenant|user)_id''::text, true\), ''''::text\)\)::uuid\)$');
    if bad is not null then raise exception 'policies that show more than the context''s own: %', bad; end if;

    select string_agg(c.relname, ', ') into bad
    from pg_class c
    where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and c.relname <> 'schema_migrations'
      and has_any_column_privilege('portico_app', c.oid, 'select')
      and (select count(*) from pg_policies p
           where p.schemaname = 'public' and p.tablename = c.relname and p.permissive = 'PERMISSIVE' and p.roles = '{portico_app}') <> 1;
    if bad is not null then raise exception 'not exactly one policy for the app: %', bad; end if;

    select string_agg(p.oid::regprocedure::text, ', ') into bad
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname not in ('pg_catalog', 'information_schema')
      and (p.prosecdef or n.nspname = 'lookup')
      and not (n.nspname = 'lookup' and pg_get_userbyid(p.proowner) = 'portico_lookup' and p.proconfig @> array['search_path=""']);
    if bad is not null then raise exception 'functions with rights of their own: %', bad; end if;

    select string_agg(c.oid::regclass::text, ', ') into bad
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname not in ('pg_catalog', 'information_schema')
      and c.relkind in ('v', 'm') and not coalesce(c.reloptions @> '{security_invoker=true}', false);
    if bad is not null then raise exception 'views that read with their owner''s rights: %', bad; end if;

    if exists (select 1 from pg_roles where rolname in ('portico_app', 'portico_lookup', 'portico_owner') and (rolsuper or rolbypassrls)) then
        raise exception 'a role of ours could bypass row level security';
    end if;
    if exists (select 1 from pg_auth_members m join pg_roles r on r.oid = m.member where r.rolname in ('portico_app', 'portico_lookup')) then
        raise exception 'a role of ours is a member of another role';
    end if;
    if exists (select 1 from pg_class where relowner = 'portico_app'::regrole) then
        raise exception 'portico_app owns what it serves';
    end if;
end $$;

-- Two agencies, one person in both and one in the second only, with unshared work.
insert into tenants (id, kind, slug, name) values
    ('00000000-0000-7000-8000-00000000000a', 'agency', 'rls-smoke-a', 'Smoke A'),
    ('00000000-0000-7000-8000-00000000000b', 'agency', 'rls-smoke-b', 'Smoke B');
insert into users (id, name) values
    ('00000000-0000-7000-8000-00000000001a', 'Smoke'), ('00000000-0000-7000-8000-00000000001b', 'Smoke');
create schema rls_smoke;
create view rls_smoke.both with (security_invoker = true) as
select t.id, u.id as person
from tenants t, users u
where t.slug in ('rls-smoke-a', 'rls-smoke-b') and u.id = '00000000-0000-7000-8000-00000000001a';
insert into memberships (tenant_id, user_id, tenant_kind, party, role, name)
select s.id, u.id, 'agency', 'agency', 'owner', 'Smoke' from rls_smoke.both s, users u where u.name = 'Smoke' and (u.id = s.person or s.id::text like '%b');
insert into domains (tenant_id, host) select id, id || '.rls-smoke.invalid' from rls_smoke.both;
insert into projects (tenant_id, id, name, created_by) select id, id, 'Smoke', person from rls_smoke.both;
insert into deliverables (tenant_id, id, project_id, title, created_by) select id, id, id, 'Smoke', person from rls_smoke.both;
insert into versions (tenant_id, id, deliverable_id, number, created_by) select id, id, id, 1, person from rls_smoke.both;
insert into files (tenant_id, id, version_id, name, object_key, created_by) select id, id, id, 'Smoke', 'tenants/' || id || '/files/' || id, person from rls_smoke.both;
insert into file_parts (tenant_id, file_id, number, size, sha256, etag) select id, id, 1, 1, sha256('x'), 'x' from rls_smoke.both;
insert into plan_usage (tenant_id, metric, used) select id, 'projects', 1 from rls_smoke.both;
insert into invites (tenant_id, id, tenant_kind, party, role, name, email, invited_by) select id, id, 'agency', 'agency', 'owner', 'Smoke', 'smoke@rls-smoke.invalid', person from rls_smoke.both;
insert into audit_events (tenant_id, id, party, verb) select id, id, 'agency', 'smoke.tested' from rls_smoke.both;
insert into account_events (id, user_id, verb) select id, id, 'smoke.tested' from users where name = 'Smoke';
insert into identities (issuer, subject, user_id) select 'https://rls-smoke.invalid', id, id from users where name = 'Smoke';
insert into sessions (id, token_hash, user_id) select id, sha256(id::text::bytea), id from users where name = 'Smoke';

-- Checks that no table the current role may read has rows that match the condition.
create function rls_smoke.shows(says text, condition text, tables name[]) returns void language plpgsql as $$
declare t record; n bigint;
begin
    for t in
        select c.oid::regclass::text as name, coalesce(max(case a.attname when 'tenant_id' then 'tenant_id' end), max(case a.attname when 'user_id' then 'user_id' end), 'id') as key
        from pg_class c
        left join pg_attribute a on a.attrelid = c.oid and a.attname in ('tenant_id', 'user_id') and not a.attisdropped
        where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and c.relname <> 'schema_migrations'
          and has_any_column_privilege(c.oid, 'select') and (tables is null or c.relname = any (tables))
        group by c.oid
    loop
        execute format('select count(*) from %s where ' || condition, t.name,
            case when t.key = 'tenant_id' or t.name = 'tenants' then 'tenant' else 'user' end, t.key) into n;
        if n <> 0 then raise exception '%: % shows % rows', says, t.name, n; end if;
    end loop;
end $$;
grant usage on schema rls_smoke to portico_app;
grant execute on function rls_smoke.shows to portico_app;

set local role portico_app;

-- Without a context: no rows and no writes.
do $$
begin
    perform rls_smoke.shows('without a context', 'true or %2$L = %3$L', null);
    begin
        insert into projects (tenant_id, id, name) values ('00000000-0000-7000-8000-00000000000a', gen_random_uuid(), 'x');
        raise exception 'without a context an insert went through';
    exception when insufficient_privilege then null;
    end;
end $$;

-- A: she reads and changes only her own rows.
select set_config('app.tenant_id', '00000000-0000-7000-8000-00000000000a', true),
       set_config('app.user_id', '00000000-0000-7000-8000-00000000001a', true),
       set_config('app.actor_id', '00000000-0000-7000-8000-00000000001a', true),
       set_config('app.party', 'agency', true) \g /dev/null
do $$
declare n bigint; t text;
begin
    perform rls_smoke.shows('A sees what is not hers', '%3$I is distinct from current_setting(''app.%2$s_id'')::uuid', null);
    foreach t in array array['projects', 'deliverables', 'versions', 'files', 'file_parts', 'plan_usage', 'invites', 'domains', 'users', 'identities', 'sessions'] loop
        execute 'select count(*) from ' || t into n;
        if n <> 1 then raise exception 'A does not see exactly her own of %: %', t, n; end if;
    end loop;
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

-- The client party, or an unknown party, sees nothing unshared and can't change roles.
do $$
declare n bigint; p text;
begin
    foreach p in array array['client', 'superclient'] loop
        perform set_config('app.party', p, true);
        perform rls_smoke.shows('the client party sees what is not for it', 'true or %2$L = %3$L',
            array['projects', 'deliverables', 'versions', 'files', 'file_parts', 'plan_usage', 'invites', 'audit_events']);
        update memberships set role = 'owner';
        get diagnostics n = row_count;
        if n <> 0 then raise exception 'the client party changed the agency''s people'; end if;
        begin
            update tenants set name = 'x';
            raise exception 'the client party renamed the tenant';
        exception when insufficient_privilege then null;
        end;
    end loop;
end $$;

-- In a support session a person's own data is inaccessible and memberships don't change.
select set_config('app.party', 'agency', true), set_config('app.support_session_id', gen_random_uuid()::text, true) \g /dev/null
do $$
begin
    perform rls_smoke.shows('support sees what is a person''s', 'true or %2$L = %3$L', array['users', 'identities', 'sessions', 'passkeys', 'account_events', 'domains']);
    begin
        update memberships set role = 'owner';
        raise exception 'support changed the tenant''s people';
    exception when insufficient_privilege then null;
    end;
end $$;

rollback;
\echo the boundary holds
