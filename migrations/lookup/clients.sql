-- What an agency may do with its own clients.

-- Reports whether the client belongs to the agency in the context. tx.EnterClient relies
-- on it.
create function lookup.is_my_client(p_client uuid)
returns boolean
language sql stable security definer set search_path = ''
as $$
    select current_setting('app.party', true) = 'agency'
       and nullif(current_setting('app.support_session_id', true), '') is null
       and nullif(current_setting('app.api_key_id', true), '') is null
       and exists (
           select 1 from public.tenants t
           where t.id = p_client
             and t.agency_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
$$;
grant execute on function lookup.is_my_client to portico_app;

-- The role of the person in the context in the agency in the context. Null for others,
-- in client tenants, in support sessions and for programs. Not granted to the app.
create function lookup.my_agency_role()
returns text
language sql stable security definer set search_path = ''
as $$
    select m.role from public.memberships m
    where m.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
      and m.tenant_kind = 'agency'
      and m.user_id = nullif(current_setting('app.user_id', true), '')::uuid
      and m.ended_at is null
      and nullif(current_setting('app.support_session_id', true), '') is null
      and nullif(current_setting('app.api_key_id', true), '') is null
$$;

-- The slug of the client's agency for somebody who is a member of that agency too, and
-- their role there. No row for others and in support sessions.
create function lookup.my_agency()
returns table (slug text, role text)
language sql stable security definer set search_path = ''
as $$
    select g.slug, m.role
    from public.tenants t
    join public.tenants g on g.id = t.agency_id
    join public.memberships m on m.tenant_id = g.id and m.ended_at is null
    where t.id = nullif(current_setting('app.tenant_id', true), '')::uuid
      and m.user_id = nullif(current_setting('app.user_id', true), '')::uuid
      and nullif(current_setting('app.support_session_id', true), '') is null
$$;
grant execute on function lookup.my_agency to portico_app;

-- Creates a client of the agency in the context, for the agency's owners and admins.
-- False means that the slug is taken, reserved or released. Null means that the person
-- may not; only owners may choose another plan than the first.
create function lookup.create_client(p_id uuid, p_slug text, p_name text, p_accent text, p_plan text, p_first text)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
begin
    if coalesce(lookup.my_agency_role(), '') not in ('owner', 'admin')
       or (p_plan <> p_first and lookup.my_agency_role() <> 'owner') then
        return null;
    end if;
    insert into public.tenants (id, kind, agency_id, slug, name, accent, plan)
    select p_id, 'client', nullif(current_setting('app.tenant_id', true), '')::uuid, p_slug, p_name, nullif(p_accent, ''), p_plan
    where not exists (select from public.kept_slugs k where k.slug = p_slug)
    on conflict (slug) do nothing;
    return found;
end $$;
grant execute on function lookup.create_client to portico_app;

-- Lists the clients of the agency in the context by name, for its owners and admins:
-- names and counts, no content. With p_client, only that one, and the client users who
-- are invited there, if the reader is a member of it too.
create function lookup.my_clients(p_client uuid, p_filter text, p_archived boolean, p_after_name text, p_after uuid, p_limit integer)
returns table (
    id uuid, slug text, name text, state text, plan text, accent text, logo_id uuid, created_at timestamptz,
    people bigint, projects bigint, waiting integer, for_us integer, last_activity_at timestamptz, joined boolean, invited text[])
language sql stable security definer set search_path = ''
as $$
    select t.id, t.slug, t.name, t.state, t.plan,
           coalesce(t.accent, (select g.accent from public.tenants g where g.id = t.agency_id)), t.logo_id, t.created_at,
           coalesce(m.people, 0),
           coalesce(c.projects, 0)::bigint,
           case when t.state = 'active' then coalesce(m.waiting, 0) else 0 end,
           case when t.state = 'active' then coalesce(c.for_us, 0) else 0 end,
           lookup.last_activity(t.id),
           coalesce(m.joined, false),
           case when p_client is not null and m.joined then array(
               select i.email from public.invites i
               where i.tenant_id = t.id and i.party = 'client' and i.accepted_at is null and i.revoked_at is null
               order by i.email) end
    from public.tenants t
    cross join lateral (
        select max(o.waiting) as waiting,
               count(*) filter (where o.party = 'client') as people,
               bool_or(o.party = 'agency' and o.user_id = nullif(current_setting('app.user_id', true), '')::uuid) as joined
        from public.memberships o
        where o.tenant_id = t.id and o.ended_at is null
    ) m
    left join public.work_counts c on c.tenant_id = t.id
    where t.agency_id = nullif(current_setting('app.tenant_id', true), '')::uuid
      and (select lookup.my_agency_role()) in ('owner', 'admin')
      and t.discarded_at is null
      and case when p_client is not null then t.id = p_client
               else (t.state = 'archived') = p_archived
                    and (t.name, t.id) > (p_after_name, coalesce(p_after, '00000000-0000-0000-0000-000000000000'))
                    and (p_filter = '' or position(lower(p_filter collate "und-x-icu") in lower(t.name)) > 0 or position(lower(p_filter) in t.slug) > 0)
          end
    order by t.name, t.id
    limit least(p_limit, 200)
$$;
grant execute on function lookup.my_clients to portico_app;

-- Changes a client's state, for the agency's owners and admins. False means that the
-- client has that state already, or is not in state p_from (if not ''). Null means that
-- the person may not.
create function lookup.set_client_state(p_client uuid, p_from text, p_to text)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
begin
    if coalesce(lookup.my_agency_role(), '') not in ('owner', 'admin') or not lookup.is_my_client(p_client) then
        return null;
    end if;
    -- Resuming a client that is to be deleted keeps it.
    update public.tenants t set state = p_to, deleting_at = case when p_to <> 'active' then t.deleting_at end
    where t.id = p_client and t.state <> p_to and p_from in ('', t.state) and t.discarded_at is null;
    return found;
end $$;
grant execute on function lookup.set_client_state to portico_app;

-- Deletes a client that nobody of its own side ever joined, for the agency's owners and
-- admins: archives it for good under a slug that nobody wants, ends its memberships,
-- revokes its invitations and releases its domains. The client's trail records each end.
-- The caller checks that it has no work. False means that somebody joined it, or that it is deleted already. Null means
-- that the person may not.
create function lookup.discard_client(p_client uuid, p_request text)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare
    me uuid := nullif(current_setting('app.user_id', true), '')::uuid;
begin
    if coalesce(lookup.my_agency_role(), '') not in ('owner', 'admin') or not lookup.is_my_client(p_client) then
        return null;
    end if;
    -- Nobody joins under this lock.
    perform 1 from public.tenants t where t.id = p_client for no key update;
    if exists (select from public.memberships m where m.tenant_id = p_client and m.party = 'client')
       or exists (select from public.invites i where i.tenant_id = p_client and i.accepted_at is not null) then
        return false;
    end if;
    update public.tenants t
    set state = 'archived', discarded_at = now(), slug = 'deleted-' || right(replace(t.id::text, '-', ''), 24)
    where t.id = p_client and t.discarded_at is null;
    if not found then return false; end if;
    with gone as (
        update public.memberships m set ended_at = now() where m.tenant_id = p_client and m.ended_at is null
        returning m.user_id, m.party, m.role)
    insert into public.audit_events (tenant_id, id, actor_id, subject_id, party, verb, target_kind, target_id, request_id, detail)
    select p_client, gen_random_uuid(), me, me, 'agency', case when g.user_id = me then 'member.left' else 'member.removed' end,
           'membership', g.user_id, p_request, jsonb_build_object('party', g.party, 'role', g.role)
    from gone g;
    with gone as (
        update public.invites i set revoked_at = now()
        where i.tenant_id = p_client and i.accepted_at is null and i.revoked_at is null
        returning i.id)
    insert into public.audit_events (tenant_id, id, actor_id, subject_id, party, verb, target_kind, target_id, request_id)
    select p_client, gen_random_uuid(), me, me, 'agency', 'member.invite_revoked', 'invite', g.id, p_request
    from gone g;
    with gone as (
        delete from public.domains d where d.tenant_id = p_client
        returning d.id, d.host)
    insert into public.audit_events (tenant_id, id, actor_id, subject_id, party, verb, target_kind, target_id, request_id, detail)
    select p_client, gen_random_uuid(), me, me, 'agency', 'domain.removed', 'domain', g.id, p_request, jsonb_build_object('host', g.host)
    from gone g;
    return true;
end $$;
grant execute on function lookup.discard_client to portico_app;

-- Returns the id of the person with an address, and creates the person if needed. Null
-- without a tenant in the context and in support sessions. The row is locked so that the
-- person isn't erased before the transaction ends.
create function lookup.person_for(p_new uuid, p_email text, p_name text)
returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
declare person uuid;
begin
    if nullif(current_setting('app.tenant_id', true), '') is null
       or nullif(current_setting('app.support_session_id', true), '') is not null then
        return null;
    end if;
    insert into public.users (id, email, name) values (p_new, p_email, p_name)
    on conflict (email) do nothing;
    select u.id into person from public.users u where u.email = p_email and u.kind = 'person' for key share;
    return person;
end $$;
grant execute on function lookup.person_for to portico_app;

-- Removes a person who leaves the agency in the context from its clients: ends their
-- staff memberships, and revokes staff invitations to them and invitations they made,
-- except where they remain a member of the client's own side. People may remove
-- themselves, owners and admins may remove others, and only owners may remove owners, of
-- the agency or of a client. Each client's trail records it. Returns the number of ended
-- memberships, and whether one was an owner's, which needs a fresh step-up. -1 means that
-- a client would be left without an owner, null that the person may not, and 0 that the
-- tenant is no agency.
create function lookup.end_staff(p_person uuid, p_request text)
returns table (ended integer, owned boolean)
language plpgsql volatile security definer set search_path = ''
as $$
declare
    agency uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
    me uuid := nullif(current_setting('app.user_id', true), '')::uuid;
    theirs text; mine text := lookup.my_agency_role(); many integer;
begin
    if not exists (select from public.tenants t where t.id = agency and t.kind = 'agency') then
        return query select 0, false;
        return;
    end if;
    select m.role into theirs
    from public.memberships m
    where m.tenant_id = agency and m.user_id = p_person and m.ended_at is null;
    if mine is null or theirs is null
       or (p_person <> me and (mine not in ('owner', 'admin') or (theirs = 'owner' and mine <> 'owner'))) then
        return query select null::integer, false;
        return;
    end if;
    many := lookup.end_staff_in(p_person, (select coalesce(array_agg(t.id), '{}') from public.tenants t where t.agency_id = agency), true, p_request);
    if many >= 0 then
        -- Who comes back is assigned anew.
        update public.memberships m set every_client_role = null
        where m.tenant_id = agency and m.user_id = p_person and m.every_client_role is not null;
    end if;
    -- The memberships that ended in this transaction.
    return query select many, exists (
        select from public.memberships m
        join public.tenants t on t.id = m.tenant_id and t.agency_id = agency
        where m.user_id = p_person and m.party = 'agency' and m.role = 'owner' and m.ended_at = now());
end $$;
grant execute on function lookup.end_staff to portico_app;
