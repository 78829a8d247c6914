-- What cannot be the name of a time zone is none; which there are is the app's to know.

-- +goose Up
alter table users add check (time_zone ~ '^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$' and char_length(time_zone) <= 64);

-- +goose Down
alter table users drop constraint users_time_zone_check;
