-- What an owner or admin says of a support session after they looked at it.

-- +goose Up

create table support_reviews (
    tenant_id   uuid not null references tenants (id),
    id          uuid not null, -- of the session: each is reviewed once
    verdict     text not null check (verdict in ('accepted', 'flagged')),
    words       text not null default '' check (char_length(words) <= 500),
    created_by  uuid not null default nullif(current_setting('app.user_id', true), '')::uuid,
    created_at  timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, id) references support_sessions (tenant_id, id),
    foreign key (tenant_id, created_by) references memberships (tenant_id, user_id),
    check (verdict = 'accepted' or char_length(btrim(words)) > 0)
);
alter table support_reviews enable row level security;
alter table support_reviews force row level security;
create policy tenant on support_reviews to portico_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy operator on support_reviews to portico_owner
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
-- Nobody reviews a session from inside one.
create policy in_person_insert on support_reviews as restrictive for insert to portico_app
    with check (created_by = nullif(current_setting('app.user_id', true), '')::uuid
        and nullif(current_setting('app.support_session_id', true), '') is null
        and nullif(current_setting('app.api_key_id', true), '') is null);
-- The support console lists what was flagged.
create policy lookup on support_reviews to portico_lookup using (true) with check (true);
grant select on support_reviews to portico_app, portico_lookup;
grant insert (tenant_id, id, verdict, words) on support_reviews to portico_app;

-- +goose Down
drop table support_reviews;
