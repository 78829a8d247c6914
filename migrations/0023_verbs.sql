-- The trail's verbs are those that pages say after a deed, and plain words: the old
-- ones are renamed where they are stored.

-- +goose Up
alter table audit_events no force row level security;
alter table account_events no force row level security;
update audit_events e
set verb = n.plain
from (values
    ('file.upload_given_up', 'file.upload_cancelled'),
    ('file.swept', 'file.upload_cancelled'),
    ('file.found', 'file.recovered'),
    ('file.forgotten', 'file.marked_lost'),
    ('member.came_in', 'member.staff_joined'),
    ('member.went_out', 'member.staff_left'),
    ('tenant.client_manages', 'tenant.people_managers_changed'),
    ('job.let_go', 'job.cancelled'),
    ('support.asked', 'support.access_requested'),
    ('support.ask_mail_sent', 'support.request_mail_sent'),
    ('support.write_asked', 'support.write_requested')
) n (old, plain)
where e.verb = n.old;
update audit_events
set verb = case when detail ->> 'answer' = 'granted' then 'support.access_approved' else 'support.access_denied' end
where verb = 'support.answered';
update audit_events
set verb = case when detail ->> 'may' = 'true' then 'support.requests_allowed' else 'support.requests_blocked' end
where verb = 'support.asking_set';
update audit_events
set target_kind = 'access_request'
where target_kind = 'support_ask';
update account_events
set verb = case verb when 'support.asked' then 'support.access_requested' else 'support.write_requested' end
where verb in ('support.asked', 'support.write_asked');
-- +goose StatementBegin
do $$
begin
    if exists (
        select from audit_events
        where target_kind = 'support_ask'
           or verb in ('file.upload_given_up', 'file.swept', 'file.found', 'file.forgotten', 'member.came_in', 'member.went_out',
                       'tenant.client_manages', 'job.let_go', 'support.asked', 'support.ask_mail_sent', 'support.write_asked',
                       'support.answered', 'support.asking_set'))
       or exists (select from account_events where verb in ('support.asked', 'support.write_asked')) then
        raise exception 'some events still have an old verb';
    end if;
end $$;
-- +goose StatementEnd
alter table audit_events force row level security;
alter table account_events force row level security;

-- +goose Down
alter table audit_events no force row level security;
alter table account_events no force row level security;
update audit_events e
set verb = n.old
from (values
    ('file.upload_given_up', 'file.upload_cancelled'),
    ('file.found', 'file.recovered'),
    ('file.forgotten', 'file.marked_lost'),
    ('member.came_in', 'member.staff_joined'),
    ('member.went_out', 'member.staff_left'),
    ('tenant.client_manages', 'tenant.people_managers_changed'),
    ('job.let_go', 'job.cancelled'),
    ('support.asked', 'support.access_requested'),
    ('support.ask_mail_sent', 'support.request_mail_sent'),
    ('support.write_asked', 'support.write_requested'),
    ('support.answered', 'support.access_approved'),
    ('support.answered', 'support.access_denied'),
    ('support.asking_set', 'support.requests_allowed'),
    ('support.asking_set', 'support.requests_blocked')
) n (old, plain)
where e.verb = n.plain;
update audit_events
set target_kind = 'support_ask'
where target_kind = 'access_request';
update account_events
set verb = case verb when 'support.access_requested' then 'support.asked' else 'support.write_asked' end
where verb in ('support.access_requested', 'support.write_requested');
alter table audit_events force row level security;
alter table account_events force row level security;
