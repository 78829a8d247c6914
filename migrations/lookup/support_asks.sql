-- Access requests of support agents.

-- Requests access, only with a code of the tenant, if the tenant allows requests and none of
-- this agent is open. A code works once. After five wrong tries the codes that were open
-- don't work any more.
create function lookup.support_ask(
    p_id uuid, p_slug text, p_code text, p_mode text, p_hours integer, p_reason text, p_ticket text, p_audit uuid, p_request text)
returns table (verdict text, tenant_id uuid)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
declare
    me uuid := nullif(current_setting('app.user_id', true), '')::uuid;
    my_name text; place uuid; asked boolean; why text; right_code uuid;
begin
    select u.name into my_name
    from public.support_agents a
    join public.users u on u.id = a.user_id and u.disabled_at is null
    where a.user_id = me and a.disabled_at is null
    for update of a;
    if not found then return query select 'not_agent', null::uuid; return; end if;
    select t.id, t.support_asks into place, asked from public.tenants t where t.slug = p_slug;
    if place is null then return query select 'no_tenant', null::uuid; return; end if;
    update public.support_asks k set answer = 'withdrawn', answered_at = now()
    where k.tenant_id = place and k.actor_id = me and k.answered_at is null and k.ends_at <= now();
    why := case
        when not asked or not lookup.tenant_active(place) then 'not_asked'
        when not (char_length(btrim(p_reason)) between 1 and 500 and char_length(btrim(p_ticket)) between 1 and 80
             and p_hours between 1 and 168 and p_mode in ('read', 'write')) then 'bad_input'
        when exists (
            select 1 from public.support_asks k
            where k.tenant_id = place and k.actor_id = me and k.answered_at is null) then 'busy'
        end;
    if why is null then
        select c.id into right_code from public.support_codes c
        where c.tenant_id = place and c.code = p_code and c.used_at is null and c.ends_at > now() and c.tries < 5
        order by c.id limit 1
        for update;
        if right_code is null then
            why := 'wrong_code';
            update public.support_codes c set tries = c.tries + 1
            where c.tenant_id = place and c.used_at is null and c.ends_at > now() and c.tries < 5;
        else
            update public.support_codes c set used_at = now() where c.tenant_id = place and c.id = right_code;
        end if;
    end if;
    if why is null then
        insert into public.support_asks (tenant_id, id, actor_id, actor_name, mode, hours, reason, ticket)
        values (place, p_id, me, my_name, p_mode, p_hours, btrim(p_reason), btrim(p_ticket));
    end if;
    insert into public.audit_events (tenant_id, id, actor_id, subject_id, party, verb, target_kind, target_id, result, request_id, detail)
    values (place, p_audit, me, me, 'system', 'support.access_requested', case when why is null then 'access_request' else '' end,
            case when why is null then p_id end, case when why is null then 'ok' else 'denied' end, p_request,
            case when why is null then '{}'::jsonb else jsonb_build_object('why', why) end);
    return query select coalesce(why, 'ok'), place;
end $$;
grant execute on function lookup.support_ask to portico_app;

-- The access requests of the agent in the context, and their answers.
create function lookup.support_asked(p_limit integer)
returns table (id uuid, tenant_name text, slug text, mode text, hours integer, reason text, ticket text,
               created_at timestamptz, ends_at timestamptz, answer text, word text, answered_at timestamptz)
language sql stable security definer set search_path = ''
as $$
    select k.id, t.name, t.slug, k.mode, k.hours, k.reason, k.ticket, k.created_at, k.ends_at, k.answer, k.word, k.answered_at
    from public.support_asks k
    join public.tenants t on t.id = k.tenant_id
    where lookup.i_am_agent()
      and k.actor_id = nullif(current_setting('app.user_id', true), '')::uuid
    order by k.created_at desc, k.id
    limit least(p_limit, 100)
$$;
grant execute on function lookup.support_asked to portico_app;

-- Sets whether support may request access to the tenant in the context. For owners and
-- admins of either party, not in a support session. False for anybody else.
create function lookup.set_support_asks(p_may boolean)
returns boolean
language sql volatile security definer set search_path = ''
as $$
    with set as (
        update public.tenants t
        set support_asks = p_may
        where t.id = nullif(current_setting('app.tenant_id', true), '')::uuid
          and nullif(current_setting('app.support_session_id', true), '') is null
          and exists (
              select from public.memberships m
              where m.tenant_id = t.id
                and m.user_id = nullif(current_setting('app.user_id', true), '')::uuid
                and m.role in ('owner', 'admin')
                and m.ended_at is null)
        returning 1
    )
    select exists (select from set)
$$;
grant execute on function lookup.set_support_asks to portico_app;

-- The answer to an access request of the tenant in the context, for the mail to its
-- agent. No row if it has none, or the agent is none any more. Only jobs read it.
create function lookup.support_answer(p_ask uuid)
returns table (email text, name text, tenant_name text, slug text, answer text, word text, mode text, ends_at timestamptz, time_zone text, locale text)
language sql stable security definer set search_path = ''
as $$
    select u.email, u.name, t.name, t.slug, k.answer, k.word, coalesce(g.mode, k.mode), coalesce(g.ends_at, k.ends_at), u.time_zone, u.locale
    from public.support_asks k
    join public.tenants t on t.id = k.tenant_id
    join public.support_agents a on a.user_id = k.actor_id and a.disabled_at is null
    join public.users u on u.id = k.actor_id and u.disabled_at is null
    left join public.support_grants g on g.tenant_id = k.tenant_id and g.id = k.grant_id
    where k.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
      and k.id = p_ask
      and k.answer in ('granted', 'denied')
      and current_setting('app.party', true) = 'system'
$$;
grant execute on function lookup.support_answer to portico_app;
