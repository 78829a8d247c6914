-- When a file's content was found missing, and when the operator acknowledged it. The
-- row stays as the record of what was lost.

-- +goose Up
alter table files
    add column missing_at   timestamptz,
    add column forgotten_at timestamptz,
    add check (missing_at is null or state = 'ready'),
    add check (forgotten_at is null or missing_at is not null);
grant update (missing_at, forgotten_at) on files to portico_app;

-- +goose Down
alter table files drop column forgotten_at, drop column missing_at;
