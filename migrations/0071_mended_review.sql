-- What an attack on reviews found.

-- +goose Up

-- A certificate counts while the version stands as it says: with the same outcome, after the
-- same number of decisions. No decision is ever changed or deleted.
alter table certificates
    add column outcome text check (outcome in ('approved', 'approved_with_changes', 'changes_required', 'closed')),
    add column decisions integer check (decisions >= 0),
    alter column created_at set default clock_timestamp();
alter table certificates no force row level security;
alter table decisions no force row level security;
update certificates c
set outcome = case substring(c.signed from '\nOutcome: ([a-z ]+)\n')
        when 'approved' then 'approved'
        when 'approved with changes' then 'approved_with_changes'
        when 'changes required' then 'changes_required'
        else 'closed' end,
    decisions = (
        select count(*)
        from decisions x
        where x.tenant_id = c.tenant_id and x.version_id = c.version_id and x.created_at <= c.created_at);
alter table decisions force row level security;
alter table certificates force row level security;
alter table certificates
    alter column outcome set not null,
    alter column decisions set not null;
grant insert (outcome, decisions) on certificates to portico_app;

-- Decisions on a version wait for each other. Which was made first says the clock at that
-- time, not when the transaction began.
alter table decisions alter column created_at set default clock_timestamp();

-- Nobody changes what somebody else said, once the client sees it. Of the team's own words
-- staff can only show those of a colleague. A client's words are never the team's, so nobody
-- hides them.
drop policy own_update on comments;
create policy own_update on comments as restrictive for update to portico_app
    using (created_by = nullif(current_setting('app.user_id', true), '')::uuid
        or visibility = 'team' and current_setting('app.party', true) in ('agency', 'system'))
    with check (created_by = nullif(current_setting('app.user_id', true), '')::uuid
        or visibility = 'client' and current_setting('app.party', true) in ('agency', 'system'));
-- A client marks a note as done in their own name.
create policy own_resolve on threads as restrictive for update to portico_app
    with check (resolved_by is null
        or resolved_by = nullif(current_setting('app.user_id', true), '')::uuid
        or current_setting('app.party', true) in ('agency', 'system'));

-- Whether a mention got a mail of its own. The others are in the mail of the next notes.
alter table mentions add column mailed boolean not null default true;
grant insert (mailed) on mentions to portico_app;

-- +goose Down
alter table mentions drop column mailed;
drop policy own_resolve on threads;
drop policy own_update on comments;
create policy own_update on comments as restrictive for update to portico_app
    using (created_by = nullif(current_setting('app.user_id', true), '')::uuid
        or current_setting('app.party', true) in ('agency', 'system'));
alter table decisions alter column created_at set default now();
alter table certificates
    alter column created_at set default now(),
    drop column decisions,
    drop column outcome;
