-- A proof of identity names the session that it opened, so that whoever uses it a second
-- time there goes on. Signing out takes that away and leaves the rest of the row, so that
-- a used link still says that it was used.

-- +goose Up
alter table sign_in_flows
    add column opened_session_id uuid references sessions (id) on delete set null;
create index sign_in_flows_by_opened_session on sign_in_flows (opened_session_id);
revoke update (session_id) on sign_in_flows from portico_lookup;
grant update (opened_session_id) on sign_in_flows to portico_lookup;

-- +goose Down
grant update (session_id) on sign_in_flows to portico_lookup;
alter table sign_in_flows drop column opened_session_id;
