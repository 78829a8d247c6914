-- Billing by Stripe. Without BILLING=stripe nothing reads or writes any of it.

-- +goose Up
-- Since when an agency and its clients are read-only: an invoice wasn't paid in time.
alter table tenants
    add column read_only_since timestamptz,
    add constraint tenants_read_only_check check (read_only_since is null or kind = 'agency');
grant update (read_only_since) on tenants to portico_lookup;

-- Global: which agency a customer of Stripe is. A webhook names the customer before any
-- tenant is known. A row is never changed to another agency and never deleted, so what
-- Stripe says of a former customer leads to nobody else.
create table stripe_customers (
    id         text primary key check (id ~ '^cus_[A-Za-z0-9]{1,250}$'),
    agency_id  uuid not null references tenants (id),
    bound_at   timestamptz not null default now(),
    ended_at   timestamptz -- Stripe deleted the customer
);
create unique index stripe_customers_in_use on stripe_customers (agency_id) where ended_at is null;

-- Global: which customer a subscription is of, by the first webhook that said so.
create table stripe_subscriptions (
    id           text primary key check (id ~ '^sub_[A-Za-z0-9]{1,250}$'),
    customer_id  text not null references stripe_customers (id)
);

-- Global: webhooks, as Stripe sent them. The payload is kept for 90 days, the rest for
-- ever, so that a repeat does nothing.
create table stripe_events (
    id               text primary key check (char_length(id) between 1 and 255),
    kind             text not null check (char_length(kind) between 1 and 100),
    created          timestamptz not null,            -- as Stripe says
    received_at      timestamptz not null default now(),
    customer_id      text not null check (char_length(customer_id) <= 255),     -- '' for none
    subscription_id  text not null check (char_length(subscription_id) <= 255), -- '' for none
    payload          text check (octet_length(payload) <= 524288),
    worked_at        timestamptz,
    outcome          text check (char_length(outcome) between 1 and 100),
    check ((worked_at is null) = (outcome is null))
);
create index stripe_events_by_age on stripe_events (received_at) where payload is not null;

-- +goose StatementBegin
do $$
declare t text;
begin
    foreach t in array array['stripe_customers', 'stripe_subscriptions', 'stripe_events'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy lookup on %I to portico_lookup using (true) with check (true)', t);
        execute format('grant select on %I to portico_lookup', t);
    end loop;
end $$;
-- +goose StatementEnd
grant insert (id, agency_id), update (ended_at) on stripe_customers to portico_lookup;
grant insert (id, customer_id) on stripe_subscriptions to portico_lookup;
grant insert (id, kind, created, customer_id, subscription_id, payload, worked_at, outcome), update (payload, worked_at, outcome) on stripe_events to portico_lookup;

-- What follows from all webhooks of an agency together, whatever their order.
create table billing (
    tenant_id        uuid primary key references tenants (id),
    status           text not null default 'none', -- of the subscription that counts most, in Stripe's words
    plan             text,        -- that the subscriptions are for; null while there never was one
    unknown_price    boolean not null default false, -- a subscription that counts has no price of PLANS
    subscriptions    integer not null default 0,     -- that count
    period_end       timestamptz, -- when the next invoice is due
    ends_at          timestamptz, -- when a cancelled plan ends
    owed_since       timestamptz, -- when the payment of an open invoice first failed
    grace_until      timestamptz,
    warned           boolean not null default false, -- the grace ends soon
    read_only_since  timestamptz,
    due_at           timestamptz, -- when time alone changes something
    changed_at       timestamptz not null default now()
);
create index billing_due on billing (due_at) where due_at is not null;

-- The newest that Stripe said of each subscription.
create table billing_subscriptions (
    tenant_id    uuid not null references tenants (id),
    id           text not null,
    customer_id  text not null,
    status       text not null check (char_length(status) between 1 and 40),
    prices       text[] not null check (cardinality(prices) <= 50 and pg_column_size(prices) <= 16384),
    period_end   timestamptz,
    ends_at      timestamptz,          -- when it will end, or ended
    event_at     timestamptz not null, -- of the webhook that said this
    event_rank   integer not null,     -- tells webhooks of the same second apart
    event_id     text not null,
    primary key (tenant_id, id)
);

-- Each invoice of a subscription: when its payment first failed, and when nothing was owed
-- any more.
create table billing_invoices (
    tenant_id        uuid not null references tenants (id),
    id               text not null check (char_length(id) between 1 and 255),
    customer_id      text not null,
    subscription_id  text not null,
    is_first         boolean not null, -- of a subscription that begins with its payment
    failed_at        timestamptz,
    settled_at       timestamptz,
    primary key (tenant_id, id)
);

-- What was sent to Stripe of the use of an hour, by the agency and its clients together. It
-- is noted before it is sent, so that nothing is ever sent twice without being known.
create table billing_sent (
    tenant_id    uuid not null references tenants (id),
    metric       text not null check (metric ~ '^[a-z][a-z0-9_]{0,39}$'),
    hour         timestamptz not null,
    already      bigint not null check (already >= 0), -- what was noted of this hour before
    quantity     bigint not null check (quantity > 0),
    meter        text not null check (char_length(meter) between 1 and 100),
    customer_id  text not null,
    noted_at     timestamptz not null default now(),
    sent_at      timestamptz, -- null while nobody knows whether it arrived
    primary key (tenant_id, metric, hour, already)
);

-- +goose StatementBegin
do $$
declare t text;
begin
    foreach t in array array['billing', 'billing_subscriptions', 'billing_invoices', 'billing_sent'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy tenant on %I to portico_app
            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
            with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)$p$, t);
        -- What an agency pays is its own people's to see, in person.
        execute format($p$create policy party on %I as restrictive for select to portico_app
            using (current_setting('app.party', true) in ('agency', 'system'))$p$, t);
        execute format($p$create policy in_person on %I as restrictive for select to portico_app
            using (nullif(current_setting('app.support_session_id', true), '') is null
                   and nullif(current_setting('app.api_key_id', true), '') is null)$p$, t);
        -- Only the jobs that work webhooks off write it. Nobody asked for these jobs.
        execute format($p$create policy system_insert on %I as restrictive for insert to portico_app
            with check (current_setting('app.party', true) = 'system' and nullif(current_setting('app.user_id', true), '') is null)$p$, t);
        execute format($p$create policy system_update on %I as restrictive for update to portico_app
            using (current_setting('app.party', true) = 'system' and nullif(current_setting('app.user_id', true), '') is null)$p$, t);
    end loop;
end $$;
-- +goose StatementEnd
grant select, insert (tenant_id), update (status, plan, unknown_price, subscriptions, period_end, ends_at, owed_since, grace_until, warned, read_only_since, due_at, changed_at) on billing to portico_app;
grant select, insert (tenant_id, id, customer_id, status, prices, period_end, ends_at, event_at, event_rank, event_id),
    update (status, prices, period_end, ends_at, event_at, event_rank, event_id) on billing_subscriptions to portico_app;
grant select, insert (tenant_id, id, customer_id, subscription_id, is_first, failed_at, settled_at), update (failed_at, settled_at) on billing_invoices to portico_app;
grant select, insert (tenant_id, metric, hour, already, quantity, meter, customer_id), update (sent_at) on billing_sent to portico_app;
-- The use of an agency's clients is rolled up to it.
create policy lookup on usage_hours to portico_lookup using (true) with check (true);
grant select on usage_hours to portico_lookup;
-- A schedule finds what is due.
create policy lookup on billing to portico_lookup using (true) with check (true);
grant select (tenant_id, due_at) on billing to portico_lookup;

-- +goose Down
drop table billing_sent, billing_invoices, billing_subscriptions, billing, stripe_events, stripe_subscriptions, stripe_customers;
drop policy lookup on usage_hours;
revoke select on usage_hours from portico_lookup;
revoke update (read_only_since) on tenants from portico_lookup;
alter table tenants drop column read_only_since;
