-- Accounts at providers that a person links to theirs, and takes away again.

-- +goose Up

-- An id of ours, so that no address names what a provider calls somebody.
alter table identities
    add column id uuid not null default gen_random_uuid() unique,
    add column last_used_at timestamptz;
-- Linking and unlinking are for functions of schema lookup, which ask for a fresh
-- proof; the app lists its own person's.
revoke select, delete on identities from portico_app;
grant select (id, user_id, issuer, email, created_at, last_used_at) on identities to portico_app;
grant delete on identities to portico_lookup;
grant update (last_used_at) on identities to portico_lookup;

-- Whether a provider's word for the person's address links an account to theirs. Not
-- any more once they took one away: from then on they link by hand alone.
alter table users add column links_by_address boolean not null default true;
grant update (links_by_address) on users to portico_lookup;

-- +goose Down
alter table users drop column links_by_address;
revoke select (id, user_id, issuer, email, created_at, last_used_at) on identities from portico_app;
revoke delete on identities from portico_lookup;
alter table identities drop column last_used_at, drop column id;
grant select, delete on identities to portico_app;
