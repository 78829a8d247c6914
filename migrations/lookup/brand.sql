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

-- The brand of a tenant, and the sender name of its mails. Not granted to the app.
create function lookup.brand_of(p_tenant uuid)
returns table (name text, agency_name text, accent text, logo_id uuid, mail_name text)
language plpgsql stable security definer set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    select coalesce(t.portal_name, g.portal_name, g.name, t.name), g.name,
           coalesce(t.accent, g.accent), coalesce(t.logo_id, g.logo_id), coalesce(t.mail_name, g.mail_name)
    from public.tenants t
    left join public.tenants g on g.id = t.agency_id
    where t.id = p_tenant;
end $$;

-- The tenant through which somebody came: the one with that slug, if they are a member of
-- it or invited to it, else the only one they belong to, else the agency to which the
-- twenty that they used last all belong. Null otherwise. Not granted to the app.
create function lookup.came_through(p_user uuid, p_email text, p_slug text)
returns uuid
language plpgsql stable security definer set search_path = ''
as $$
declare
    named uuid := (
        select t.id
        from public.tenants t
        where t.slug = p_slug
          and (exists (
                  select from public.memberships m
                  where m.tenant_id = t.id and m.user_id = p_user and m.ended_at is null)
              or exists (
                  select from public.invites i
                  where i.tenant_id = t.id and i.email = p_email
                    and i.accepted_at is null and i.revoked_at is null and i.expires_at > now())));
begin
    if named is not null then return named; end if;
    return (
        select case when count(*) = 1 then min(w.id::text)::uuid when count(distinct w.agency) = 1 then min(w.agency::text)::uuid end
        from (
            select t.id, coalesce(t.agency_id, t.id) as agency
            from (
                select m.tenant_id
                from public.memberships m
                where m.user_id = p_user and m.ended_at is null
                order by m.used_at desc, m.tenant_id desc
                limit 20) m
            join public.tenants t on t.id = m.tenant_id
            union
            select t.id, coalesce(t.agency_id, t.id)
            from public.invites i
            join public.tenants t on t.id = i.tenant_id
            where i.email = p_email and i.accepted_at is null and i.revoked_at is null and i.expires_at > now()) w);
end $$;

-- The brand of the mail of a flow, as lookup.came_through. A host is public and its
-- sign-in page shows its brand to everybody, but anybody may send anybody else there: in a
-- mail the host counts like a path, for its own people and those invited. It takes the
-- flow and no address, so that it doesn't tell where an address belongs.
create function lookup.mail_brand(p_flow uuid, p_slug text, p_host_slug text, p_domain text)
returns table (name text, agency_name text, accent text, logo_id uuid, mail_name text)
language sql stable security definer set search_path = ''
as $$
    select b.*
    from public.sign_in_flows f
    left join public.users u on u.kind = 'person' and (u.id = f.user_id or (f.user_id is null and u.email = f.email))
    cross join lateral lookup.brand_of(lookup.came_through(u.id, coalesce(u.email, f.email), coalesce(
        (select t.slug from public.domains d join public.tenants t on t.id = d.tenant_id where d.host = p_domain and d.verified_at is not null),
        nullif(p_host_slug, ''),
        p_slug))) b
    where f.id = p_flow and f.purpose in ('mail', 'step_up') and f.spent_at is null and f.expires_at > now()
$$;
grant execute on function lookup.mail_brand to portico_app;

-- The brand of the pages of the person in the context that belong to no tenant, such as
-- their account. None for support agents, and in support sessions.
create function lookup.my_brand(p_slug text)
returns table (name text, agency_name text, accent text, logo_id uuid, mail_name text)
language plpgsql stable security definer set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    select b.*
    from public.users u
    cross join lateral lookup.brand_of(lookup.came_through(u.id, null, p_slug)) b
    where u.id = nullif(current_setting('app.user_id', true), '')::uuid
      and u.kind = 'person'
      and nullif(current_setting('app.support_session_id', true), '') is null;
end $$;
grant execute on function lookup.my_brand to portico_app;
