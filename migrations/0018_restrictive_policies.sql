-- Which party somebody is of, and whether somebody else sits there as them, is the
-- database's to hold also where a row changes, not only where it begins. What the
-- roles inside a party may do is the program's (store/rights.go).

-- +goose Up

-- A client touches its own people alone, and they stay its people. In a support
-- session nobody's membership changes; what it counts is lookup.recount's.
create policy in_person_update on memberships as restrictive for update to portico_app
    using (party = 'client' or (select current_setting('app.party', true)) in ('agency', 'system'))
    with check ((select nullif(current_setting('app.support_session_id', true), '')) is null
        and (party = 'client' or (select current_setting('app.party', true)) in ('agency', 'system')));
revoke update (last_activity_at) on memberships from portico_app;
grant update (unread, waiting, next_due_on, last_activity_at) on memberships to portico_lookup;

-- What a tenant is called and looks like is the agency's to say, in person. No
-- USING: the row is also the lock under which a client's owners see to its people.
create policy staff_update on tenants as restrictive for update to portico_app
    with check ((select current_setting('app.party', true)) in ('agency', 'system')
        and (select nullif(current_setting('app.support_session_id', true), '')) is null);
alter policy staff_insert on logos
    with check ((select current_setting('app.party', true)) in ('agency', 'system')
        and (select nullif(current_setting('app.support_session_id', true), '')) is null);
alter policy staff_delete on logos
    using ((select current_setting('app.party', true)) in ('agency', 'system')
        and (select nullif(current_setting('app.support_session_id', true), '')) is null);
-- The one thing of this row that is also a client's: lookup.set_support_asks.
revoke update (support_asks) on tenants from portico_app;
grant update (support_asks) on tenants to portico_lookup;

-- A client is told how many its people are, and of the work no number that counts
-- drafts. In a support session work takes its room, and nothing else does: that
-- count is kept by the app, and counted anew from the rows every night.
create policy party on plan_usage as restrictive to portico_app
    using (metric = 'users' or (select current_setting('app.party', true)) in ('agency', 'system'));
create policy in_person_insert on plan_usage as restrictive for insert to portico_app
    with check (metric in ('projects', 'storage') or (select nullif(current_setting('app.support_session_id', true), '')) is null);
create policy in_person_update on plan_usage as restrictive for update to portico_app
    using (metric in ('projects', 'storage') or (select nullif(current_setting('app.support_session_id', true), '')) is null);

-- Counts that nobody reads, and that told a client of versions in the making.
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
