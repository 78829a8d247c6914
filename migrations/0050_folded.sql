-- Previews that support's pages load, and its searches, are folded in the trail like views.

-- +goose Up
drop index audit_events_views;
create index audit_events_views on audit_events (tenant_id, actor_id, at, id)
    where verb in ('file.viewed', 'support.page_seen', 'support.asset_seen', 'support.found');

-- +goose Down
drop index audit_events_views;
create index audit_events_views on audit_events (tenant_id, actor_id, at, id) where verb in ('file.viewed', 'support.page_seen');
