-- Counts of work include the agency's drafts. Where these are hidden from a support
-- session, so are the counts. Deeds keep them with the drafts open: Tx.withDrafts.

-- +goose Up
create policy support_drafts on work_counts as restrictive for select to portico_app
    using ((select coalesce(current_setting('app.drafts', true), '')) <> 'hidden');
create policy support_drafts on plan_usage as restrictive for select to portico_app
    using (metric not in ('projects', 'storage') or (select coalesce(current_setting('app.drafts', true), '')) <> 'hidden');

-- +goose Down
drop policy support_drafts on plan_usage;
drop policy support_drafts on work_counts;
