-- Functions for `portico adopt`, as portico_owner. The app may not call them.

-- Those of the slugs that no tenant can take: taken, reserved, released or malformed.
create function lookup.adopt_unavailable(p_slugs text[])
returns setof text
language sql stable security definer set search_path = ''
as $$
    select s.slug
    from unnest(p_slugs) s (slug)
    where s.slug !~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'
       or exists (select from public.tenants t where t.slug = s.slug)
       or exists (select from public.kept_slugs k where k.slug = s.slug)
$$;
grant execute on function lookup.adopt_unavailable to portico_owner;

-- Creates a client of an agency, unless it exists. False means that the slug is not
-- available, or that the id is of something else.
create function lookup.adopt_client(p_agency uuid, p_id uuid, p_slug text, p_name text, p_plan text, p_created timestamptz, p_event uuid)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
begin
    insert into public.tenants (id, kind, agency_id, slug, name, plan, created_at)
    select p_id, 'client', p_agency, p_slug, p_name, p_plan, p_created
    where not exists (select from public.kept_slugs k where k.slug = p_slug)
    on conflict do nothing;
    if found then
        insert into public.audit_events (tenant_id, id, party, verb, target_kind, target_id)
        values (p_id, p_event, 'system', 'tenant.created', 'tenant', p_id);
        return true;
    end if;
    return exists (select from public.tenants t where t.id = p_id and t.agency_id = p_agency and t.slug = p_slug);
end $$;
grant execute on function lookup.adopt_client to portico_owner;
