-- Tenants' hosts: the one-time hand-over of a session, and the domains to check.

-- Begins a hand-over of the session with this token to a host of one of the person's
-- tenants. Returns '' if it did, and null for any other host. The client controls its
-- own domain, including cookies, so staff get no session there: for them it returns the
-- slug under which they stay on the main host. Agents have no hand-over, because support
-- sessions exist only on the main host.
create function lookup.handover_begin(
    p_token bytea, p_slug text, p_domain text, p_host text, p_handover bytea, p_browser bytea, p_return_to text)
returns text
language sql volatile security definer set search_path = ''
as $$
    with wanted as (
        select s.id, case when t.kind = 'client' and m.party = 'agency' and t.slug is distinct from p_slug then t.slug else '' end as stays,
               t.id as tenant, m.party,
               (select d.id from public.domains d
                where d.host = p_domain and d.verified_at is not null and t.slug is distinct from p_slug) as domain
        from public.sessions s
        join public.users u on u.id = s.user_id and u.kind = 'person'
        join public.memberships m on m.user_id = u.id and m.ended_at is null
        join public.tenants t on t.id = m.tenant_id
        where s.token_hash = p_token
          and s.host = ''
          and lookup.session_lives(s.id)
          and t.id = coalesce(
              (select a.id from public.tenants a where a.slug = p_slug),
              (select d.tenant_id from public.domains d where d.host = p_domain and d.verified_at is not null))
    ), begun as (
        insert into public.handovers (token_hash, session_id, host, browser_hash, return_to, host_tenant_id, host_party, host_domain_id)
        select p_handover, w.id, p_host, p_browser, p_return_to, w.tenant, w.party, w.domain
        from wanted w
        where w.stays = ''
    )
    select w.stays from wanted w
$$;
grant execute on function lookup.handover_begin to portico_app;

-- Uses a hand-over, once, within its minute, on its host, in its browser, while the
-- parent session is valid, its person still a member there with the same party, and the
-- host still the tenant's. A failed attempt doesn't use it up, so the right browser can
-- still do so. Returns the path to go to, or null.
create function lookup.handover_spend(
    p_handover bytea, p_host text, p_browser bytea, p_session uuid, p_token bytea, p_agent text,
    p_old_token bytea, p_event uuid, p_request text)
returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare parent public.sessions; way public.handovers;
begin
    update public.handovers h
    set spent_at = now()
    where h.token_hash = p_handover and h.host = p_host and h.browser_hash = p_browser
      and h.spent_at is null and h.created_at <= now() and h.expires_at > now()
    returning * into way;
    if way.token_hash is null then return null; end if;
    select s.* into parent
    from public.sessions s
    where s.id = way.session_id and lookup.session_lives(s.id)
    for update of s;
    if parent.id is null or not exists (
        select from public.memberships m
        where m.tenant_id = way.host_tenant_id and m.user_id = parent.user_id and m.party = way.host_party and m.ended_at is null) then
        return null;
    end if;
    delete from public.sessions s where s.token_hash = p_old_token and s.host = p_host;
    insert into public.sessions (id, token_hash, user_id, host, user_agent, parent_id, expires_at, host_tenant_id, host_party, host_domain_id)
    values (p_session, p_token, parent.user_id, p_host, left(p_agent, 300), parent.id, parent.expires_at,
            way.host_tenant_id, way.host_party, way.host_domain_id);
    if not lookup.host_holds(p_session) then
        delete from public.sessions s where s.id = p_session;
        return null;
    end if;
    insert into public.account_events (id, user_id, verb, request_id)
    values (p_event, parent.user_id, 'session.handed_over', p_request);
    return way.return_to;
end $$;
grant execute on function lookup.handover_spend to portico_app;

-- Returns where a hand-over led that opened this session, to which it is given a second
-- time; null for any other. It changes nothing.
create function lookup.handover_used(p_handover bytea, p_host text, p_token bytea)
returns text
language sql stable security definer set search_path = ''
as $$
    select h.return_to
    from public.handovers h
    join public.sessions s on s.parent_id = h.session_id and s.host = h.host
    where h.token_hash = p_handover and h.host = p_host and h.spent_at is not null
      and s.token_hash = p_token and lookup.session_lives(s.id)
$$;
grant execute on function lookup.handover_used to portico_app;

-- Returns the domains that are due for a check. Each is returned once, and again after
-- ten minutes if it wasn't checked. Ids alone reveal nothing.
create function lookup.domains_due(p_limit integer)
returns table (tenant_id uuid, domain_id uuid)
language sql volatile security definer set search_path = ''
as $$
    update public.domains d
    set next_check_at = now() + interval '10 minutes'
    from (
        select n.tenant_id, n.id
        from public.domains n
        where n.next_check_at <= now()
        order by n.next_check_at
        limit least(p_limit, 500)
        for update skip locked
    ) n
    where d.tenant_id = n.tenant_id and d.id = n.id
    returning d.tenant_id, d.id
$$;
grant execute on function lookup.domains_due to portico_app;
