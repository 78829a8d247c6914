-- Counters on the memberships of a tenant.

-- Sets the number of waiting items and the next due date on all memberships of the
-- tenant in the context, and for the given people how many items are new for them. With
-- p_news, it is activity for clients too. For staff, jobs and support sessions with write
-- access; this is the only change of memberships in a support session. In plpgsql, which
-- keeps its plan.
create function lookup.recount(p_waiting bigint, p_next_due_on date, p_news boolean, p_people uuid[], p_unread integer[])
returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
    update public.memberships m
    set waiting = p_waiting,
        next_due_on = p_next_due_on,
        unread = coalesce(p_unread[array_position(p_people, m.user_id)], 0),
        last_activity_at = case when p_news or m.party = 'agency' then now() else m.last_activity_at end
    where m.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
      and m.ended_at is null
      and current_setting('app.party', true) in ('agency', 'system');
end $$;
grant execute on function lookup.recount to portico_app;
