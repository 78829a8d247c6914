-- Enforce party and support session in the database for updates, not only for inserts.
-- What the roles inside a party may do is decided in store/rights.go.

-- +goose Up

-- Clients can only change memberships of party client, which keep that party. Support
-- sessions can't change memberships; lookup.recount updates their counters.
create policy in_person_update on memberships as restrictive for update to portico_app
    using (party = 'client' or (select current_setting('app.party', true)) in ('agency', 'system'))
    with check ((select nullif(current_setting('app.support_session_id', true), '')) is null
        and (party = 'client' or (select current_setting('app.party', true)) in ('agency', 'system')));
revoke update (last_activity_at) on memberships from portico_app;
grant update (unread, waiting, next_due_on, last_activity_at) on memberships to portico_lookup;

-- Only the agency changes a tenant's name and brand, and not in a support session. There
-- is no USING clause, because a client's owners lock this row to manage people.
create policy staff_update on tenants as restrictive for update to portico_app
    with check ((select current_setting('app.party', true)) in ('agency', 'system')
        and (select nullif(current_setting('app.support_session_id', true), '')) is null);
alter policy staff_insert on logos
    with check ((select current_setting('app.party', true)) in ('agency', 'system')
        and (select nullif(current_setting('app.support_session_id', true), '')) is null);
alter policy staff_delete on logos
    using ((select current_setting('app.party', true)) in ('agency', 'system')
        and (select nullif(current_setting('app.support_session_id', true), '')) is null);
-- The one setting of this row that clients may change: lookup.set_support_asks.
revoke update (support_asks) on tenants from portico_app;
grant update (support_asks) on tenants to portico_lookup;

-- Clients see how many people they have but no counts of work, which include drafts. In
-- a support session only the counters of projects and storage change. The app keeps
-- them, and a nightly job recounts the rows.
create policy party on plan_usage as restrictive to portico_app
    using (metric = 'users' or (select current_setting('app.party', true)) in ('agency', 'system'));
create policy in_person_insert on plan_usage as restrictive for insert to portico_app
    with check (metric in ('projects', 'storage') or (select nullif(current_setting('app.support_session_id', true), '')) is null);
create policy in_person_update on plan_usage as restrictive for update to portico_app
    using (metric in ('projects', 'storage') or (select nullif(current_setting('app.support_session_id', true), '')) is null);

-- Remove unused counts, which revealed drafts to clients.
alter table deliverables drop column versions, drop column files;

-- +goose Down
alter table deliverables
    add column versions integer not null default 0,
    add column files integer not null default 0;
grant insert (versions, files), update (versions, files) on deliverables to portico_app;
drop policy in_person_update on plan_usage;
drop policy in_person_insert on plan_usage;
drop policy party on plan_usage;
revoke update (support_asks) on tenants from portico_lookup;
grant update (support_asks) on tenants to portico_app;
alter policy staff_delete on logos
    using ((select current_setting('app.party', true)) in ('agency', 'system'));
alter policy staff_insert on logos
    with check ((select current_setting('app.party', true)) in ('agency', 'system'));
drop policy staff_update on tenants;
revoke update (unread, waiting, next_due_on, last_activity_at) on memberships from portico_lookup;
grant update (last_activity_at) on memberships to portico_app;
drop policy in_person_update on memberships;
