-- A mail server that refuses an address is said on the person's row, to whoever can see
-- it. The code is the server's; 0 means that our own server can't write to the address.

-- +goose Up
alter table invites
    add column mail_refused_at timestamptz,
    add column mail_refused_code integer,
    add check (num_nulls(mail_refused_at, mail_refused_code) in (0, 2));
alter table memberships
    add column mail_refused_at timestamptz,
    add column mail_refused_code integer,
    add check (num_nulls(mail_refused_at, mail_refused_code) in (0, 2));
grant update (mail_refused_at, mail_refused_code) on invites, memberships to portico_app;
-- A sign-in at a provider names the session that it made, so that the same answer, sent
-- twice, goes on there.
grant update (session_id) on sign_in_flows to portico_lookup;

-- +goose Down
revoke update (session_id) on sign_in_flows from portico_lookup;
alter table memberships drop column mail_refused_at, drop column mail_refused_code;
alter table invites drop column mail_refused_at, drop column mail_refused_code;
