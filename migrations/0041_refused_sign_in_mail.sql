-- A sign-in mail that a mail server refuses is said on the person's row, as a refused
-- invitation is. It belongs to no tenant, so a narrow function writes it.

-- +goose Up
grant update (mail_refused_at, mail_refused_code) on memberships, invites to portico_lookup;

-- +goose Down
revoke update (mail_refused_at, mail_refused_code) on memberships, invites from portico_lookup;
