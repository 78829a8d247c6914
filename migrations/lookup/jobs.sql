-- What jobs need outside the tenant they run in.

-- Records a refused job for the operator.
create function lookup.job_refused(p_id uuid, p_job bigint, p_kind text, p_claimed text, p_reason text)
returns void
language sql volatile security definer set search_path = ''
as $$
    insert into public.job_refusals (id, job_id, kind, claimed_tenant, reason)
    values (p_id, p_job, left(p_kind, 100), left(p_claimed, 100), left(p_reason, 200))
$$;
grant execute on function lookup.job_refused to portico_app;

-- The state of the tenant, person and support session in the context. A job checks it
-- before it acts and before it sends mail. Always one row. Its only data of another
-- tenant is the agency's brand, which is on every page of the client. In plpgsql, which
-- keeps its plan: sql functions are planned at each call.
create function lookup.job_standing()
returns table (
    tenant_state text, agency_name text, portal_name text, accent text, logo_id uuid, mail_name text, host text,
    party text, role text, name text, email text, support boolean, support_allowed boolean)
language plpgsql stable security definer set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    select case when t.state = 'active' then coalesce(g.state, t.state) else t.state end,
           g.name, coalesce(t.portal_name, g.portal_name), coalesce(t.accent, g.accent), coalesce(t.logo_id, g.logo_id), coalesce(t.mail_name, g.mail_name), lookup.host_of(t.id),
           m.party, m.role, m.name, m.email,
           exists (
               select 1 from public.support_sessions s
               where s.tenant_id = c.tenant and s.id = c.session and lookup.support_over(s) is null),
           -- A session that came to its own end leaves its deeds; one that was ended doesn't.
           exists (
               select 1 from public.support_sessions s
               where s.tenant_id = c.tenant and s.id = c.session
                 and (lookup.support_over(s) is null or s.ended_how in ('stopped', 'expired')
                      or (s.ended_how is null and lookup.support_over(s) = 'expired'))
                 and exists (
                     select from lookup.support_allows(s.tenant_id, s.subject_party) a where a.mode = 'write')
                 and exists (
                     select from public.support_agents g
                     join public.users u on u.id = g.user_id and u.disabled_at is null
                     where g.user_id = s.actor_id and g.disabled_at is null))
    from (
        select nullif(current_setting('app.tenant_id', true), '')::uuid as tenant,
               nullif(current_setting('app.user_id', true), '')::uuid as person,
               nullif(current_setting('app.support_session_id', true), '')::uuid as session
    ) c
    left join public.tenants t on t.id = c.tenant
    left join public.tenants g on g.id = t.agency_id
    left join public.memberships m
        on m.tenant_id = c.tenant and m.user_id = c.person and m.ended_at is null
       and exists (select 1 from public.users u where u.id = c.person and u.disabled_at is null);
end $$;
grant execute on function lookup.job_standing to portico_app;

-- Ids of active tenants, in order, for the periodic job that enqueues one job for each
-- tenant. Ids alone reveal nothing.
create function lookup.active_tenants(p_after uuid, p_limit integer)
returns setof uuid
language sql stable security definer set search_path = ''
as $$
    select t.id from public.tenants t
    where lookup.tenant_active(t.id) and (p_after is null or t.id > p_after)
    order by t.id
    limit least(p_limit, 1000)
$$;
grant execute on function lookup.active_tenants to portico_app;

-- Deletes expired sessions, flows and counters, and what webhooks said 90 days ago.
create function lookup.sweep()
returns table (sessions bigint, flows bigint, counters bigint)
language sql volatile security definer set search_path = ''
as $$
    with s as (
        delete from public.sessions where expires_at < now() or last_used_at < now() - interval '12 hours' returning 1
    ), f as (
        delete from public.sign_in_flows where expires_at < now() - interval '1 day' returning 1
    ), h as (
        delete from public.handovers where expires_at < now() - interval '1 day'
    ), c as (
        delete from public.rate_counters where ends_at < now() returning 1
    ), e as (
        update public.stripe_events set payload = null
        where payload is not null and received_at < now() - interval '90 days'
    )
    select (select count(*) from s), (select count(*) from f), (select count(*) from c)
$$;
grant execute on function lookup.sweep to portico_app;
