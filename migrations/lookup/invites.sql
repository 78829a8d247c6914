-- Invitations, before the tenant is known. No function reveals the tenant.

-- Reports whether an invitation is still valid and its tenant active. Not granted to the
-- app.
create function lookup.invite_open(i public.invites)
returns boolean
language sql stable security definer set search_path = ''
as $$
    select i.accepted_at is null and i.revoked_at is null and now() >= i.created_at and i.expires_at > now() and lookup.tenant_active(i.tenant_id)
$$;

-- Returns the person with an address that has just been proven. If the address has no
-- account and is invited, or may sign up by the rule of its proof, it creates one without
-- memberships; otherwise it returns null. The row is locked, so the person can't be erased
-- at the same time. Not granted to the app: functions that have used up a proof call it.
create function lookup.person_proved(p_email text, p_sign_up text)
returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
begin
    if not exists (select 1 from public.users u where u.email = p_email) then
        insert into public.users (id, email, name)
        select gen_random_uuid(), i.email, i.name
        from public.invites i
        where i.email = p_email and lookup.invite_open(i)
        order by i.created_at
        limit 1
        on conflict (email) do nothing;
    end if;
    if lookup.may_sign_up(p_email, p_sign_up) then
        insert into public.users (id, email, name)
        values (gen_random_uuid(), p_email, left(split_part(p_email, '@', 1), 120))
        on conflict (email) do nothing;
    end if;
    return (select u.id from public.users u where u.email = p_email and u.disabled_at is null for key share);
end $$;

-- The current role in the agency of the person who made an invitation in the tenant in
-- the context, or null. The agency's owners and admins may invite people to a client of
-- which they are not members. Clients get null for invitations of staff.
create function lookup.inviter_agency_role(p_invite uuid)
returns text
language sql stable security definer set search_path = ''
as $$
    select m.role
    from public.invites i
    join public.tenants t on t.id = i.tenant_id
    join public.memberships m on m.tenant_id = t.agency_id and m.user_id = i.invited_by and m.ended_at is null
    where i.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
      and i.id = p_invite
      and (i.party = 'client' or current_setting('app.party', true) in ('agency', 'system'))
$$;
grant execute on function lookup.inviter_agency_role to portico_app;
