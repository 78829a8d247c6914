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

-- +goose Down
alter table certificates
    alter column created_at set default now(),
    drop column decisions,
    drop column outcome;
