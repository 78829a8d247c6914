-- Whom a comment names with @: they get a mail at once. A mention carries the visibility of
-- its comment in the key that refers to it, so that clients see none of the team's.

-- +goose Up
alter table comments add constraint comments_visibility unique (tenant_id, id, visibility);
create table mentions (
    tenant_id   uuid not null references tenants (id),
    comment_id  uuid not null,
    visibility  text not null,
    user_id     uuid not null,
    primary key (tenant_id, comment_id, user_id),
    foreign key (tenant_id, comment_id, visibility) references comments (tenant_id, id, visibility) on update cascade on delete cascade,
    foreign key (tenant_id, user_id) references memberships (tenant_id, user_id)
);
create index mentions_of_person on mentions (tenant_id, user_id);
alter table mentions enable row level security;
alter table mentions force row level security;
create policy tenant on mentions to portico_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy party on mentions as restrictive to portico_app
    using (visibility = 'client' or current_setting('app.party', true) in ('agency', 'system'))
    with check (visibility = 'client' or current_setting('app.party', true) in ('agency', 'system'));
create policy support_drafts on mentions as restrictive for select to portico_app
    using (visibility = 'client' or coalesce(current_setting('app.drafts', true), '') <> 'hidden');
create policy in_person_insert on mentions as restrictive for insert to portico_app
    with check (nullif(current_setting('app.support_session_id', true), '') is null);
grant select, insert (tenant_id, comment_id, visibility, user_id) on mentions to portico_app;

-- +goose Down
drop table mentions;
alter table comments drop constraint comments_visibility;
