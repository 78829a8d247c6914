-- Forgetting a person: erase what identifies them and keep what they did. Each tenant
-- decides whether their name stays.

-- +goose Up

-- A forgotten person has no address and no name. They are also disabled, so existing
-- checks refuse them.
alter table users
    add column forgotten_at timestamptz,
    add constraint users_forgotten check (forgotten_at is null
        or (kind = 'person' and email is null and name = 'Former member' and disabled_at is not null));

-- Whether the name of a member is replaced when their account is erased. By default it
-- is kept.
alter table tenants add column forgets_names boolean not null default false;
grant update (forgets_names) on tenants to portico_app;

-- An accepted or revoked invitation may have no address.
alter table invites
    alter column email drop not null,
    add constraint invites_address check (email is not null or accepted_at is not null or revoked_at is not null);

grant update (email, name, time_zone, locale, forgotten_at) on users to portico_lookup;
grant update (name, email, last_seen_at, seen_before_at, last_place, used_at, ended_at) on memberships to portico_lookup;
grant update (name, email, token_hash, revoked_at) on invites to portico_lookup;
grant update (actor_name) on support_sessions to portico_lookup;
grant update (used) on plan_usage to portico_lookup;
grant update (detail) on account_events to portico_lookup;
grant delete on identities to portico_lookup;

-- +goose Down
revoke delete on identities from portico_lookup;
revoke update (detail) on account_events from portico_lookup;
revoke update (used) on plan_usage from portico_lookup;
revoke update (actor_name) on support_sessions from portico_lookup;
revoke update (name, email, token_hash, revoked_at) on invites from portico_lookup;
revoke update (name, email, last_seen_at, seen_before_at, last_place, used_at, ended_at) on memberships from portico_lookup;
revoke update (email, name, time_zone, locale, forgotten_at) on users from portico_lookup;
alter table invites no force row level security;
update invites set email = 'forgotten@invalid' where email is null;
alter table invites
    force row level security,
    drop constraint invites_address,
    alter column email set not null;
alter table tenants drop column forgets_names;
alter table users drop constraint users_forgotten, drop column forgotten_at;
