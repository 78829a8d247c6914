-- The files of a version are downloaded together, paged through and shown with one of
-- them first. A dropped folder keeps its paths.

-- +goose Up
alter table files
    -- Of the bytes, as a ZIP archive needs it before they are sent; null for files that
    -- were uploaded before it was kept.
    add column crc32 bigint check (crc32 between 0 and 4294967295),
    -- Staff chose it to be shown first.
    add column lead boolean not null default false,
    -- The folder that it was dropped in, as a/b; '' for none.
    add column folder text not null default '' check (char_length(folder) <= 1000);
drop index files_of_version;
create index files_of_version on files (tenant_id, version_id, position, id)
    include (name, state, declared_size, size, content_type, preview_type, shared_at, deleted_at, created_by, support_session_id, lead);
create unique index files_lead on files (tenant_id, version_id) where lead;
grant insert (folder) on files to portico_app;
grant update (crc32, lead) on files to portico_app;

-- +goose Down
drop index files_lead, files_of_version;
create index files_of_version on files (tenant_id, version_id, position, id)
    include (name, state, declared_size, size, content_type, preview_type, shared_at, deleted_at, created_by, support_session_id);
alter table files drop column crc32, drop column lead, drop column folder;
