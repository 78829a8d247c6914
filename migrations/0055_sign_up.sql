-- Sign-up: who may create an agency by themselves, and which sign-ins may create an account.

-- +goose Up

-- Global: the addresses that the operator invited to sign up, before they are anybody.
-- An invitation is used up by the agency that it allows.
create table sign_up_invites (
    email       text primary key check (email = lower(email) and char_length(email) between 3 and 254),
    invited_at  timestamptz not null default now()
);
alter table sign_up_invites enable row level security;
alter table sign_up_invites force row level security;
create policy lookup on sign_up_invites to portico_lookup using (true) with check (true);
grant select, insert, delete on sign_up_invites to portico_lookup;

-- The rule under which a sign-in may create the account of an address that has none. Null
-- is a sign-in only.
alter table sign_in_flows add column sign_up text check (sign_up in ('open', 'invite'));

-- +goose Down
alter table sign_in_flows drop column sign_up;
drop table sign_up_invites;
