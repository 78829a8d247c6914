-- When this installation last proved what its trust page claims.

-- +goose Up

-- Global: a claim is about the whole installation, and anybody may read when it last held.
create table proofs (
    claim     text primary key check (claim in ('isolation', 'support')),
    tried_at  timestamptz not null,
    held_at   timestamptz check (held_at <= tried_at)
);
alter table proofs enable row level security;
alter table proofs force row level security;
create policy lookup on proofs to portico_lookup using (true) with check (true);
grant select, insert on proofs to portico_lookup;
grant update (tried_at, held_at) on proofs to portico_lookup;

-- +goose Down
drop table proofs;
