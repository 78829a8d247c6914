-- Linking and unlinking accounts at sign-in providers.

-- +goose Up

-- Our own id, so that the provider's id of a person is in no URL.
alter table identities
    add column id uuid not null default gen_random_uuid() unique,
    add column last_used_at timestamptz;
-- Only functions of schema lookup link and unlink, after a step-up. The app lists the
-- identities of the person in its context.
revoke select, delete on identities from portico_app;
grant select (id, user_id, issuer, email, created_at, last_used_at) on identities to portico_app;
grant delete on identities to portico_lookup;
grant update (last_used_at) on identities to portico_lookup;

-- Whether a provider account with the person's verified address is linked automatically.
-- After a person has unlinked an account, they must link by hand.
alter table users add column links_by_address boolean not null default true;
grant update (links_by_address) on users to portico_lookup;

-- +goose Down
alter table users drop column links_by_address;
revoke select (id, user_id, issuer, email, created_at, last_used_at) on identities from portico_app;
revoke delete on identities from portico_lookup;
alter table identities drop column last_used_at, drop column id;
grant select, delete on identities to portico_app;
