-- What is shown before anybody is known: a tenant's logo, and its front door.

-- A logo is as public as the name of a host: it stands on the sign-in page. Its id
-- is random, and only the one in use is given out.
create function lookup.logo(p_id uuid)
returns table (content_type text, content bytea)
language sql stable security definer set search_path = ''
as $$
    select l.content_type, l.content
    from public.tenants t
    join public.logos l on l.tenant_id = t.id and l.id = t.logo_id
    where t.logo_id = p_id
$$;
grant execute on function lookup.logo to portico_app;

-- The front of a door: what the agency chose to show at it, and never the name it
-- calls its client among themselves. A proved domain goes before what looks like a
-- slug.
create function lookup.front_door(p_slug text, p_domain text)
returns table (name text, agency_name text, accent text, logo_id uuid)
language sql stable security definer set search_path = ''
as $$
    select coalesce(t.portal_name, g.portal_name, g.name, t.name), g.name,
           coalesce(t.accent, g.accent), coalesce(t.logo_id, g.logo_id)
    from public.tenants t
    left join public.tenants g on g.id = t.agency_id
    where t.id = coalesce(
        (select d.tenant_id from public.domains d where d.host = p_domain and d.verified_at is not null),
        (select b.id from public.tenants b where b.slug = p_slug))
$$;
grant execute on function lookup.front_door to portico_app;
