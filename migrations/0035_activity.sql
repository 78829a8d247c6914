-- Clients read in their activity what the agency published for them. Views are folded
-- when the trail is read, which needs an index of its own.

-- +goose Up
alter policy party on audit_events
    using (party = 'client' or support_session_id is not null or starts_with(verb, 'support.') or verb = 'version.published'
        or (select current_setting('app.party', true)) in ('agency', 'system'));
create index audit_events_views on audit_events (tenant_id, actor_id, at, id) where verb in ('file.viewed', 'support.page_seen');

-- +goose Down
drop index audit_events_views;
alter policy party on audit_events
    using (party = 'client' or support_session_id is not null or starts_with(verb, 'support.')
        or (select current_setting('app.party', true)) in ('agency', 'system'));
