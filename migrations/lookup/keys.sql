-- Who uses an API key: the first round trip of a program.

-- Reports whether a key may be used: neither revoked nor expired, by a maker who still
-- belongs to the same side of the tenant. Not granted to the app.
create function lookup.key_lives(p_tenant uuid, p_key uuid)
returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
    return exists (
        select from public.api_keys k
        join public.memberships m on m.tenant_id = k.tenant_id and m.user_id = k.user_id and m.party = k.party and m.ended_at is null
        join public.users u on u.id = k.user_id and u.disabled_at is null
        where k.tenant_id = p_tenant and k.id = p_key
          and k.revoked_at is null
          and k.expires_at > now()
          and k.created_at <= now() + interval '5 minutes');
end $$;

-- The key with this hash in the tenant that the key itself names, its maker and the tenant.
-- No row if it may not be used, for whatever reason. It notes the last use at most every
-- minute.
create function lookup.which_key(p_tenant uuid, p_hash bytea)
returns table (
    key_id uuid, key_name text, scopes text[], user_id uuid, user_name text, user_email text, time_zone text, locale text,
    party text, role text,
    tenant_kind text, tenant_slug text, tenant_name text, tenant_state text, portal_name text, agency_name text, tenant_host text, read_only boolean)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
declare used timestamptz;
begin
    select k.id, k.name, k.scopes, k.last_used_at, m.user_id, m.name, m.email, u.time_zone, u.locale, m.party, m.role,
           t.kind, t.slug, t.name, case when t.state = 'active' then coalesce(g.state, t.state) else t.state end,
           coalesce(t.portal_name, g.portal_name), g.name, lookup.host_of(t.id), coalesce(g.read_only_since, t.read_only_since) is not null
    into key_id, key_name, scopes, used, user_id, user_name, user_email, time_zone, locale, party, role,
         tenant_kind, tenant_slug, tenant_name, tenant_state, portal_name, agency_name, tenant_host, read_only
    from public.api_keys k
    join public.memberships m on m.tenant_id = k.tenant_id and m.user_id = k.user_id
    join public.users u on u.id = k.user_id
    join public.tenants t on t.id = k.tenant_id
    left join public.tenants g on g.id = t.agency_id
    where k.tenant_id = p_tenant and k.token_hash = p_hash
      and lookup.key_lives(k.tenant_id, k.id);
    if key_id is null then return; end if;
    if used is null or used < now() - interval '1 minute' then
        update public.api_keys k set last_used_at = now() where k.tenant_id = p_tenant and k.id = key_id;
    end if;
    return next;
end $$;
grant execute on function lookup.which_key to portico_app;

-- Reports whether the key in the context may still act, with the role that its maker had
-- when the request began. Every deed of a program asks it in its own transaction.
create function lookup.key_may_still_act(p_role text)
returns boolean
language plpgsql stable security definer set search_path = ''
as $$
declare
    place uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
    me uuid := nullif(current_setting('app.actor_id', true), '')::uuid;
    key uuid := nullif(current_setting('app.api_key_id', true), '')::uuid;
begin
    return lookup.key_lives(place, key)
       and exists (
           select from public.api_keys k
           join public.memberships m on m.tenant_id = k.tenant_id and m.user_id = k.user_id
           where k.tenant_id = place and k.id = key and k.user_id = me
             and m.role = p_role and m.party = current_setting('app.party', true));
end $$;
grant execute on function lookup.key_may_still_act to portico_app;
