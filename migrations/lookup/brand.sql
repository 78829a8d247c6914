-- What is shown before sign-in: a tenant's logo, and the brand of its sign-in page.

-- Returns a logo, which is as public as a host name: it is on the sign-in page. Its id
-- is random, and only the current logo is returned.
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

-- The brand of a tenant's sign-in page: what the agency chose to show there, not the
-- agency's internal name of the client. A verified domain takes precedence over a slug.
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
