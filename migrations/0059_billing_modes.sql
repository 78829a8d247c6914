-- Customers of test mode and of real money are two things, and what Stripe refused to count
-- is known not to have arrived.

-- +goose Up
-- A customer that a test key made is unknown to a live key, and the other way round. The
-- webhooks of those that are bound already tell their mode.
alter table stripe_customers no force row level security;
alter table stripe_events no force row level security;
alter table stripe_customers add column live boolean not null default false; -- for real money
update stripe_customers c
set live = exists (
    select from stripe_events e
    where e.customer_id = c.id and e.payload ~ '"livemode": ?true');
alter table stripe_customers alter column live drop default;
alter table stripe_events force row level security;
alter table stripe_customers force row level security;
drop index stripe_customers_in_use;
create unique index stripe_customers_in_use on stripe_customers (agency_id, live) where ended_at is null;
grant insert (live) on stripe_customers to portico_lookup;

-- Since when it is known that Stripe didn't count it. It is noted anew before it is sent
-- again.
alter table billing_sent add column uncounted_at timestamptz;
grant update (meter, noted_at, uncounted_at) on billing_sent to portico_app;

-- +goose Down
revoke update (meter, noted_at) on billing_sent from portico_app;
alter table billing_sent drop column uncounted_at;
drop index stripe_customers_in_use;
alter table stripe_customers drop column live;
create unique index stripe_customers_in_use on stripe_customers (agency_id) where ended_at is null;
