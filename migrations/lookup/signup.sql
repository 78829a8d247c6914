-- Sign-up: somebody who has proved an address creates an agency and owns it. The rule is
-- open, for everybody, or invite, for addresses that the operator invited. The server
-- passes on which one holds.

-- Reports whether an address may sign up. Under any other rule, or none, nobody may. Not
-- granted to the app.
create function lookup.may_sign_up(p_email text, p_rule text)
returns boolean
language sql stable security definer set search_path = ''
as $$
    select coalesce(
        p_rule = 'open'
        or (p_rule = 'invite' and exists (select from public.sign_up_invites i where i.email = p_email)), false)
$$;

-- Reports whether the person in the context may sign up. Agents never may.
create function lookup.i_may_sign_up(p_rule text)
returns boolean
language sql stable security definer set search_path = ''
as $$
    select exists (
        select from public.users u
        where u.id = nullif(current_setting('app.user_id', true), '')::uuid
          and u.kind = 'person' and u.disabled_at is null
          and lookup.may_sign_up(u.email, p_rule))
$$;
grant execute on function lookup.i_may_sign_up to portico_app;

-- Creates an agency that the person in the context owns, and uses up their invitation. Their
-- session has proved their address. Returns made; again, if they own an agency with that
-- slug and name, because the form was sent twice; taken, if the slug belongs to a tenant, is
-- reserved or was released; inside, if they have a support session open, in any browser; or
-- refused.
create function lookup.sign_up(
    p_id uuid, p_slug text, p_name text, p_owner_name text, p_plan text, p_rule text, p_event uuid, p_request text)
returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare me uuid; address text;
begin
    if nullif(current_setting('app.support_session_id', true), '') is not null
       or nullif(current_setting('app.api_key_id', true), '') is not null then
        return 'refused';
    end if;
    -- A second form of the same person waits here, and so does their erasure.
    select u.id, u.email into me, address
    from public.users u
    where u.id = nullif(current_setting('app.user_id', true), '')::uuid
      and u.kind = 'person' and u.disabled_at is null
    for no key update;
    if me is null then return 'refused'; end if;
    if exists (
        select from public.support_sessions s
        where s.actor_id = me and lookup.support_over(s) is null) then
        return 'inside';
    end if;
    if exists (
        select from public.tenants t
        join public.memberships m on m.tenant_id = t.id
        where t.slug = p_slug and t.name = p_name and t.kind = 'agency'
          and m.user_id = me and m.role = 'owner' and m.ended_at is null) then
        return 'again';
    end if;
    if not lookup.may_sign_up(address, p_rule) then return 'refused'; end if;

    insert into public.tenants (id, kind, slug, name, plan)
    select p_id, 'agency', p_slug, p_name, p_plan
    where not exists (select from public.kept_slugs k where k.slug = p_slug)
    on conflict (slug) do nothing;
    if not found then return 'taken'; end if;
    delete from public.sign_up_invites i where i.email = address;
    insert into public.memberships (tenant_id, user_id, tenant_kind, party, role, name, email)
    values (p_id, me, 'agency', 'agency', 'owner', p_owner_name, address);
    -- Somebody without a name was called by their address until now.
    update public.users u
    set name = p_owner_name
    where u.id = me and u.name in (u.email, split_part(u.email, '@', 1));
    insert into public.audit_events (tenant_id, id, actor_id, subject_id, party, verb, target_kind, target_id, request_id, detail)
    values (p_id, p_event, me, me, 'agency', 'tenant.created', 'tenant', p_id, p_request, jsonb_build_object('plan', p_plan));
    return 'made';
end $$;
grant execute on function lookup.sign_up to portico_app;

-- For the operator, as portico_owner: invites an address, withdraws its invitation, which
-- returns whether there was one, and lists them.
create function lookup.sign_up_invite(p_email text)
returns void
language sql volatile security definer set search_path = ''
as $$
    insert into public.sign_up_invites (email) values (p_email) on conflict (email) do nothing
$$;
grant execute on function lookup.sign_up_invite to portico_owner;

create function lookup.sign_up_withdraw(p_email text)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
begin
    delete from public.sign_up_invites i where i.email = p_email;
    return found;
end $$;
grant execute on function lookup.sign_up_withdraw to portico_owner;

create function lookup.list_sign_up_invites()
returns table (email text, invited_at timestamptz)
language sql stable security definer set search_path = ''
as $$
    select i.email, i.invited_at from public.sign_up_invites i order by i.email
$$;
grant execute on function lookup.list_sign_up_invites to portico_owner;
