-- Check the syntax of time zone names. The app knows which zones exist.

-- +goose Up
alter table users add check (time_zone ~ '^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$' and char_length(time_zone) <= 64);

-- +goose Down
alter table users drop constraint users_time_zone_check;
