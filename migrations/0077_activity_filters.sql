-- The activity page filters the trail by what was done and by what it was done to.

-- +goose Up
create index audit_events_verb on audit_events (tenant_id, verb, at desc, id desc);
create index audit_events_target on audit_events (tenant_id, target_id, at desc, id desc) where target_id is not null;

-- +goose Down
drop index audit_events_target, audit_events_verb;
