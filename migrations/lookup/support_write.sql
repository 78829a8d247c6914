-- Write access for support: a second step with its own step-up and, if the installation
-- requires it, with a second agent's confirmation.

-- Reports whether a session may get write access: it is a running support session and its
-- consent includes writing. Not granted to the app.
create function lookup.support_may_write(s public.support_sessions)
returns boolean
language sql stable security definer set search_path = ''
as $$
    select s.kind = 'support' and lookup.support_over(s) is null and exists (
        select from lookup.support_allows(s.tenant_id, s.subject_party) a where a.mode = 'write')
$$;

-- Turns on write access, or requests a second agent's confirmation, for the session of
-- this browser. The step-up must be newer than the session, so the one that started it
-- doesn't count again.
create function lookup.support_write(p_token bytea, p_four_eyes boolean, p_audit uuid, p_request text)
returns table (verdict text, tenant_id uuid, session_id uuid)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
declare
    me uuid := nullif(current_setting('app.user_id', true), '')::uuid;
    s public.support_sessions; proved timestamptz; why text;
begin
    select o.*
    into s
    from public.support_sessions o
    join public.sessions b on b.support_tenant_id = o.tenant_id and b.support_session_id = o.id
    where b.token_hash = p_token and b.user_id = me and o.actor_id = me and lookup.session_lives(b.id)
    for no key update of o;
    if s.id is null or lookup.support_over(s) is not null then
        return query select 'no_session', null::uuid, null::uuid;
        return;
    end if;
    select b.stepped_up_at into proved from public.sessions b where b.token_hash = p_token and b.user_id = me;
    why := case
        when lookup.support_mode(s) = 'write' then 'writing'
        when proved is null or not (proved > s.started_at and proved between now() - interval '5 minutes' and now()) then 'no_step_up'
        when not lookup.support_may_write(s) then 'read_only'
        end;
    if why is null then
        update public.support_sessions o
        set write_asked_at = now(),
            mode = case when p_four_eyes then 'read' else 'write' end,
            write_at = case when p_four_eyes then null else now() end
        where o.tenant_id = s.tenant_id and o.id = s.id;
    end if;
    insert into public.audit_events (tenant_id, id, actor_id, subject_id, support_session_id, party, verb, target_kind, target_id, result, request_id, detail)
    select s.tenant_id, p_audit, me, s.subject_id, s.id, m.party,
           case when why is null and not p_four_eyes then 'support.write_started' else 'support.write_requested' end,
           'support_session', s.id, case when why is null then 'ok' else 'denied' end, p_request,
           case when why is null then '{}'::jsonb else jsonb_build_object('why', why) end
    from public.memberships m where m.tenant_id = s.tenant_id and m.user_id = s.subject_id;
    return query select coalesce(why, case when p_four_eyes then 'asked' else 'ok' end), s.tenant_id, s.id;
end $$;
grant execute on function lookup.support_write to portico_app;

-- Other agents' sessions that requested a second agent's confirmation within the last ten
-- minutes.
create function lookup.support_write_asks()
returns table (session_id uuid, tenant_name text, agent_name text, subject_name text, reason text, ticket text, asked_at timestamptz)
language sql stable security definer set search_path = ''
as $$
    select s.id, t.name, s.actor_name, m.name, s.reason, s.ticket, s.write_asked_at
    from public.support_sessions s
    join public.tenants t on t.id = s.tenant_id
    join public.memberships m on m.tenant_id = s.tenant_id and m.user_id = s.subject_id
    where lookup.i_am_agent()
      and s.actor_id <> nullif(current_setting('app.user_id', true), '')::uuid
      and s.ended_at is null and s.ends_at > now()
      and lookup.support_mode(s) = 'read' and s.write_asked_at between now() - interval '10 minutes' and now()
      and lookup.support_may_write(s)
    order by s.write_asked_at desc
    limit 20
$$;
grant execute on function lookup.support_write_asks to portico_app;

-- Confirms another agent's write access, after the second agent's own step-up. The
-- tenant's trail records it under the second agent.
create function lookup.support_write_confirm(p_session uuid, p_token bytea, p_audit uuid, p_request text)
returns table (verdict text, tenant_id uuid)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
declare
    me uuid := nullif(current_setting('app.user_id', true), '')::uuid;
    my_name text; s public.support_sessions; why text;
begin
    select u.name into my_name from public.users u where u.id = me and lookup.i_am_agent();
    if my_name is null then return query select 'not_agent', null::uuid; return; end if;
    select o.* into s from public.support_sessions o where o.id = p_session and o.kind = 'support' for no key update;
    why := case
        when s.id is null or s.actor_id = me or lookup.support_mode(s) = 'write' or s.write_asked_at is null
             or s.write_asked_at not between now() - interval '10 minutes' and now() or not lookup.support_may_write(s) then 'no_ask'
        when not exists (
            select 1 from public.sessions b
            where b.token_hash = p_token and b.user_id = me and b.stepped_up_at between now() - interval '5 minutes' and now()
              and lookup.session_lives(b.id)) then 'no_step_up'
        end;
    if why is not null then return query select why, null::uuid; return; end if;
    update public.support_sessions o
    set mode = 'write', write_at = now(), write_by = me, write_by_name = my_name
    where o.tenant_id = s.tenant_id and o.id = s.id;
    insert into public.audit_events (tenant_id, id, actor_id, subject_id, party, verb, target_kind, target_id, request_id)
    values (s.tenant_id, p_audit, me, me, 'system', 'support.write_confirmed', 'support_session', s.id, p_request);
    return query select 'ok', s.tenant_id;
end $$;
grant execute on function lookup.support_write_confirm to portico_app;
