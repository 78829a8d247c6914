-- Who works in which clients of an agency.

-- Reports whether the person in the context may give the person that role in the clients
-- of the agency in the context, or take it: an owner or admin, in person, no role above
-- their own, and only for somebody who works in the agency or in one of its clients
-- already. Not granted to the app.
create function lookup.may_assign(p_person uuid, p_role text)
returns boolean
language plpgsql stable security definer set search_path = ''
as $$
declare
    agency uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
    mine text := lookup.my_agency_role();
begin
    return coalesce(mine in ('owner', 'admin') and (mine = 'owner' or p_role <> 'owner'), false)
       and exists (
           select from public.memberships m
           join public.tenants t on t.id = m.tenant_id
           join public.users u on u.id = m.user_id and u.disabled_at is null
           where m.user_id = p_person and m.party = 'agency' and m.ended_at is null and m.email is not null
             and (t.id = agency or t.agency_id = agency));
end $$;

-- Makes a person staff of the clients, which are the agency's own and in the order of
-- their ids. Who works there already keeps their role. Each client's trail records it.
-- Not granted to the app.
create function lookup.begin_staff(p_person uuid, p_clients uuid[], p_role text, p_request text)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
    agency uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
    me uuid := nullif(current_setting('app.user_id', true), '')::uuid;
begin
    -- Whoever is being erased comes back nowhere.
    perform 1 from public.users u where u.id = p_person and u.disabled_at is null for key share;
    if not found then return; end if;
    -- Memberships change only under a lock of their tenant's row, and their counters under
    -- a lock of all of them.
    perform 1 from public.tenants t where t.id = any (p_clients) and t.agency_id = agency order by t.id for no key update;
    perform 1
    from public.memberships m
    join public.tenants t on t.id = m.tenant_id and t.agency_id = agency
    where m.tenant_id = any (p_clients) and m.ended_at is null
    order by m.tenant_id, m.user_id
    for no key update of m;
    -- Keys of a former member don't work again.
    update public.api_keys k
    set revoked_at = now()
    from public.memberships m
    where k.tenant_id = any (p_clients) and k.user_id = p_person and k.revoked_at is null
      and m.tenant_id = k.tenant_id and m.user_id = k.user_id and m.ended_at is not null;
    with known as (
        select m.name, m.email
        from public.memberships m
        join public.tenants t on t.id = m.tenant_id
        where m.user_id = p_person and m.party = 'agency' and m.ended_at is null and m.email is not null
          and (t.id = agency or t.agency_id = agency)
        order by t.id <> agency, t.id
        limit 1
    ), begun as (
        insert into public.memberships as m (tenant_id, user_id, tenant_kind, party, role, name, email, waiting, next_due_on)
        select t.id, p_person, t.kind, 'agency', p_role, k.name, k.email, coalesce(o.waiting, 0), o.next_due_on
        from public.tenants t
        cross join known k
        left join lateral (
            select c.waiting, c.next_due_on from public.memberships c
            where c.tenant_id = t.id and c.user_id <> p_person and c.ended_at is null
            limit 1) o on true
        where t.id = any (p_clients) and t.agency_id = agency and t.discarded_at is null
        on conflict (tenant_id, user_id) do update
        set party = excluded.party, role = excluded.role, name = excluded.name, email = excluded.email,
            waiting = excluded.waiting, next_due_on = excluded.next_due_on, unread = 0, ended_at = null
        where m.ended_at is not null
        returning m.tenant_id)
    insert into public.audit_events (tenant_id, id, actor_id, subject_id, party, verb, target_kind, target_id, request_id, detail)
    select b.tenant_id, gen_random_uuid(), me, me, 'agency', 'member.added', 'membership', p_person, p_request,
           jsonb_build_object('party', 'agency', 'role', p_role)
    from begun b;
end $$;

-- Makes somebody who works for the agency staff of those of its clients. Returns in how
-- many of them they are staff now: fewer than asked where they belong to the client's
-- own side, or where a client isn't the agency's. Null means that the person may not.
create function lookup.assign_staff(p_person uuid, p_clients uuid[], p_role text, p_request text)
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
begin
    if not lookup.may_assign(p_person, p_role) then return null; end if;
    perform lookup.begin_staff(p_person, p_clients, p_role, p_request);
    return (
        select count(*)::integer
        from public.memberships m
        join public.tenants t on t.id = m.tenant_id and t.agency_id = nullif(current_setting('app.tenant_id', true), '')::uuid
        where m.tenant_id = any (p_clients) and m.user_id = p_person and m.party = 'agency' and m.ended_at is null);
end $$;
grant execute on function lookup.assign_staff to portico_app;

-- Assigns a member of the agency to all its clients, now and later. Without a role it
-- ends that: they stay where they are and come into no later client. False means that
-- they are no member of the agency itself. Null means that the person may not.
create function lookup.assign_everywhere(p_person uuid, p_role text, p_request text)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare
    agency uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
    had text;
begin
    select m.every_client_role into had
    from public.memberships m
    where m.tenant_id = agency and m.user_id = p_person and m.tenant_kind = 'agency' and m.ended_at is null;
    if not lookup.may_assign(p_person, coalesce(p_role, 'member'))
       or not lookup.may_assign(p_person, coalesce(had, 'member')) then
        return null;
    end if;
    update public.memberships m
    set every_client_role = p_role
    where m.tenant_id = agency and m.user_id = p_person and m.tenant_kind = 'agency' and m.ended_at is null;
    if not found then return false; end if;
    if p_role is not null then
        perform lookup.begin_staff(p_person,
            (select coalesce(array_agg(t.id), '{}') from public.tenants t where t.agency_id = agency and t.state <> 'archived'),
            p_role, p_request);
    end if;
    return true;
end $$;
grant execute on function lookup.assign_everywhere to portico_app;

-- Makes everybody whom the agency has assigned to all its clients staff of this one,
-- except the person in the context. For the agency's owners and admins, who create and
-- unarchive clients.
create function lookup.assign_standing(p_client uuid, p_request text)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
    agency uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
    s record;
begin
    if coalesce(lookup.my_agency_role(), '') not in ('owner', 'admin') or not lookup.is_my_client(p_client) then
        return;
    end if;
    for s in
        select m.user_id, m.every_client_role
        from public.memberships m
        where m.tenant_id = agency and m.ended_at is null and m.every_client_role is not null
          and m.user_id <> nullif(current_setting('app.user_id', true), '')::uuid
        order by m.user_id
    loop
        perform lookup.begin_staff(s.user_id, array[p_client], s.every_client_role, p_request);
    end loop;
end $$;
grant execute on function lookup.assign_standing to portico_app;

-- Ends a person's staff memberships in the clients, and revokes staff invitations to
-- them and, with p_invites, those that they made there, except where they remain a
-- member of the client's own side. Each client's trail records it. The caller has
-- checked that the person may, except that only the agency's owners end the work of others
-- who own a client: null means that. Returns how many memberships ended; -1 means that a
-- client would be left without an owner. Not granted to the app.
create function lookup.end_staff_in(p_person uuid, p_clients uuid[], p_invites boolean, p_request text)
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
declare
    me uuid := nullif(current_setting('app.user_id', true), '')::uuid;
    address text; many integer;
begin
    select u.email into address from public.users u where u.id = p_person;
    -- Memberships change only under a lock of their tenant's row.
    perform 1
    from public.tenants t
    where t.id = any (p_clients)
      and (exists (select from public.memberships m where m.tenant_id = t.id and m.user_id = p_person)
           or exists (select from public.invites i where i.tenant_id = t.id and (i.invited_by = p_person or i.email = address)))
    order by t.id
    for no key update;
    if exists (
        select from public.memberships m
        where m.tenant_id = any (p_clients) and m.user_id = p_person and m.party = 'agency' and m.role = 'owner' and m.ended_at is null
          and p_person <> me and lookup.my_agency_role() is distinct from 'owner') then
        return null;
    end if;
    if exists (
        select from public.memberships m
        where m.tenant_id = any (p_clients) and m.user_id = p_person and m.party = 'agency' and m.role = 'owner' and m.ended_at is null
          and not exists (
              select from public.memberships o
              where o.tenant_id = m.tenant_id and o.user_id <> p_person and o.role = 'owner' and o.ended_at is null)) then
        return -1;
    end if;
    with gone as (
        update public.memberships m
        set ended_at = now()
        where m.tenant_id = any (p_clients)
          and m.user_id = p_person and m.party = 'agency' and m.ended_at is null
        returning m.tenant_id, m.role)
    insert into public.audit_events (tenant_id, id, actor_id, subject_id, party, verb, target_kind, target_id, request_id, detail)
    select g.tenant_id, gen_random_uuid(), me, me, 'agency', case when p_person = me then 'member.left' else 'member.removed' end,
           'membership', p_person, p_request, jsonb_build_object('party', 'agency', 'role', g.role)
    from gone g;
    get diagnostics many = row_count;
    with gone as (
        update public.invites i
        set revoked_at = now()
        where i.tenant_id = any (p_clients)
          and i.accepted_at is null and i.revoked_at is null
          and ((i.party = 'agency' and i.email = address)
               or (p_invites and i.invited_by = p_person and not exists (
                   select from public.memberships m
                   where m.tenant_id = i.tenant_id and m.user_id = p_person and m.party = 'client' and m.ended_at is null)))
        returning i.tenant_id, i.id)
    insert into public.audit_events (tenant_id, id, actor_id, subject_id, party, verb, target_kind, target_id, request_id)
    select g.tenant_id, gen_random_uuid(), me, me, 'agency', 'member.invite_revoked', 'invite', g.id, p_request
    from gone g;
    return many;
end $$;

-- Ends a person's work in those of the agency's clients. Returns in how many; -1 means
-- that one of them would be left without an owner, and null that the person may not.
create function lookup.unassign_staff(p_person uuid, p_clients uuid[], p_request text)
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
declare
    agency uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
    theirs uuid[]; owns boolean; manages boolean;
begin
    perform 1 from public.tenants t where t.id = any (p_clients) and t.agency_id = agency order by t.id for no key update;
    select coalesce(array_agg(m.tenant_id), '{}'), coalesce(bool_or(m.role = 'owner'), false) into theirs, owns
    from public.memberships m
    join public.tenants t on t.id = m.tenant_id
    where m.tenant_id = any (p_clients) and t.agency_id = agency
      and m.user_id = p_person and m.party = 'agency' and m.ended_at is null;
    if not lookup.may_assign(p_person, case when owns then 'owner' else 'member' end) then return null; end if;
    -- Owners and admins of the agency may make invitations in its clients from outside.
    select coalesce(bool_or(m.role in ('owner', 'admin')), false) into manages
    from public.memberships m
    where m.tenant_id = agency and m.user_id = p_person and m.ended_at is null;
    return lookup.end_staff_in(p_person, theirs, not manages, p_request);
end $$;
grant execute on function lookup.unassign_staff to portico_app;

-- Who works where, for the agency's owners and admins: one row for each person and
-- client, and one without a client for a member of the agency who works in none. With
-- p_people those people, with p_client those of that client, otherwise those who are no
-- members of the agency itself and match the filter.
create function lookup.my_staff(p_people uuid[], p_client uuid, p_filter text)
returns table (user_id uuid, name text, email text, role text, every_client_role text,
    client_id uuid, client_slug text, client_name text, client_state text, client_role text)
language sql stable security definer set search_path = ''
as $$
    with agency as (
        select nullif(current_setting('app.tenant_id', true), '')::uuid as id
        where (select lookup.my_agency_role()) in ('owner', 'admin')
    ), own as (
        select m.user_id, m.name, m.email, m.role, m.every_client_role
        from public.memberships m
        join agency a on a.id = m.tenant_id
        where m.ended_at is null and m.party = 'agency'
    ), there as (
        select m.user_id, m.name, m.email, m.role, t.id, t.slug, t.name as client, t.state
        from agency a
        join public.tenants t on t.agency_id = a.id
        join public.memberships m on m.tenant_id = t.id and m.party = 'agency' and m.ended_at is null
        where (p_client is null or t.id = p_client)
          and (p_people is null or m.user_id = any (p_people))
    )
    select coalesce(o.user_id, w.user_id), coalesce(o.name, w.name), coalesce(o.email, w.email, ''), o.role, o.every_client_role,
           w.id, w.slug, w.client, w.state, w.role
    from own o
    full join there w on w.user_id = o.user_id
    where case when p_client is not null then w.id = p_client
               when p_people is not null then coalesce(o.user_id, w.user_id) = any (p_people)
               else o.user_id is null
                    and (p_filter = '' or position(lower(p_filter collate "und-x-icu") in lower(w.name)) > 0 or position(lower(p_filter collate "und-x-icu") in coalesce(w.email, '')) > 0)
          end
    order by 2, 1, w.client, w.id
    limit 5000
$$;
grant execute on function lookup.my_staff to portico_app;

-- The person with that address if they work for the agency of the tenant in the context,
-- or in any of its clients, for managers in the context who are in person and belong to
-- the agency itself. They need no invitation. Null otherwise: who works in one client
-- alone doesn't learn who works in others. In a client it locks the agency's row, so that
-- nobody is removed from the agency meanwhile: call it before the client's row is locked.
create function lookup.colleague(p_email text)
returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
begin
    perform 1
    from public.tenants a
    where a.id = (select t.agency_id from public.tenants t where t.id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    for share;
    return (
        select u.id
        from public.users u
        join public.tenants t on t.id = nullif(current_setting('app.tenant_id', true), '')::uuid
        where u.email = p_email and u.kind = 'person' and u.disabled_at is null
          and current_setting('app.party', true) = 'agency'
          and nullif(current_setting('app.support_session_id', true), '') is null
          and exists (
              select from public.memberships m
              join public.tenants w on w.id = m.tenant_id
              where m.user_id = u.id and m.party = 'agency' and m.ended_at is null
                and coalesce(t.agency_id, t.id) in (w.id, w.agency_id))
          and exists (
              select from public.memberships me
              where me.user_id = nullif(current_setting('app.user_id', true), '')::uuid and me.party = 'agency' and me.ended_at is null
                and me.role in ('owner', 'admin')
                and me.tenant_id in (t.id, t.agency_id))
          and exists (
              select from public.memberships own
              where own.user_id = nullif(current_setting('app.user_id', true), '')::uuid and own.ended_at is null
                and own.tenant_id = coalesce(t.agency_id, t.id)));
end $$;
grant execute on function lookup.colleague to portico_app;
