-- Sealing the trail, and erasing what it says in detail.

-- Ids of tenants, in order, that have events since their last checkpoint that are not
-- sealed. Ids alone reveal nothing. The trail is large, so it looks only at the newest
-- events of each tenant; what committed later than five minutes is found by the job of the
-- next event, or at night.
create function lookup.unsealed_tenants(p_after uuid, p_limit integer)
returns setof uuid
language plpgsql stable security definer set search_path = ''
as $$
begin
    return query
    select t.id
    from public.tenants t
    cross join lateral (
        select coalesce(max(c.until), '-infinity') - interval '5 minutes' as since
        from public.audit_checkpoints c
        where c.tenant_id = t.id
    ) sealed
    where (p_after is null or t.id > p_after)
      and exists (
          select from public.audit_events e
          where e.tenant_id = t.id and e.at > sealed.since
            and not exists (select from public.audit_leaves l where l.tenant_id = e.tenant_id and l.event_id = e.id))
    order by t.id
    limit least(p_limit, 1000);
end $$;
grant execute on function lookup.unsealed_tenants to portico_app;

-- Erases what the trail says in detail of acts of a person, or as them: the row stays, and
-- so does its leaf. It waits for a job that seals, which would otherwise store a salt beside
-- a detail that is gone. The mark of the team's own notes stays, because it hides them. Not
-- granted to the app.
create function lookup.erase_details_of(p_person uuid)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('seal of ' || t.id, 0))
    from (
        select m.tenant_id as id
        from public.memberships m
        where m.user_id = p_person
        order by m.tenant_id
    ) t;
    with erased as (
        update public.audit_events e
        set detail = case when e.detail ? 'team' then '{"team": true}'::jsonb else '{}' end
        from public.memberships m
        where m.user_id = p_person and e.tenant_id = m.tenant_id
          and (e.actor_id = p_person or e.support_session_id is not null and e.subject_id = p_person)
          and e.detail not in ('{}', '{"team": true}')
        returning e.tenant_id, e.id
    )
    update public.audit_leaves l
    set salt = null
    from erased
    where l.tenant_id = erased.tenant_id and l.event_id = erased.id and l.salt is not null;
end $$;
