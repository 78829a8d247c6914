-- An agency assigns its staff to clients, one by one or to all, those created later
-- included. The functions of lookup/staff.sql do it and decide who may.

-- +goose Up
-- The role of a member of an agency in every client, now and later. Null for no such
-- assignment. The app reads it; only lookup.assign_everywhere changes it.
alter table memberships
    add column every_client_role text check (every_client_role in ('owner', 'admin', 'member', 'viewer')),
    add check (every_client_role is null or tenant_kind = 'agency');
grant update (party, role, every_client_role) on memberships to portico_lookup;

-- +goose Down
revoke update (party, role) on memberships from portico_lookup;
alter table memberships drop column every_client_role;
