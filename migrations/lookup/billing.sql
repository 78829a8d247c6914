-- Billing by Stripe: from a webhook to the agency that it is about, and back.

-- Reports whether nobody asks: no tenant and no person is in the context. Not granted to
-- the app.
create function lookup.nobody_asks()
returns boolean
language sql stable security definer set search_path = ''
as $$
    select coalesce(current_setting('app.tenant_id', true), '') = ''
       and coalesce(current_setting('app.user_id', true), '') = ''
       and coalesce(current_setting('app.party', true), '') = ''
$$;

-- Returns the agency in the context to a job that no person caused; null to everybody
-- else. Not granted to the app.
create function lookup.billed_agency()
returns uuid
language sql stable security definer set search_path = ''
as $$
    select t.id from public.tenants t
    where t.id = nullif(current_setting('app.tenant_id', true), '')::uuid
      and t.kind = 'agency'
      and current_setting('app.party', true) = 'system'
      and coalesce(current_setting('app.user_id', true), '') = ''
      and coalesce(current_setting('app.support_session_id', true), '') = ''
$$;

-- Stores a webhook whose signature is verified. False means that it was stored before, or
-- that somebody asks. With an outcome there is nothing to do.
create function lookup.stripe_received(p_id text, p_kind text, p_created timestamptz, p_customer text, p_subscription text, p_payload text, p_outcome text)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
begin
    if not lookup.nobody_asks() then return false; end if;
    insert into public.stripe_events (id, kind, created, customer_id, subscription_id, payload, worked_at, outcome)
    values (p_id, p_kind, p_created, p_customer, p_subscription, p_payload,
            case when p_outcome <> '' then now() end, nullif(p_outcome, ''))
    on conflict (id) do nothing;
    return found;
end $$;
grant execute on function lookup.stripe_received to portico_app;

-- The agency that a stored webhook is about. Null means that there is nothing to do: it
-- was worked off, is unknown, or is about nobody here, and then its outcome says why. A
-- subscription stays with the customer of the first webhook that names both.
create function lookup.stripe_route(p_id text)
returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
declare e record; place uuid; why text;
begin
    if not lookup.nobody_asks() then return null; end if;
    select s.customer_id, s.subscription_id into e
    from public.stripe_events s
    where s.id = p_id and s.worked_at is null
    for no key update;
    if not found then return null; end if;
    select c.agency_id into place from public.stripe_customers c where c.id = e.customer_id;
    if place is null then
        why := 'customer of nobody';
    elsif e.subscription_id <> '' then
        insert into public.stripe_subscriptions (id, customer_id) values (e.subscription_id, e.customer_id)
        on conflict (id) do nothing;
        if not exists (
            select from public.stripe_subscriptions o
            where o.id = e.subscription_id and o.customer_id = e.customer_id) then
            why := 'subscription of another customer';
        end if;
    end if;
    if why is not null then
        update public.stripe_events s set worked_at = now(), outcome = why where s.id = p_id;
        return null;
    end if;
    return place;
end $$;
grant execute on function lookup.stripe_route to portico_app;

-- A webhook about the agency in the context that isn't worked off yet, for a job.
create function lookup.stripe_event(p_id text)
returns table (kind text, created timestamptz, received_at timestamptz, payload text, customer_ended boolean)
language sql stable security definer set search_path = ''
as $$
    select e.kind, e.created, e.received_at, e.payload, c.ended_at is not null
    from public.stripe_events e
    join public.stripe_customers c on c.id = e.customer_id
    where e.id = p_id and e.worked_at is null and e.payload is not null
      and c.agency_id = lookup.billed_agency()
$$;
grant execute on function lookup.stripe_event to portico_app;

-- Records that a webhook about the agency in the context is worked off, for a job. False
-- means that it was before.
create function lookup.stripe_worked(p_id text, p_outcome text)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare agency uuid := lookup.billed_agency();
begin
    update public.stripe_events e
    set worked_at = now(), outcome = p_outcome
    from public.stripe_customers c
    where e.id = p_id and e.worked_at is null
      and c.id = e.customer_id and c.agency_id = agency;
    return found;
end $$;
grant execute on function lookup.stripe_worked to portico_app;

-- Binds a customer of Stripe to the agency in the context, for its owner in person. False
-- means that the customer is or was another agency's or of the other mode, or that this one
-- has another customer of the mode.
create function lookup.stripe_bind(p_customer text, p_live boolean)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare agency uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
begin
    if coalesce(lookup.my_agency_role(), '') <> 'owner' or current_setting('app.party', true) <> 'agency' or p_customer !~ '^cus_[A-Za-z0-9]{1,250}$' then
        return false;
    end if;
    insert into public.stripe_customers (id, agency_id, live) values (p_customer, agency, p_live)
    on conflict do nothing;
    return exists (
        select from public.stripe_customers c
        where c.id = p_customer and c.agency_id = agency and c.live = p_live and c.ended_at is null);
end $$;
grant execute on function lookup.stripe_bind to portico_app;

-- The customers of a mode, test or live, that the agency in the context is and was, the one
-- in use first, for its owners and admins in person, and for a job.
create function lookup.stripe_customers_of_mine(p_live boolean)
returns table (id text, bound_at timestamptz, ended_at timestamptz)
language sql stable security definer set search_path = ''
as $$
    select c.id, c.bound_at, c.ended_at
    from public.stripe_customers c
    where c.agency_id = nullif(current_setting('app.tenant_id', true), '')::uuid
      and c.live = p_live
      and (lookup.my_agency_role() in ('owner', 'admin') or lookup.billed_agency() is not null)
    order by c.ended_at nulls first, c.bound_at desc
$$;
grant execute on function lookup.stripe_customers_of_mine to portico_app;

-- Ends the agency's customer, whom Stripe deleted, for a job.
create function lookup.stripe_customer_ended(p_customer text, p_at timestamptz)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare agency uuid := lookup.billed_agency();
begin
    update public.stripe_customers c set ended_at = p_at
    where c.id = p_customer and c.ended_at is null and c.agency_id = agency;
    return found;
end $$;
grant execute on function lookup.stripe_customer_ended to portico_app;

-- Gives the agency in the context the plan that it pays for (null leaves it), and closes it
-- and its clients for changes or opens them again, for a job. It returns the plan of before.
create function lookup.billing_applied(p_plan text, p_read_only_since timestamptz)
returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare agency uuid := lookup.billed_agency(); before text;
begin
    select t.plan into before from public.tenants t where t.id = agency for no key update;
    update public.tenants t
    set plan = coalesce(p_plan, t.plan), read_only_since = p_read_only_since,
        -- As long as the bin keeps things: see BinDays.
        bin_held_until = case when t.read_only_since <= now() and p_read_only_since is null then now() + interval '30 days' else t.bin_held_until end
    where t.id = agency
      and (t.plan, t.read_only_since) is distinct from (coalesce(p_plan, t.plan), p_read_only_since);
    return before;
end $$;
grant execute on function lookup.billing_applied to portico_app;

-- The agencies of which time alone has changed what they may, for the schedule. Ids alone
-- reveal nothing.
create function lookup.billing_due(p_limit integer)
returns setof uuid
language sql stable security definer set search_path = ''
as $$
    select b.tenant_id from public.billing b
    where b.due_at <= now() and lookup.nobody_asks()
    order by b.due_at, b.tenant_id
    limit least(p_limit, 1000)
$$;
grant execute on function lookup.billing_due to portico_app;

-- The agencies that are or were customers, in order, for the schedule.
create function lookup.billed_agencies(p_after uuid, p_limit integer)
returns setof uuid
language sql stable security definer set search_path = ''
as $$
    select distinct c.agency_id from public.stripe_customers c
    where lookup.nobody_asks() and (p_after is null or c.agency_id > p_after)
    order by c.agency_id
    limit least(p_limit, 1000)
$$;
grant execute on function lookup.billed_agencies to portico_app;

-- What the agency in the context and all of its clients used in each hour, together, for a
-- job. Which of them used it stays untold.
create function lookup.my_use(p_metrics text[], p_since timestamptz, p_until timestamptz)
returns table (metric text, hour timestamptz, quantity bigint)
language sql stable security definer set search_path = ''
as $$
    select h.metric, h.hour, sum(h.quantity)::bigint
    from (select lookup.billed_agency() as id) a
    join public.tenants t on t.id = a.id or t.agency_id = a.id
    join public.usage_hours h on h.tenant_id = t.id and h.metric = any (p_metrics) and h.hour >= p_since and h.hour < p_until
    group by h.metric, h.hour
    order by h.metric, h.hour
$$;
grant execute on function lookup.my_use to portico_app;

-- The oldest webhooks that nobody worked off for an hour, for the doctor. Ids alone reveal
-- nothing.
create function lookup.stripe_unworked(p_limit integer)
returns setof text
language sql stable security definer set search_path = ''
as $$
    select e.id from public.stripe_events e
    where e.worked_at is null and e.received_at < now() - interval '1 hour' and lookup.nobody_asks()
    order by e.received_at, e.id
    limit least(p_limit, 100)
$$;
grant execute on function lookup.stripe_unworked to portico_app;

-- Reports whether the tenant in the context is read-only, because its agency didn't pay.
create function lookup.read_only()
returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
    return exists (
        select from public.tenants t
        join public.tenants g on g.id = coalesce(t.agency_id, t.id)
        where t.id = nullif(current_setting('app.tenant_id', true), '')::uuid
          and g.read_only_since <= now());
end $$;
grant execute on function lookup.read_only to portico_app;

-- Until when nothing is purged from the bin of the tenant in the context, because its agency
-- is read-only or was: 30 days from when it can restore things again. Null is no such time.
create function lookup.bin_held_until()
returns timestamptz
language sql stable security definer set search_path = ''
as $$
    select case when g.read_only_since <= now() then now() + interval '30 days' else g.bin_held_until end
    from public.tenants t
    join public.tenants g on g.id = coalesce(t.agency_id, t.id)
    where t.id = nullif(current_setting('app.tenant_id', true), '')::uuid
$$;
grant execute on function lookup.bin_held_until to portico_app;
