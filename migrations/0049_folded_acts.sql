-- What is folded when the trail is read: views, previews that support's pages load, its
-- searches, and moves of one thing.

-- +goose Up
drop index audit_events_views;
create index audit_events_folded on audit_events (tenant_id, actor_id, at, id)
    where verb in ('file.viewed', 'support.page_seen', 'support.asset_seen', 'support.found', 'project.moved', 'deliverable.moved');

-- +goose Down
drop index audit_events_folded;
create index audit_events_views on audit_events (tenant_id, actor_id, at, id) where verb in ('file.viewed', 'support.page_seen');
