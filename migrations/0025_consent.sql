-- One consent to support access in force for each tenant and side: a later one replaces
-- it. A support session remembers the party of its subject.

-- +goose Up

alter table support_grants no force row level security;
alter table support_sessions no force row level security;
alter table memberships no force row level security;
alter table support_grants
    add column party text check (party in ('agency', 'client')),
    add column replaced_at timestamptz,
    add column revoked_party text check (revoked_party in ('agency', 'client'));
update support_grants g
set party = m.party
from memberships m
where m.tenant_id = g.tenant_id and m.user_id = g.created_by;
update support_grants g
set revoked_party = m.party
from memberships m
where m.tenant_id = g.tenant_id and m.user_id = g.revoked_by and g.revoked_at is not null;
update support_grants g
set replaced_at = n.created_at
from support_grants n
where n.tenant_id = g.tenant_id and n.party = g.party and g.revoked_at is null
  and (n.created_at, n.id) > (g.created_at, g.id)
  and not exists (
      select from support_grants x
      where x.tenant_id = g.tenant_id and x.party = g.party
        and (x.created_at, x.id) > (g.created_at, g.id) and (x.created_at, x.id) < (n.created_at, n.id));
alter table support_sessions
    add column subject_party text check (subject_party in ('agency', 'client'));
update support_sessions s
set subject_party = m.party
from memberships m
where m.tenant_id = s.tenant_id and m.user_id = s.subject_id;
-- +goose StatementBegin
do $$
begin
    if exists (select from support_grants where party is null)
       or exists (select from support_sessions where subject_party is null)
       or exists (
           select from support_grants where revoked_at is null and replaced_at is null
           group by tenant_id, party having count(*) > 1) then
        raise exception 'some consents or sessions have no party, or a side has two consents';
    end if;
end $$;
-- +goose StatementEnd
alter table support_grants
    alter column party set not null,
    alter column party set default nullif(current_setting('app.party', true), '');
alter table support_sessions alter column subject_party set not null;
alter table memberships force row level security;
alter table support_sessions force row level security;
alter table support_grants force row level security;

-- Who published, if support did. The author's session is versions.support_session_id.
alter table versions add column shared_session_id uuid;
grant update (shared_session_id) on versions to portico_app;

-- A client's consent alone doesn't open the agency's drafts to support. A session sees
-- those of its own. The indexes that cover lists hold what the policy compares.
drop index projects_list, deliverables_of_project, deliverables_newest, versions_shared, files_of_version;
create index projects_list on projects (tenant_id, position, id)
    include (name, due_on, shared_at, archived_at, deleted_at, updated_at, support_session_id);
create index deliverables_of_project on deliverables (tenant_id, project_id, position, id)
    include (title, state, due_on, shared_at, shown_at, archived_at, deleted_at, updated_at, support_session_id);
create index deliverables_newest on deliverables (tenant_id, updated_at desc, id desc)
    include (project_id, title, state, due_on, shared_at, shown_at, archived_at, deleted_at, support_session_id);
create index versions_shared on versions (tenant_id, shared_at desc, id desc)
    include (deliverable_id, number, support_session_id);
create index files_of_version on files (tenant_id, version_id, position, id)
    include (name, state, declared_size, size, content_type, preview_type, shared_at, deleted_at, created_by, support_session_id);
alter table versions
    drop constraint versions_tenant_id_deliverable_id_number_key,
    add constraint versions_tenant_id_deliverable_id_number_key
        unique (tenant_id, deliverable_id, number) include (id, shared_at, support_session_id);
-- +goose StatementBegin
do $$
declare t text;
begin
    foreach t in array array['projects', 'deliverables', 'versions', 'files'] loop
        execute format($p$create policy support_drafts on %I as restrictive for select to portico_app
            using ((select coalesce(current_setting('app.drafts', true), '')) <> 'hidden' or shared_at is not null
                or support_session_id = (select nullif(current_setting('app.support_session_id', true), '')::uuid))$p$, t);
    end loop;
end $$;
-- +goose StatementEnd

create unique index support_grants_in_force on support_grants (tenant_id, party)
    where revoked_at is null and replaced_at is null;

-- Either side revokes every consent, in its own name. Each replaces only its own.
alter policy in_person_still_open on support_grants
    using (revoked_at is null and replaced_at is null
        and (select nullif(current_setting('app.support_session_id', true), '')) is null)
    with check ((revoked_at is not null and revoked_party = (select current_setting('app.party', true)))
        or (replaced_at is not null and party = (select current_setting('app.party', true))));
grant update (replaced_at, revoked_party) on support_grants to portico_app;

-- +goose Down
drop policy support_drafts on projects;
drop policy support_drafts on deliverables;
drop policy support_drafts on versions;
drop policy support_drafts on files;
alter table versions drop column shared_session_id;
revoke update (replaced_at, revoked_party) on support_grants from portico_app;
alter policy in_person_still_open on support_grants
    using (revoked_at is null and (select nullif(current_setting('app.support_session_id', true), '')) is null)
    with check (revoked_at is not null);
drop index support_grants_in_force;
alter table support_sessions drop column subject_party;
alter table support_grants drop column party, drop column replaced_at, drop column revoked_party;
