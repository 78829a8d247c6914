-- Renditions of video and sound: a picture, and a copy that browsers play if they can't play
-- the original. They are hidden like their file, by the key that carries whether the client
-- sees it.

-- +goose Up
alter table files
    add column duration_ms bigint check (duration_ms between 0 and 604800000),
    add column frame_rate text check (frame_rate ~ '^[1-9][0-9]{0,8}/[1-9][0-9]{0,8}$'),  -- frames a second, "30000/1001"
    add column start_timecode text check (start_timecode ~ '^[0-9]{2}:[0-9]{2}:[0-9]{2}[:;][0-9]{2}$'),
    add column plays text check (plays in ('original', 'soon', 'rendition', 'no')), -- what browsers play of it; null: not looked at yet
    add column pictured boolean not null default false, -- it has a poster or a wave
    drop constraint files_unfit_check,
    add constraint files_unfit_check check (unfit in ('password', 'broken', 'slow', 'large', 'no_picture'));
grant update (duration_ms, frame_rate, start_timecode, plays, pictured) on files to portico_app;

alter table renditions
    add column kind text not null default 'page' check (kind in ('page', 'poster', 'wave', 'playable')),
    drop constraint renditions_page_check,
    drop constraint renditions_tenant_id_file_id_page_key,
    drop constraint renditions_width_check,
    drop constraint renditions_height_check,
    drop constraint renditions_content_type_check,
    drop constraint renditions_size_check,
    alter column size type bigint,
    add constraint renditions_page_check check (page between 0 and 10000 and (page > 0) = (kind = 'page')),
    add constraint renditions_of_file unique (tenant_id, file_id, kind, page),
    add constraint renditions_width_check check (width between 0 and 10000 and (width > 0 or content_type = 'audio/mp4')),
    add constraint renditions_height_check check (height between 0 and 10000 and (height > 0) = (width > 0)),
    add constraint renditions_content_type_check check (content_type in ('image/png', 'image/jpeg', 'video/mp4', 'audio/mp4') and (kind = 'playable') = (content_type in ('video/mp4', 'audio/mp4'))),
    add constraint renditions_size_check check (size between 1 and 4294967296 and (size <= 16777216 or kind = 'playable'));
grant insert (kind) on renditions to portico_app;

-- +goose Down
alter table renditions no force row level security;
alter table files no force row level security;
delete from renditions where kind <> 'page';
alter table renditions
    drop constraint renditions_size_check,
    drop constraint renditions_content_type_check,
    drop constraint renditions_height_check,
    drop constraint renditions_width_check,
    drop constraint renditions_of_file,
    drop constraint renditions_page_check,
    drop column kind,
    alter column size type integer,
    add constraint renditions_page_check check (page between 1 and 10000),
    add constraint renditions_tenant_id_file_id_page_key unique (tenant_id, file_id, page),
    add constraint renditions_width_check check (width between 1 and 10000),
    add constraint renditions_height_check check (height between 1 and 10000),
    add constraint renditions_content_type_check check (content_type in ('image/png', 'image/jpeg')),
    add constraint renditions_size_check check (size between 1 and 16777216);
update files set unfit = null where unfit = 'no_picture';
alter table renditions force row level security;
alter table files force row level security;
alter table files
    drop constraint files_unfit_check,
    add constraint files_unfit_check check (unfit in ('password', 'broken', 'slow', 'large')),
    drop column pictured,
    drop column plays,
    drop column start_timecode,
    drop column frame_rate,
    drop column duration_ms;
