-- Support: find a tenant, start a session with consent, end it.

-- Reports whether a person may view a tenant as one of its clients. It must agree with
-- the rights table in store, which a test checks. Not granted to the app.
create function lookup.may_view_as(p_tenant uuid, p_actor uuid)
returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
    return (
        select exists (
            select 1 from public.memberships m
            join public.users u on u.id = m.user_id and u.disabled_at is null
            where m.tenant_id = p_tenant and m.user_id = p_actor
              and m.party = 'agency' and m.role in ('owner', 'admin') and m.ended_at is null));
end $$;

-- What support may do in a tenant now as somebody of a party, until when, by whose
-- consent, and whether drafts are open to it. No row: nothing.
--   1. While the client's consent lasts, it is the limit.
--   2. After it has ended, and if there never was one, the agency's consent is the limit. A
--      consent that the agency gave before that end allows nothing. If the agency itself
--      ended a client's consent to read, support can only read until that consent would
--      have ended.
--   3. After the client has revoked a consent, only the client can allow support again.
-- Drafts are the agency's and need the agency's consent. If its latest consent was to read,
-- support can also only read as its staff. Not granted to the app.
create function lookup.support_allows(p_tenant uuid, p_party text)
returns table (mode text, ends_at timestamptz, grant_id uuid, drafts boolean)
language plpgsql stable security definer set search_path = ''
as $$
#variable_conflict use_column
declare
    last public.support_grants; client public.support_grants; agency public.support_grants;
    agency_said text := (
        select g.mode
        from public.support_grants g
        where g.tenant_id = p_tenant and g.party = 'agency'
        order by g.replaced_at is null desc, g.created_at desc
        limit 1);
begin
    select g.* into last
    from public.support_grants g
    where g.tenant_id = p_tenant and g.party = 'client'
    order by g.replaced_at is null desc, g.created_at desc
    limit 1;
    if last.revoked_at is null and last.replaced_at is null and now() >= last.created_at and last.ends_at > now() then
        client := last;
    end if;
    select g.* into agency
    from public.support_grants g
    where g.tenant_id = p_tenant and g.party = 'agency' and g.revoked_at is null and g.replaced_at is null
      and now() >= g.created_at and g.ends_at > now()
      and (client.id is not null or last.id is null or g.created_at >= least(last.ends_at, last.revoked_at))
      and not exists (
          select from public.support_grants n
          where n.tenant_id = p_tenant and n.revoked_party = 'client' and n.revoked_at is not null
            and not exists (
                select from public.support_grants y
                where y.tenant_id = p_tenant and y.party = 'client' and y.created_at > n.revoked_at
                  and y.revoked_party is distinct from 'client'));
    if client.id is null and agency.id is null then return; end if;
    return query select
        case when p_party = 'agency' and agency_said = 'read' then 'read'
             when client.id is not null then client.mode
             when last.mode = 'read' and last.ends_at > now() then 'read'
             else agency.mode end,
        coalesce(client.ends_at, agency.ends_at),
        coalesce(client.id, agency.id),
        agency.id is not null;
end $$;

-- What support may do in the tenant in the context, by party, and who allowed it. The
-- page of support access shows it. In an agency there is only staff.
create function lookup.support_in_force()
returns table (party text, mode text, ends_at timestamptz, by_name text, by_party text, created_at timestamptz, drafts boolean)
language sql stable security definer set search_path = ''
as $$
    select p.party, a.mode, a.ends_at, m.name, g.party, g.created_at, a.drafts
    from public.tenants t
    cross join (values ('client'), ('agency')) p (party)
    cross join lateral lookup.support_allows(t.id, p.party) a
    join public.support_grants g on g.tenant_id = t.id and g.id = a.grant_id
    join public.memberships m on m.tenant_id = t.id and m.user_id = g.created_by
    where t.id = nullif(current_setting('app.tenant_id', true), '')::uuid
      and lookup.tenant_active(t.id)
      and p.party in ('agency', t.kind)
    order by p.party desc
$$;
grant execute on function lookup.support_in_force to portico_app;

-- The mode of a session now: write access lasts only while the consent allows it. Not
-- granted to the app.
create function lookup.support_mode(s public.support_sessions)
returns text
language plpgsql stable security definer set search_path = ''
as $$
begin
    return case when s.mode = 'write' and (
        select a.mode from lookup.support_allows(s.tenant_id, s.subject_party) a) is distinct from 'write'
        then 'read' else s.mode end;
end $$;

-- Why a support session is over, even if not marked yet; null while it runs. Every
-- condition must hold, so a missing row ends the session. Not granted to the app, because
-- it answers for any tenant.
create function lookup.support_over(s public.support_sessions)
returns text
language plpgsql stable security definer set search_path = ''
as $$
begin
    return (
        select case
            when s.ended_how is not null then s.ended_how
            when not now() between s.started_at and s.ends_at or now() = s.ends_at then 'expired'
            when s.kind = 'support' and not exists (
                select 1 from public.support_agents a
                join public.users u on u.id = a.user_id and u.disabled_at is null
                where a.user_id = s.actor_id and a.disabled_at is null) then 'agent_disabled'
            when s.kind = 'support' and not exists (
                select from lookup.support_allows(s.tenant_id, s.subject_party)) then
                case when exists (
                    select from public.support_grants g
                    where g.tenant_id = s.tenant_id and g.id = s.grant_id and g.revoked_at is null and g.ends_at <= now())
                then 'expired' else 'revoked' end
            when s.kind = 'view_as' and not lookup.may_view_as(s.tenant_id, s.actor_id) then 'actor_gone'
            when not exists (
                select 1 from public.memberships m
                join public.users u on u.id = m.user_id and u.disabled_at is null
                where m.tenant_id = s.tenant_id and m.user_id = s.subject_id and m.ended_at is null
                  and m.party = s.subject_party) then 'target_gone'
            when not lookup.tenant_active(s.tenant_id) then 'tenant_suspended'
            end);
end $$;

-- Reports whether the person in the context is an enabled agent.
create function lookup.i_am_agent()
returns boolean
language sql stable security definer set search_path = ''
as $$
    select exists (
        select 1 from public.support_agents a
        join public.users u on u.id = a.user_id and u.disabled_at is null
        where a.user_id = nullif(current_setting('app.user_id', true), '')::uuid
          and a.disabled_at is null)
$$;
grant execute on function lookup.i_am_agent to portico_app;

-- Support's search for tenants. Without consent only an exact slug or name finds one, and
-- shows no more than these and whether support may request access. With consent the
-- beginning of a name and the exact address of a member do too. The trail of each tenant
-- that is found says so first.
create function lookup.support_find(p_query text, p_request text)
returns table (tenant_id uuid, slug text, name text, kind text, agency_name text, grant_ends_at timestamptz, asks boolean)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
declare me uuid := nullif(current_setting('app.user_id', true), '')::uuid; hit record;
begin
    if not lookup.i_am_agent() or char_length(p_query) < 2 then return; end if;
    for hit in
        with near as materialized (
            select t.id, t.slug = lower(p_query) or lower(t.name) = lower(p_query collate "und-x-icu") as exact
            from public.tenants t
            where t.slug = lower(p_query)
               or lower(t.name) = lower(p_query collate "und-x-icu")
               or (exists (select from public.support_grants g where g.tenant_id = t.id and g.ends_at > now())
                   and (starts_with(lower(t.name), lower(p_query collate "und-x-icu"))
                        or t.id in (select m.tenant_id from public.memberships m
                                    join public.users u on u.id = m.user_id
                                    where u.email = lower(p_query) and m.ended_at is null)))
        )
        select t.id, t.slug, t.name, t.kind, a.name as agency, c.ends_at, t.support_asks and lookup.tenant_active(t.id) as asks
        from near n
        join public.tenants t on t.id = n.id
        left join public.tenants a on a.id = t.agency_id
        cross join lateral (
            select max(w.ends_at) as ends_at
            from (values ('client'), ('agency')) p (party)
            cross join lateral lookup.support_allows(t.id, p.party) w
            where lookup.tenant_active(t.id)) c
        where n.exact or c.ends_at is not null
        order by t.slug = lower(p_query) desc, t.name, t.id
        limit 10
    loop
        insert into public.audit_events (tenant_id, id, actor_id, subject_id, party, verb, request_id)
        values (hit.id, gen_random_uuid(), me, me, 'system', 'support.found', p_request);
        return query select hit.id, hit.slug, hit.name, case when hit.ends_at is not null then hit.kind end,
                            case when hit.ends_at is not null then hit.agency end, hit.ends_at, hit.asks;
    end loop;
end $$;
grant execute on function lookup.support_find to portico_app;

-- The people as whom an agent may start a session, after a reason, a ticket and a step-up.
-- The tenant's trail says first that they were listed, or why not. The first row has the
-- verdict and no person.
create function lookup.support_people(p_slug text, p_reason text, p_ticket text, p_token bytea, p_audit uuid, p_request text)
returns table (verdict text, user_id uuid, name text, party text, role text)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
declare me uuid := nullif(current_setting('app.user_id', true), '')::uuid; place uuid; why text;
begin
    if not lookup.i_am_agent() then return query select 'not_agent', null::uuid, null, null, null; return; end if;
    select t.id into place from public.tenants t where t.slug = p_slug;
    if place is null then return query select 'no_tenant', null::uuid, null, null, null; return; end if;
    why := case
        when not lookup.tenant_active(place) or not exists (
            select from (values ('client'), ('agency')) p (party)
            cross join lateral lookup.support_allows(place, p.party)) then 'no_grant'
        when not exists (
            select from public.sessions s
            where s.token_hash = p_token and s.user_id = me
              and s.stepped_up_at between now() - interval '5 minutes' and now() and lookup.session_lives(s.id)) then 'no_step_up'
        when not (char_length(btrim(p_reason)) between 1 and 500 and char_length(btrim(p_ticket)) between 1 and 80) then 'bad_input'
        end;
    insert into public.audit_events (tenant_id, id, actor_id, subject_id, party, verb, result, request_id, detail)
    values (place, p_audit, me, me, 'system', case when why is null then 'support.people_listed' else 'support.refused' end,
            case when why is null then 'ok' else 'denied' end, p_request,
            case when why is null then jsonb_build_object('ticket', btrim(p_ticket)) else jsonb_build_object('why', why) end);
    return query select coalesce(why, 'ok'), null::uuid, null, null, null;
    if why is not null then return; end if;
    return query
    select 'ok', m.user_id, m.name, m.party, m.role
    from public.memberships m
    join public.users u on u.id = m.user_id and u.disabled_at is null
    where m.tenant_id = place and m.ended_at is null
      and exists (select from lookup.support_allows(place, m.party))
    order by m.party desc, m.name, m.user_id
    limit 500;
end $$;
grant execute on function lookup.support_people to portico_app;

-- Starts a support session after checking every condition under two locks. The lock of
-- the agent's row limits an agent to one session. The lock of the consent serialises
-- with a revocation, which either refuses the start or ends the session. A refusal is
-- recorded in the requested tenant. The session ends with the consent if that is sooner.
create function lookup.support_start(
    p_id uuid, p_slug text, p_subject uuid, p_reason text, p_ticket text, p_minutes integer,
    p_token bytea, p_audit uuid, p_request text)
returns table (verdict text, tenant_id uuid, ends_at timestamptz)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
declare
    me uuid := nullif(current_setting('app.user_id', true), '')::uuid;
    my_name text; place uuid; target public.memberships; consent record; why text; until timestamptz;
begin
    select u.name into my_name
    from public.support_agents a
    join public.users u on u.id = a.user_id and u.disabled_at is null
    where a.user_id = me and a.disabled_at is null
    for update of a;
    if not found then return query select 'not_agent', null::uuid, null::timestamptz; return; end if;
    select t.id into place from public.tenants t where t.slug = p_slug;
    if place is null then return query select 'no_tenant', null::uuid, null::timestamptz; return; end if;
    select m.* into target
    from public.memberships m
    join public.users u on u.id = m.user_id and u.disabled_at is null
    where m.tenant_id = place and m.user_id = p_subject and m.user_id <> me and m.ended_at is null;
    perform from public.support_grants g
    where g.tenant_id = place and g.revoked_at is null and g.replaced_at is null
    for share;
    -- Without a person, ask whether anybody may be viewed as.
    select a.grant_id, a.ends_at into consent
    from unnest(case when target.party is null then array['client', 'agency'] else array[target.party] end) p (party)
    cross join lateral lookup.support_allows(place, p.party) a
    limit 1;
    why := case
        when consent.grant_id is null then 'no_grant'
        when not lookup.tenant_active(place) then 'no_grant'
        when not exists (
            select 1 from public.sessions s
            where s.token_hash = p_token and s.user_id = me and s.stepped_up_at between now() - interval '5 minutes' and now() and lookup.session_lives(s.id)) then 'no_step_up'
        when char_length(btrim(p_reason)) between 1 and 500
             and char_length(btrim(p_ticket)) between 1 and 80
             and p_minutes between 1 and 60 then
            case
            when target.user_id is null then 'bad_target'
            when exists (
                select 1 from public.support_sessions o
                where o.actor_id = me and o.ended_at is null and o.ends_at > now() and lookup.support_over(o) is null) then 'busy'
            end
        else 'bad_input'
        end;
    if why is not null then
        insert into public.audit_events (tenant_id, id, actor_id, subject_id, party, verb, target_kind, target_id, result, request_id, detail)
        values (place, p_audit, me, me, 'system', 'support.refused', case when target.user_id is null then '' else 'membership' end,
                target.user_id, 'denied', p_request, jsonb_build_object('why', why));
        return query select why, place, null::timestamptz;
        return;
    end if;
    until := least(now() + make_interval(mins => p_minutes), consent.ends_at);
    insert into public.support_sessions (tenant_id, id, kind, grant_id, actor_id, actor_name, subject_id, subject_party, reason, ticket, ends_at)
    values (place, p_id, 'support', consent.grant_id, me, my_name, p_subject, target.party, btrim(p_reason), btrim(p_ticket), until);
    update public.sessions s set support_tenant_id = place, support_session_id = p_id
    where s.token_hash = p_token and s.user_id = me;
    insert into public.audit_events (tenant_id, id, actor_id, subject_id, support_session_id, party, verb, target_kind, target_id, request_id)
    values (place, p_audit, me, p_subject, p_id, target.party, 'support.started', 'support_session', p_id, p_request);
    return query select 'ok', place, until;
end $$;
grant execute on function lookup.support_start to portico_app;

-- Starts a read-only session of an hour in which staff view the tenant in the context as
-- one of its clients. The lock of their own row limits them to one session. A support
-- session can't start another.
create function lookup.view_as_start(p_id uuid, p_subject uuid, p_token bytea, p_audit uuid, p_request text)
returns table (verdict text, ends_at timestamptz)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
declare
    me uuid := nullif(current_setting('app.actor_id', true), '')::uuid;
    place uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
    my_name text; target public.memberships; why text; until timestamptz := now() + interval '60 minutes';
begin
    perform 1 from public.users u where u.id = me for no key update;
    select m.name into my_name from public.memberships m where m.tenant_id = place and m.user_id = me;
    select m.* into target
    from public.memberships m
    join public.users u on u.id = m.user_id and u.disabled_at is null
    where m.tenant_id = place and m.user_id = p_subject and m.user_id <> me and m.party = 'client' and m.ended_at is null;
    why := case
        when nullif(current_setting('app.support_session_id', true), '') is not null then 'no_right'
        when not lookup.may_view_as(place, me) then 'no_right'
        when not lookup.tenant_active(place) then 'no_right'
        when target.user_id is null then 'bad_target'
        when exists (
            select 1 from public.support_sessions o
            where o.actor_id = me and o.ended_at is null and o.ends_at > now() and lookup.support_over(o) is null) then 'busy'
        end;
    if why is not null then
        return query select why, null::timestamptz;
        return;
    end if;
    insert into public.support_sessions (tenant_id, id, kind, actor_id, actor_name, subject_id, subject_party, reason, ticket, ends_at)
    values (place, p_id, 'view_as', me, my_name, p_subject, target.party, '', '', until);
    update public.sessions s set support_tenant_id = place, support_session_id = p_id
    where s.token_hash = p_token and s.user_id = me;
    insert into public.audit_events (tenant_id, id, actor_id, subject_id, support_session_id, party, verb, target_kind, target_id, request_id)
    values (place, p_audit, me, p_subject, p_id, target.party, 'support.view_started', 'support_session', p_id, p_request);
    return query select 'ok', until;
end $$;
grant execute on function lookup.view_as_start to portico_app;

-- Marks the ended support sessions of an actor, and ends running ones with p_how unless
-- that is null. Ids of the audit rows are random, because nothing is ordered by them
-- alone. Not granted to the app.
create function lookup.support_end(p_actor uuid, p_how text, p_request text)
returns table (tenant_id uuid, session_id uuid, subject_id uuid)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
declare o public.support_sessions; how text;
begin
    for o in
        select s.* from public.support_sessions s
        where s.actor_id = p_actor and s.ended_at is null
        for update
    loop
        how := coalesce(lookup.support_over(o), p_how);
        continue when how is null;
        update public.support_sessions s
        set ended_at = least(now(), o.ends_at), ended_how = how
        where s.tenant_id = o.tenant_id and s.id = o.id;
        insert into public.audit_events (tenant_id, id, actor_id, subject_id, support_session_id, party, verb, target_kind, target_id, request_id, detail)
        select o.tenant_id, gen_random_uuid(), o.actor_id, o.subject_id, o.id, m.party,
               case how when 'stopped' then 'support.stopped' when 'expired' then 'support.expired' else 'support.ended' end,
               'support_session', o.id, p_request, jsonb_build_object('how', how)
        from public.memberships m where m.tenant_id = o.tenant_id and m.user_id = o.subject_id;
        return query select o.tenant_id, o.id, o.subject_id;
    end loop;
end $$;

-- Stops the agent's support session, from any of their browsers. If it is already over,
-- this only detaches the browser's session from it.
create function lookup.support_stop(p_token bytea, p_request text)
returns table (tenant_id uuid, session_id uuid, subject_id uuid)
language plpgsql volatile security definer set search_path = ''
as $$
declare me uuid := nullif(current_setting('app.actor_id', true), '')::uuid;
begin
    update public.sessions s set support_tenant_id = null, support_session_id = null
    where s.token_hash = p_token and s.user_id = me;
    return query select * from lookup.support_end(me, 'stopped', p_request);
end $$;
grant execute on function lookup.support_stop to portico_app;

-- The past support sessions of the agent in the context, with the names of the tenants.
create function lookup.support_history(p_limit integer)
returns table (id uuid, tenant_name text, slug text, subject_name text, kind text, mode text, reason text, ticket text,
               started_at timestamptz, ends_at timestamptz, ended_at timestamptz, ended_how text)
language sql stable security definer set search_path = ''
as $$
    select s.id, t.name, t.slug, m.name, s.kind, s.mode, s.reason, s.ticket, s.started_at, s.ends_at,
           coalesce(s.ended_at, case when o.how is not null then least(now(), s.ends_at) end), o.how
    from (
        select * from public.support_sessions
        where actor_id = nullif(current_setting('app.user_id', true), '')::uuid
        order by started_at desc, id
        limit least(p_limit, 100)
    ) s
    cross join lateral (select lookup.support_over((s.*)::public.support_sessions)) o (how)
    join public.tenants t on t.id = s.tenant_id
    join public.memberships m on m.tenant_id = s.tenant_id and m.user_id = s.subject_id
    order by s.started_at desc, s.id
$$;
grant execute on function lookup.support_history to portico_app;
