-- While an agency is read-only nobody can restore anything, so nothing is purged either, and
-- afterwards everybody has the days of the bin anew. Support reads no billing in the trail.

-- +goose Up
-- Until when the bins of the agency and its clients are kept whole: 30 days after it was
-- read-only.
alter table tenants
    add column bin_held_until timestamptz,
    add constraint tenants_bin_held_check check (bin_held_until is null or kind = 'agency');
grant update (bin_held_until) on tenants to portico_lookup;

create policy in_person_billing on audit_events as restrictive for select to portico_app
    using (not starts_with(verb, 'billing.')
        or nullif(current_setting('app.support_session_id', true), '') is null);

-- +goose Down
drop policy in_person_billing on audit_events;
revoke update (bin_held_until) on tenants from portico_lookup;
alter table tenants drop column bin_held_until;
