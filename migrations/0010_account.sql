-- A person's passkeys and date format.

-- +goose Up

-- Global: passkeys, found by their credential id before the tenant is known. The app
-- lists those of the person in its context. Only functions of schema lookup add, use
-- or remove them.
create table passkeys (
    id               uuid primary key,
    user_id          uuid not null references users (id),
    credential_id    bytea not null unique check (octet_length(credential_id) between 1 and 1023),
    public_key       bytea not null check (octet_length(public_key) between 1 and 4096),
    sign_count       bigint not null check (sign_count >= 0),
    backup_eligible  boolean not null,
    backed_up        boolean not null,
    name             text not null check (char_length(name) between 1 and 60),
    created_at       timestamptz not null default now(),
    last_used_at     timestamptz
);
create index passkeys_of_user on passkeys (user_id, created_at, id);
alter table passkeys enable row level security;
alter table passkeys force row level security;
create policy lookup on passkeys to portico_lookup using (true) with check (true);
create policy own on passkeys to portico_app
    using (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid))
    with check (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
create policy in_person on passkeys as restrictive to portico_app
    using ((select nullif(current_setting('app.support_session_id', true), '')) is null);
grant select (id, user_id, credential_id, name, backed_up, created_at, last_used_at) on passkeys to portico_app;
grant select, insert, delete on passkeys to portico_lookup;
grant update (sign_count, backed_up, last_used_at) on passkeys to portico_lookup;

-- A passkey ceremony, linking a provider account and a step-up at a provider are flows
-- too: bound to a browser, short-lived, usable once.
alter table sign_in_flows
    drop constraint sign_in_flows_purpose_check,
    add check (purpose in ('mail', 'oidc', 'step_up', 'passkey', 'passkey_add', 'passkey_step_up', 'oidc_link', 'oidc_step_up')),
    add column ceremony text check (char_length(ceremony) <= 20000);

-- The locale in which a person reads dates. The app knows the supported ones.
alter table users add column locale text not null default 'en-GB' check (locale ~ '^[a-z]{2}-[A-Z]{2}$');
grant update (locale) on users to portico_app;

-- +goose Down
alter table users drop column locale;
delete from sign_in_flows where purpose not in ('mail', 'oidc', 'step_up');
alter table sign_in_flows
    drop column ceremony,
    drop constraint sign_in_flows_purpose_check,
    add check (purpose in ('mail', 'oidc', 'step_up'));
drop table passkeys;
