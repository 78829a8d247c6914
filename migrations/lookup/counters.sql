-- Counters on the memberships of a tenant.

-- Sets the number of waiting items and the next due date on all memberships of the
-- tenant in the context. With p_news, clients get one more unread item. For staff, jobs
-- and support sessions with write access; this is the only change of memberships in a
-- support session.
create function lookup.recount(p_waiting bigint, p_next_due_on date, p_news boolean)
returns void
language sql volatile security definer set search_path = ''
as $$
    update public.memberships m
    set waiting = p_waiting,
        next_due_on = p_next_due_on,
        unread = m.unread + case when p_news and m.party = 'client' then 1 else 0 end,
        last_activity_at = case when p_news or m.party = 'agency' then now() else m.last_activity_at end
    where m.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
      and m.ended_at is null
      and current_setting('app.party', true) in ('agency', 'system')
$$;
grant execute on function lookup.recount to portico_app;
