-- An address may have one open invitation as staff and one as client, so that clients
-- don't learn of invitations for staff.

-- +goose Up
drop index invites_open;
create unique index invites_open on invites (tenant_id, email, party) where accepted_at is null and revoked_at is null;

-- +goose Down
drop index invites_open;
alter table invites no force row level security;
update invites i
set revoked_at = now()
where i.accepted_at is null and i.revoked_at is null and i.party = 'agency'
  and exists (
      select from invites o
      where o.tenant_id = i.tenant_id and o.email = i.email and o.party = 'client'
        and o.accepted_at is null and o.revoked_at is null);
alter table invites force row level security;
create unique index invites_open on invites (tenant_id, email) where accepted_at is null and revoked_at is null;
