-- Who makes the request: the first round trip, and the switcher.

-- Reports whether a tenant and its agency are active. Not granted to the app. Functions
-- that every request calls are in plpgsql, which caches plans; sql functions are planned
-- at each call.
create function lookup.tenant_active(p_tenant uuid)
returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
    return (
        select coalesce((
            select t.state = 'active' and coalesce(g.state, 'active') = 'active'
            from public.tenants t
            left join public.tenants g on g.id = t.agency_id
            where t.id = p_tenant), false));
end $$;

-- The host of a tenant's links: the first verified of its domains that point here. Null
-- means the main host with a path. Not granted to the app.
create function lookup.host_of(p_tenant uuid)
returns text
language plpgsql stable security definer set search_path = ''
as $$
begin
    return (
        select d.host
        from public.domains d
        where d.tenant_id = p_tenant and d.verified_at is not null and d.pointing = 'there'
        order by d.verified_at, d.id
        limit 1);
end $$;

-- Reports whether a session may still be used on its host: always on the main host. A
-- tenant's host needs the same tenant and claim of the domain, verified since before the
-- session, and the same party. Staff have none on a client's own domain. What the
-- hand-over decided is thus decided again at every use. Not granted to the app.
create function lookup.host_holds(p_session uuid)
returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
    return (
        select s.host = '' or (
            not exists (
                select from public.memberships m
                where m.tenant_id = s.host_tenant_id and m.user_id = s.user_id and m.ended_at is null
                  and m.party <> s.host_party)
            and case
                when s.host_domain_id is null then starts_with(s.host, t.slug || '.')
                else (t.kind = 'agency' or s.host_party = 'client')
                    and exists (
                        select from public.domains d
                        where d.tenant_id = s.host_tenant_id and d.id = s.host_domain_id and d.host = s.host
                          and d.verified_at <= s.created_at)
                end)
        from public.sessions s
        left join public.tenants t on t.id = s.host_tenant_id
        where s.id = p_session);
end $$;

-- Reports whether a session is alive: neither expired nor unused for too long, of a
-- person or agent who is not disabled, and on a host where it may still be used. Proofs
-- dated in the future don't count, in case the clock is set back; a little of it is the
-- clock's own correction. Not granted to the app.
create function lookup.session_lives(p_session uuid)
returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
    return exists (
        select from public.sessions s
        join public.users u on u.id = s.user_id and u.disabled_at is null
        where s.id = p_session
          and s.expires_at > now()
          and s.last_used_at between now() - interval '12 hours' and now() + interval '5 minutes'
          and (u.kind = 'person' or exists (
              select from public.support_agents a where a.user_id = u.id and a.disabled_at is null))
          and (s.host = '' or lookup.host_holds(s.id)));
end $$;

-- Reports whether whoever began a request may still act: the session is alive, the
-- membership has the same party and role, and a support session still runs, for deeds
-- with write access. Every deed asks it in its own transaction, because a request can
-- last longer than a right. The context names tenant, people and support session.
create function lookup.may_still_act(p_session uuid, p_role text, p_writes boolean)
returns boolean
language plpgsql stable security definer set search_path = ''
as $$
declare
    place uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
    me uuid := nullif(current_setting('app.actor_id', true), '')::uuid;
    support uuid := nullif(current_setting('app.support_session_id', true), '')::uuid;
    inside public.support_sessions;
begin
    if not lookup.session_lives(p_session) then return false; end if;
    if not exists (
        select from public.memberships m
        where m.tenant_id = place and m.user_id = nullif(current_setting('app.user_id', true), '')::uuid
          and m.ended_at is null and m.party = current_setting('app.party', true) and m.role = p_role) then
        return false;
    end if;
    if support is null then
        return exists (select from public.sessions s where s.id = p_session and s.user_id = me);
    end if;
    select o.* into inside
    from public.support_sessions o
    join public.sessions s on s.support_tenant_id = o.tenant_id and s.support_session_id = o.id
    where s.id = p_session and s.user_id = me and o.actor_id = me and o.tenant_id = place and o.id = support;
    return inside.id is not null and lookup.support_over(inside) is null
       and (not p_writes or lookup.support_mode(inside) = 'write');
end $$;
grant execute on function lookup.may_still_act to portico_app;

-- The first statement of every request: the current session, person, tenant, membership,
-- brand and support session. Always exactly one row. It updates the session's last use at
-- most every five minutes. It runs several small queries, because starting one large
-- query costs more.
--
-- With p_opens, a member in person of an active tenant also gets their context, for the
-- rest of this transaction, which is then read-only. So the reads of a page follow in the
-- same round trip. For everybody else it sets nothing, and those reads see nothing. Most
-- clicks are a plain case, which one statement answers at a third of the cost: on the main
-- host, within five minutes of the last click, no support session. It must answer the same
-- as the way that all others take, and a test compares the two.
create function lookup.who_is_asking(p_token bytea, p_host text, p_slug text, p_domain text, p_opens boolean)
returns table (
    session_id uuid, user_id uuid, user_kind text, user_name text, user_email text, time_zone text, locale text,
    stepped_up_at timestamptz,
    tenant_id uuid, tenant_kind text, tenant_slug text, tenant_name text, tenant_state text,
    portal_name text, welcome text, accent text, logo_id uuid, agency_name text, tenant_host text,
    subject_id uuid, subject_name text, subject_email text, subject_time_zone text, subject_locale text, party text, role text, last_seen_at timestamptz, seen_before_at timestamptz, places integer,
    last_place text, latest boolean, unread integer,
    support_id uuid, support_tenant_id uuid, support_kind text, support_mode text, support_reason text,
    support_ticket text, support_ends_at timestamptz, support_may_write boolean, support_slug text, support_over text, support_elsewhere boolean, support_drafts boolean, read_only boolean, opened boolean)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
declare
    k record; t record; m record;
    pointed public.support_sessions; inside public.support_sessions;
    plain boolean;
begin
    support_may_write := false;
    support_elsewhere := false;
    support_drafts := true;
    read_only := false;
    if p_host = '' then
        select s.id, s.user_id, u.kind, u.name, u.email, u.time_zone, u.locale,
               case when s.stepped_up_at <= now() then s.stepped_up_at end,
               t.id, t.kind, t.slug, t.name, t.state,
               coalesce(t.portal_name, g.portal_name), coalesce(t.welcome, g.welcome),
               coalesce(t.accent, g.accent), coalesce(t.logo_id, g.logo_id), g.name, lookup.host_of(t.id),
               m.user_id, m.name, m.email, u.time_zone, u.locale, m.party, m.role, m.last_seen_at, m.seen_before_at,
               (select count(*) from (
                   select from public.memberships o where o.user_id = m.user_id and o.ended_at is null limit 2) few),
               m.last_place,
               not exists (
                   select from public.memberships o
                   where o.user_id = m.user_id and o.ended_at is null and (o.used_at, o.tenant_id) > (m.used_at, m.tenant_id)),
               m.unread,
               coalesce(g.read_only_since, t.read_only_since) is not null
        into session_id, user_id, user_kind, user_name, user_email, time_zone, locale,
             stepped_up_at,
             tenant_id, tenant_kind, tenant_slug, tenant_name, tenant_state,
             portal_name, welcome,
             accent, logo_id, agency_name, tenant_host,
             subject_id, subject_name, subject_email, subject_time_zone, subject_locale, party, role, last_seen_at, seen_before_at,
             places,
             last_place,
             latest,
             unread,
             read_only
        from public.sessions s
        join public.users u on u.id = s.user_id
        -- By the tenant's id first: some people belong to a thousand.
        join public.memberships m on m.tenant_id = (select b.id from public.tenants b where b.slug = p_slug) and m.user_id = s.user_id
        join public.tenants t on t.id = m.tenant_id
        left join public.tenants g on g.id = t.agency_id
        where s.token_hash = p_token
          and s.host = ''
          and s.expires_at > now()
          and s.last_used_at between now() - interval '5 minutes' and now() + interval '5 minutes'
          and s.support_session_id is null
          and not exists (
              select from public.sessions f where f.parent_id = s.id and f.support_session_id is not null)
          and u.disabled_at is null
          and t.state = 'active'
          and coalesce(g.state, 'active') = 'active'
          and m.ended_at is null;
    end if;
    plain := session_id is not null;
    opened := plain and p_opens;

    if not plain then
        select t.id, t.kind, t.slug, t.name,
               case when g.state is not null and t.state = 'active' then g.state else t.state end as state,
               coalesce(t.portal_name, g.portal_name) as portal_name, coalesce(t.welcome, g.welcome) as welcome,
               coalesce(t.accent, g.accent) as accent, coalesce(t.logo_id, g.logo_id) as logo_id, g.name as agency_name,
               lookup.host_of(t.id) as host, coalesce(g.read_only_since, t.read_only_since) is not null as read_only
        into t
        from public.tenants t
        left join public.tenants g on g.id = t.agency_id
        where t.id = coalesce(
            (select b.id from public.tenants b where b.slug = p_slug),
            (select d.tenant_id from public.domains d where d.host = p_domain and d.verified_at is not null));

        select s.id, s.user_id, u.kind as user_kind, u.name, u.email, u.time_zone, u.locale,
               case when s.stepped_up_at <= now() then s.stepped_up_at end as stepped_up_at,
               s.support_tenant_id, s.support_session_id, s.last_used_at, s.parent_id,
               -- The number of workspaces; 2 means two or more.
               (select count(*) from (
                   select from public.memberships o where o.user_id = u.id and o.ended_at is null limit 2) few)::integer as places
        into k
        from public.sessions s
        join public.users u on u.id = s.user_id
        where s.token_hash = p_token
          and s.host = p_host
          and (p_host = '' or s.host_tenant_id = t.id)
          and lookup.session_lives(s.id);

        -- Using a session also counts as use of its parent on the main host.
        if k.last_used_at < now() - interval '5 minutes' then
            update public.sessions s set last_used_at = now() where s.id in (k.id, k.parent_id);
        end if;

        -- While staff view as a client, none of their other hosts in this browser acts as
        -- themselves.
        support_elsewhere := k.user_kind = 'person' and exists (
            select from public.sessions f
            join public.support_sessions ss
                on ss.tenant_id = f.support_tenant_id and ss.id = f.support_session_id and ss.actor_id = k.user_id and ss.ended_at is null
            where (f.id = k.parent_id or f.parent_id = coalesce(k.parent_id, k.id))
              and f.id <> k.id
              and lookup.support_over(ss) is null);

        if k.support_session_id is not null then
            select ss.* into pointed
            from public.support_sessions ss
            where ss.tenant_id = k.support_tenant_id and ss.id = k.support_session_id and ss.actor_id = k.user_id;
            support_over := case when pointed.id is null then 'revoked' else lookup.support_over(pointed) end;
            if support_over is null then
                inside := pointed;
                inside.mode := lookup.support_mode(pointed);
                if inside.kind = 'support' then
                    select least(inside.ends_at, a.ends_at), a.drafts into inside.ends_at, support_drafts
                    from lookup.support_allows(inside.tenant_id, inside.subject_party) a;
                end if;
                support_may_write := inside.mode = 'read' and lookup.support_may_write(pointed);
            elsif pointed.ended_at is null then
                -- Mark it as ended, so that it stays ended even if the cause goes away.
                perform lookup.support_end(k.user_id, null, '');
            end if;
        end if;

        select m.user_id, m.name, m.email, m.party, m.role, m.last_seen_at, m.seen_before_at, m.last_place, m.unread,
               -- Whether this is the workspace they used last.
               not exists (
                   select from public.memberships o
                   where o.user_id = m.user_id and o.ended_at is null and (o.used_at, o.tenant_id) > (m.used_at, m.tenant_id)) as latest
        into m
        from public.memberships m
        where m.tenant_id = t.id
          and m.user_id = case when inside.tenant_id = t.id then inside.subject_id else k.user_id end
          and not support_elsewhere
          and m.ended_at is null;

        -- A support session uses the subject's time zone and locale.
        subject_time_zone := k.time_zone;
        subject_locale := k.locale;
        if m.user_id <> k.user_id then
            select u.time_zone, u.locale into subject_time_zone, subject_locale from public.users u where u.id = m.user_id;
        end if;

        select k.id, k.user_id, k.user_kind, k.name, k.email, k.time_zone, k.locale, k.stepped_up_at,
               t.id, t.kind, t.slug, t.name, t.state, t.portal_name, t.welcome, t.accent, t.logo_id, t.agency_name, t.host,
               m.user_id, m.name, m.email, m.party, m.role, m.last_seen_at, m.seen_before_at,
               -- A support session doesn't reveal the subject's other workspaces.
               case when inside.id is not null then 1 else coalesce(k.places, 0) end,
               m.last_place, coalesce(m.latest, true), coalesce(m.unread, 0), coalesce(t.read_only, false),
               inside.id, inside.tenant_id, inside.kind, inside.mode, inside.reason, inside.ticket, inside.ends_at,
               (select o.slug from public.tenants o where o.id = pointed.tenant_id)
        into session_id, user_id, user_kind, user_name, user_email, time_zone, locale, stepped_up_at,
             tenant_id, tenant_kind, tenant_slug, tenant_name, tenant_state, portal_name, welcome, accent, logo_id, agency_name, tenant_host,
             subject_id, subject_name, subject_email, party, role, last_seen_at, seen_before_at,
             places,
             last_place, latest, unread, read_only,
             support_id, support_tenant_id, support_kind, support_mode, support_reason, support_ticket, support_ends_at,
             support_slug;
        opened := p_opens and m.user_id is not null and k.support_session_id is null and t.state = 'active';
    end if;

    if opened then
        if coalesce(current_setting('app.tenant_id', true), '') <> '' then
            raise exception 'a tenant is set already';
        end if;
        perform set_config('app.tenant_id', tenant_id::text, true), set_config('app.user_id', user_id::text, true),
            set_config('app.actor_id', user_id::text, true), set_config('app.support_session_id', '', true),
            set_config('app.api_key_id', '', true), set_config('app.party', party, true), set_config('app.drafts', '', true),
            set_config('transaction_read_only', 'on', true);
    end if;
    return next;
end $$;
grant execute on function lookup.who_is_asking to portico_app;

-- When something last happened in a tenant, as its staff see it. Not granted to the app.
create function lookup.last_activity(p_tenant uuid)
returns timestamptz
language plpgsql stable security definer set search_path = ''
as $$
begin
    return (
        select e.at
        from public.audit_events e
        where e.tenant_id = p_tenant and e.party <> 'system' and e.support_session_id is null
        order by e.at desc
        limit 1);
end $$;

-- Lists the workspaces of the person in the context, most recently used first, after the
-- given one. In a support session only its own tenant.
create function lookup.my_workspaces(p_filter text, p_after_used timestamptz, p_after uuid, p_limit integer)
returns table (
    tenant_id uuid, kind text, slug text, name text, state text, agency_name text, accent text, logo_id uuid,
    party text, role text, unread integer, waiting integer, for_us integer, next_due_on date,
    last_activity_at timestamptz, used_at timestamptz)
-- Use the index memberships_by_use, which has this order. The planner doesn't know the
-- limit in advance and would otherwise collect and sort all rows.
language plpgsql stable security definer set search_path = '' set enable_sort = off set enable_bitmapscan = off
as $$
#variable_conflict use_column
begin
    return query
    select t.id, t.kind, t.slug, coalesce(case when m.party = 'client' then coalesce(t.portal_name, g.portal_name) end, t.name), t.state, g.name,
           coalesce(t.accent, g.accent), coalesce(t.logo_id, g.logo_id),
           m.party, m.role,
           -- Nothing waits in a tenant that is closed.
           case when t.state = 'active' then m.unread else 0 end,
           case when t.state = 'active' then m.waiting else 0 end,
           case when t.state = 'active' and m.party = 'agency' and coalesce(current_setting('app.drafts', true), '') <> 'hidden'
                then coalesce((select c.for_us from public.work_counts c where c.tenant_id = t.id), 0)
                else 0 end,
           m.next_due_on,
           -- Clients don't learn when their agency works on drafts.
           case when m.party = 'agency' then lookup.last_activity(t.id) else m.last_activity_at end,
           m.used_at
    from public.memberships m
    join public.tenants t on t.id = m.tenant_id
    left join public.tenants g on g.id = t.agency_id
    where m.user_id = nullif(current_setting('app.user_id', true), '')::uuid
      and m.ended_at is null
      and (m.used_at, m.tenant_id) < (coalesce(p_after_used, 'infinity'), coalesce(p_after, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
      and (nullif(current_setting('app.support_session_id', true), '') is null
           or m.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
      and (p_filter = '' or position(lower(p_filter collate "und-x-icu") in lower(t.name)) > 0 or position(lower(p_filter) in t.slug) > 0)
    order by m.used_at desc, m.tenant_id desc
    limit least(p_limit, 200);
end $$;
grant execute on function lookup.my_workspaces to portico_app;
