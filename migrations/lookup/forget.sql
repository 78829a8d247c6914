-- Erasing a person's account, by themselves or by the operator on a written request.

-- The tenants of which a person is the only owner, as store.mayLose counts: a tenant
-- needs an owner of its own party. Not granted to the app.
create function lookup.owned_alone(p_person uuid)
returns table (slug text)
language sql stable security definer set search_path = ''
as $$
    select t.slug
    from public.memberships m
    join public.tenants t on t.id = m.tenant_id
    where m.user_id = p_person and m.role = 'owner' and m.ended_at is null
      and not exists (
          select from public.memberships o
          where o.tenant_id = m.tenant_id and o.user_id <> m.user_id
            and o.role = 'owner' and o.ended_at is null
            and (m.party <> m.tenant_kind or o.party = m.tenant_kind))
    order by 1
$$;

-- What the person in the context sees before erasing their account: their tenants, by
-- the names they know, which they own alone, and which replace their name.
create function lookup.my_leaving()
returns table (slug text, name text, alone boolean, forgets_name boolean)
language sql stable security definer set search_path = ''
as $$
    select t.slug, coalesce(case when m.party = 'client' then coalesce(t.portal_name, g.portal_name) end, t.name) as name,
           t.slug in (select a.slug from lookup.owned_alone(m.user_id) a), t.forgets_names
    from public.memberships m
    join public.tenants t on t.id = m.tenant_id
    left join public.tenants g on g.id = t.agency_id
    where m.user_id = nullif(current_setting('app.user_id', true), '')::uuid
      and m.ended_at is null
      and nullif(current_setting('app.support_session_id', true), '') is null
    order by 2, 1
    limit 1000
$$;
grant execute on function lookup.my_leaving to portico_app;

-- Erases a person and everything with their address, and what the trails say in detail of
-- their acts. The caller has locked the person's
-- row; p_person is null if no account has the address. It locks the rows of their
-- tenants, so if the last two owners erase their accounts at the same time, one is
-- refused. Ids of the audit rows are random, because nothing is ordered by them alone.
-- Not granted to the app.
create function lookup.forget(p_person uuid, p_address text, p_by uuid, p_event uuid, p_request text)
returns text
language plpgsql volatile security definer set search_path = ''
as $$
begin
    perform 1
    from public.tenants t
    where t.id in (
        select m.tenant_id from public.memberships m where m.user_id = p_person
        union all
        select i.tenant_id from public.invites i where p_person in (i.accepted_by, i.invited_by) or i.email = p_address)
    order by t.id
    for no key update;
    if exists (select from lookup.owned_alone(p_person)) then return 'last_owner'; end if;

    perform lookup.erase_details_of(p_person);
    -- Record it in the trails of their tenants. The rows for revoked invitations name
    -- neither the invited person nor the inviter.
    insert into public.audit_events (tenant_id, id, actor_id, subject_id, party, verb, target_kind, target_id, request_id, detail)
    select m.tenant_id, gen_random_uuid(), p_by, p_by, m.party, 'member.forgotten', 'membership', m.user_id, p_request,
           jsonb_build_object('name', case when t.forgets_names then 'replaced' else 'kept' end)
    from public.memberships m
    join public.tenants t on t.id = m.tenant_id
    where m.user_id = p_person;
    insert into public.audit_events (tenant_id, id, actor_id, subject_id, party, verb, target_kind, target_id, request_id)
    select i.tenant_id, gen_random_uuid(), null, null, i.party, 'member.invite_revoked', 'invite', i.id, p_request
    from public.invites i
    where (i.email = p_address or i.invited_by = p_person) and i.accepted_at is null and i.revoked_at is null;

    with left_seats as (
        update public.plan_usage u
        set used = greatest(0, u.used - 1)
        from public.memberships m
        where m.user_id = p_person and m.ended_at is null
          and m.party = case m.tenant_kind when 'agency' then 'agency' else 'client' end
          and u.tenant_id = m.tenant_id and u.metric = 'users'
        returning u.tenant_id, u.metric, u.used
    )
    insert into public.usage_levels (tenant_id, metric, level)
    select s.tenant_id, s.metric, s.used from left_seats s;
    update public.review_requests r
    set ended_at = now(), ended_how = 'person_gone'
    where r.user_id = p_person and r.ended_at is null;
    -- Their support sessions end with the membership: see lookup.support_over.
    update public.memberships m
    set name = case when t.forgets_names then 'Former member' else m.name end,
        email = null, unread = 0, waiting = 0, next_due_on = null, last_activity_at = null,
        last_seen_at = null, seen_before_at = null, last_place = null, used_at = m.created_at,
        ended_at = coalesce(m.ended_at, now())
    from public.tenants t
    where m.user_id = p_person and t.id = m.tenant_id;
    update public.support_sessions s
    set actor_name = 'Former member'
    from public.tenants t
    where s.actor_id = p_person and t.id = s.tenant_id and t.forgets_names;
    update public.invites i
    set name = case when t.forgets_names then 'Former member' else i.name end,
        email = null, token_hash = null,
        revoked_at = case when i.accepted_at is null then coalesce(i.revoked_at, now()) end
    from public.tenants t
    where (i.email = p_address or i.accepted_by = p_person) and t.id = i.tenant_id;
    -- Invitations by an erased person are revoked.
    update public.invites i
    set revoked_at = now()
    where i.invited_by = p_person and i.accepted_at is null and i.revoked_at is null;

    delete from public.sign_in_flows f where f.user_id = p_person or f.email = p_address;
    delete from public.sign_up_invites i where i.email = p_address;
    delete from public.sessions s where s.user_id = p_person;
    delete from public.passkeys k where k.user_id = p_person;
    delete from public.identities i where i.user_id = p_person;
    update public.account_events e set detail = '{}' where e.user_id = p_person and e.detail <> '{}';
    insert into public.account_events (id, user_id, verb, request_id)
    select p_event, u.id, 'account.forgotten', p_request
    from public.users u
    where u.id = p_person;
    update public.users u
    set email = null, name = 'Former member', time_zone = 'UTC', locale = 'en-GB',
        disabled_at = coalesce(u.disabled_at, now()), forgotten_at = now()
    where u.id = p_person;
    return 'ok';
end $$;

-- Erases the person in the context, whose session needs a step-up within the last five
-- minutes. Returns ok, no_step_up, inside, last_owner or gone; inside means that they
-- have a support session open, in any browser.
create function lookup.forget_me(p_token bytea, p_event uuid, p_request text)
returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare me uuid := nullif(current_setting('app.user_id', true), '')::uuid; address text;
begin
    if nullif(current_setting('app.support_session_id', true), '') is not null then return 'inside'; end if;
    if lookup.freshly_proved(p_token) is distinct from me then return 'no_step_up'; end if;
    select u.email into address
    from public.users u
    where u.id = me and u.kind = 'person' and u.disabled_at is null;
    if not found then return 'gone'; end if;
    if exists (
        select from public.support_sessions s
        where s.actor_id = me and s.ended_at is null and s.ends_at > now() and lookup.support_over(s) is null) then
        return 'inside';
    end if;
    return lookup.forget(me, address, me, p_event, p_request);
end $$;
grant execute on function lookup.forget_me to portico_app;

-- Erases the person with an address, or the invitations to it. Returns ok, unknown,
-- agent, or last_owner with the slugs of those tenants. For the operator, as
-- portico_owner.
create function lookup.forget_address(p_address text, p_event uuid)
returns table (verdict text, slugs text[])
language plpgsql volatile security definer set search_path = ''
as $$
declare person public.users; word text;
begin
    select u.* into person from public.users u where u.email = p_address for update;
    word := case
        when person.kind = 'agent' then 'agent'
        when person.id is null and not exists (select from public.invites i where i.email = p_address)
             and not exists (select from public.sign_up_invites i where i.email = p_address) then 'unknown'
        else lookup.forget(person.id, p_address, null, p_event, '')
        end;
    return query select word, array(select a.slug from lookup.owned_alone(person.id) a);
end $$;
grant execute on function lookup.forget_address to portico_owner;
