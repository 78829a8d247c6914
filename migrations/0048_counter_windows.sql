-- Counters were kept for a day, whatever their window. Now each is swept when its own
-- window has ended.

-- +goose Up
alter table rate_counters add column ends_at timestamptz not null default now() + interval '1 day';
create index rate_counters_by_end on rate_counters (ends_at);
drop index rate_counters_by_window;

-- +goose Down
create index rate_counters_by_window on rate_counters (window_start);
drop index rate_counters_by_end;
alter table rate_counters drop column ends_at;
