-- What an agency may do about its own clients.

-- An agency's own client? The proof behind tx.EnterClient.
create function lookup.is_my_client(p_client uuid)
returns boolean
language sql stable security definer set search_path = ''
as $$
    select current_setting('app.party', true) = 'agency'
       and nullif(current_setting('app.support_session_id', true), '') is null
       and exists (
           select 1 from public.tenants t
           where t.id = p_client
             and t.agency_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
$$;
grant execute on function lookup.is_my_client to portico_app;

-- A new client of the agency in the context, made by one of its owners or admins.
create function lookup.create_client(p_id uuid, p_slug text, p_name text)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare agency uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
begin
    if nullif(current_setting('app.support_session_id', true), '') is not null or not exists (
        select 1 from public.memberships m
        where m.tenant_id = agency and m.tenant_kind = 'agency'
          and m.user_id = nullif(current_setting('app.user_id', true), '')::uuid
          and m.role in ('owner', 'admin') and m.ended_at is null) then
        return false;
    end if;
    insert into public.tenants (id, kind, agency_id, slug, name) values (p_id, 'client', agency, p_slug, p_name);
    return true;
end $$;
grant execute on function lookup.create_client to portico_app;

-- The person behind an address, made when there is none. Says nothing but an id,
-- and only to somebody standing in a tenant outside a support session.
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
    select u.id into person from public.users u where u.email = p_email and u.kind = 'person';
    return person;
end $$;
grant execute on function lookup.person_for to portico_app;
