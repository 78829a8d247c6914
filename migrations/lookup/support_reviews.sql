-- What tenants say of support sessions.

-- The agent's own sessions that tenants flagged, the latest first. They know those tenants
-- already.
create function lookup.support_flagged(p_limit integer)
returns table (id uuid, tenant_name text, agent_name text, ticket text, started_at timestamptz, words text, by_name text, created_at timestamptz)
language sql stable security definer set search_path = ''
as $$
    select s.id, t.name, s.actor_name, s.ticket, s.started_at, r.words, m.name, r.created_at
    from public.support_reviews r
    join public.support_sessions s on s.tenant_id = r.tenant_id and s.id = r.id
    join public.tenants t on t.id = r.tenant_id
    join public.memberships m on m.tenant_id = r.tenant_id and m.user_id = r.created_by
    where lookup.i_am_agent()
      and s.actor_id = nullif(current_setting('app.user_id', true), '')::uuid
      and r.verdict = 'flagged'
    order by r.created_at desc, r.id
    limit least(p_limit, 100)
$$;
grant execute on function lookup.support_flagged to portico_app;

-- All sessions that tenants flagged, the latest first, for the command line.
create function lookup.list_flags()
returns table (id uuid, slug text, agent_name text, ticket text, started_at timestamptz, words text, created_at timestamptz)
language sql stable security definer set search_path = ''
as $$
    select s.id, t.slug, s.actor_name, s.ticket, s.started_at, r.words, r.created_at
    from public.support_reviews r
    join public.support_sessions s on s.tenant_id = r.tenant_id and s.id = r.id
    join public.tenants t on t.id = r.tenant_id
    where r.verdict = 'flagged'
    order by r.created_at desc, r.id
    limit 1000
$$;
grant execute on function lookup.list_flags to portico_owner;
