-- What the trail says about the team's own notes. Clients read no act of the agency but its
-- publications; support without consent to see drafts doesn't read of these notes either.

-- +goose Up
create policy support_drafts on audit_events as restrictive for select to portico_app
    using (coalesce(current_setting('app.drafts', true), '') <> 'hidden' or not detail ? 'team');

-- +goose Down
drop policy support_drafts on audit_events;
