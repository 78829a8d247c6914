-- Names are sorted and searched as people read them: apple, Éclair, Zebra. The indexes
-- on them follow the column. ICU's root collation is in every PostgreSQL package of the
-- distributions, in databases of any locale.

-- +goose Up
alter table users alter column name type text collate "und-x-icu";
alter table tenants
    alter column name type text collate "und-x-icu",
    alter column portal_name type text collate "und-x-icu",
    alter column mail_name type text collate "und-x-icu";
alter table memberships alter column name type text collate "und-x-icu";
alter table invites alter column name type text collate "und-x-icu";

-- +goose Down
alter table invites alter column name type text collate "default";
alter table memberships alter column name type text collate "default";
alter table tenants
    alter column name type text collate "default",
    alter column portal_name type text collate "default",
    alter column mail_name type text collate "default";
alter table users alter column name type text collate "default";
