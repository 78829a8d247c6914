-- The database of the portal that Harborlight Studio has used since 2011: one company, one
-- database, no tenants, and no foreign keys. It has grown, and it shows.
--
--   createdb --encoding SQL_ASCII --locale C --template template0 harborlight
--   psql -f legacy.sql harborlight

create table company (
    id         serial primary key,
    title      varchar(200),
    shortname  varchar(60),
    since      timestamp
);
insert into company (id, title, shortname, since) values
    (1, 'Acme Bakery', 'acme', '2012-03-01 09:00'),
    (2, 'Globex', 'globex', '2013-06-12 10:30'),
    (3, E'Acme R\xe4der', 'acme', '2015-01-20 14:00'), -- the same short name, and a Latin-1 byte
    (4, 'Initech', 'Initech!', '2018-09-03 11:15'),
    (5, 'TEST please ignore', 'test', null);

create table member (
    id          serial primary key,
    company_id  integer,          -- null: our own team
    fullname    varchar(200),
    mail        varchar(200),
    kind        varchar(10),      -- team or client
    privileges  varchar(20),
    disabled    boolean,
    joined      timestamp
);
insert into member (id, company_id, fullname, mail, kind, privileges, disabled, joined) values
    (1, null, 'Nora Lindqvist', 'nora@harborlight.example', 'team', 'owner', false, '2011-05-02 08:00'),
    (2, null, 'Tom Beck', 'tom@harborlight.example', 'team', 'member', false, '2014-02-10 09:00'),
    (3, null, 'Tom Beck (old)', 'TOM@Harborlight.example', 'team', 'member', true, '2012-02-10 09:00'),
    (4, null, 'Ida Holm', 'ida@harborlight.example', 'team', 'member', true, '2012-08-01 09:00'),
    (5, 1, 'Mia Chen', 'mia@acme.example', 'client', 'owner', null, '2012-03-02 10:00'),
    (6, 1, 'Leo Brandt', null, 'client', 'viewer', false, '2012-04-15 12:00'),
    (7, 2, 'Gus Weber', 'gus@globex.example', 'client', 'boss', false, '2013-06-12 11:00'),
    (8, 2, 'Gus W.', ' Gus@Globex.Example', 'client', 'member', false, '2016-01-01 11:00'),
    (9, 3, 'Rosa Winter', 'rosa at raeder', 'client', 'owner', false, '2015-01-21 09:00'),
    (10, 4, 'Ivy Park', 'ivy@initech.example', 'client', 'owner', false, '2018-09-03 12:00'),
    (11, 4, 'Mia Chen', 'mia@acme.example', 'client', 'viewer', false, '2019-01-08 09:00'), -- she advises both
    (12, 42, null, 'someone@nowhere.example', 'client', 'member', false, '2017-01-01 09:00'),
    (13, null, 'Kai', 'kai@kai.example', 'client', 'member', false, null);

create table job (
    id          serial primary key,
    company_id  integer,
    title       varchar(300),
    notes       text,
    deadline    date,
    closed      boolean,
    created     timestamp,
    owner_id    integer
);
insert into job (id, company_id, title, notes, deadline, closed, created, owner_id) values
    (1, 1, 'Spring menu', E'Menu and poster.\r\nPrinted by May.', '2019-05-01', false, '2019-02-03 10:00', 1),
    (2, 1, 'Website', null, null, true, '2016-11-20 16:45', 4),
    (3, 2, 'Trade fair 2019', 'Booth in hall 3', '2019-09-15', false, '2019-04-01 09:30', 2),
    (4, 3, 'Katalog', '', null, null, '2020-07-10 13:00', 3),
    (5, 4, 'Launch', 'Everything for the launch', null, false, '2021-03-28 02:30', 2),
    (6, null, 'Our own website', 'internal', null, false, '2018-01-01 09:00', 1), -- of no client
    (7, 42, 'Pitch', null, null, false, '2017-02-02 09:00', 1),                   -- of a client that is gone
    (8, 2, null, null, null, false, '2022-05-05 09:00', 7);

create table piece (
    id           serial primary key,
    job_id       integer,
    title        varchar(300),
    description  text,
    status       varchar(20),
    due          date,
    added        timestamp,
    added_by     integer
);
insert into piece (id, job_id, title, description, status, due, added, added_by) values
    (1, 1, 'Menu card', E'Caf\xc3\x83\xc2\xa9 style', 'done', '2019-04-01', '2019-02-04 10:00', 2),
    (2, 1, 'Poster', null, 'shown', null, '2019-02-05 11:00', 2),
    (3, 2, 'Home page', 'Words only', 'done', null, '2016-11-21 09:00', 4),
    (4, 3, 'Booth wall', null, 'redo', '2019-08-01', '2019-04-02 09:00', 2),
    (5, 4, 'Titelseite', null, 'wip', null, '2020-07-11 09:00', 3),
    (6, 5, 'Logo', null, 'shown', null, '2021-03-29 09:00', 2),
    (7, 77, 'Lost flyer', null, 'done', null, '2019-04-05 09:00', 2),             -- its job is gone
    (8, 6, 'Our logo', null, 'done', null, '2018-01-02 09:00', 1),
    (9, 8, repeat('A very long title. ', 12), null, 'pending', null, '2093-01-01 09:00', 2),
    (10, 2, 'Icons', null, 'shown', null, '2017-01-10 09:00', null);

create table attachment (
    id           serial primary key,
    piece_id     integer,
    revision     integer,
    path         varchar(400),    -- below the uploads directory
    filename     varchar(400),
    uploaded     timestamp,
    uploaded_by  integer
);
insert into attachment (id, piece_id, revision, path, filename, uploaded, uploaded_by) values
    (1, 1, 1, 'acme/menu-1.txt', 'menu.txt', '2019-02-04 10:05', 2),
    (2, 1, 2, 'acme/menu-2.txt', 'menu.txt', '2019-03-01 15:20', 2),
    (3, 2, 1, 'acme/poster.png', E'Poster \xfcber alles.png', '2019-02-05 11:10', 2),
    (4, 3, 1, 'acme/home.txt', 'home.txt', '2016-11-21 09:30', 4),
    (5, 4, 1, 'globex/booth-a.txt', 'booth.txt', '2019-04-02 09:10', 2),
    (6, 4, 3, 'globex/booth-c.txt', 'booth.txt', '2019-05-02 09:10', 2),          -- there is no revision 2
    (7, 5, 1, 'raeder/titel-1.txt', 'titel.txt', '2020-07-11 09:10', 3),
    (8, 5, 2, 'raeder/titel-2.txt', 'titel.txt', '2020-07-12 09:10', 2),
    (9, 6, 1, 'initech/logo.ai', 'logo.ai', '2021-03-29 09:10', 2),               -- not on disk
    (10, 6, 1, 'initech/logo.txt', 'logo.txt', '2021-03-29 09:15', 2),
    (11, 1, 2, '../../etc/passwd', 'passwd', '2019-03-02 03:00', 99),             -- not one of ours
    (12, 99, 1, 'acme/menu-1.txt', 'orphan.txt', '2019-01-01 09:00', 2),          -- its piece is gone
    (13, 8, 1, 'acme/home.txt', 'our-logo.txt', '2018-01-02 09:10', 1);

create table remark (
    id             serial primary key,
    piece_id       integer,
    attachment_id  integer,
    parent_id      integer,
    author_id      integer,
    body           text,
    internal       boolean,
    written        timestamp
);
insert into remark (id, piece_id, attachment_id, parent_id, author_id, body, internal, written) values
    (1, 1, 1, null, 5, 'Lovely. Can the prices be larger?', false, '2019-02-10 10:00'),
    (2, 1, null, 1, 2, E'Yes, see the second version.\r\nTom', false, '2019-03-01 15:30'),
    (3, 1, null, null, 1, 'They still owe us for March.', true, '2019-03-02 09:00'),
    (4, 4, null, null, 7, 'Wrong blue.', false, '2019-05-03 10:00'),
    (5, 4, null, null, 99, 'Printer needs it by Friday.', false, '2019-05-04 10:00'),  -- nobody knows 99
    (6, 4, null, 88, 8, 'And the other side?', false, '2019-05-05 10:00'),             -- to what?
    (7, 6, null, null, 5, 'Nice and round.', false, '2021-04-01 10:00'),
    (8, 6, null, null, 7, 'Looks like ours!', false, '2021-04-02 10:00'),              -- Gus is of Globex
    (9, 5, null, null, 9, 'Wann?', false, '2020-07-20 10:00'),                         -- on a draft
    (10, 2, null, null, 5, null, false, '2019-02-20 10:00'),
    (11, 2, null, 12, 6, 'Fine by me.', false, '2019-02-21 10:00'),                    -- each replies to the other
    (12, 2, null, 11, 5, 'Me too.', false, '2019-02-22 10:00'),
    (13, 3, null, null, 4, repeat('All the words of the page, once more. ', 300), false, '2016-11-22 10:00'),
    (14, 3, 9, null, 5, 'Which file was that?', null, null),
    (15, 8, null, null, 1, 'Ours.', false, '2018-01-03 09:00');
