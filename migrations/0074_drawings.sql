-- Drawings on notes: a JSON list of strokes, checked by the server before it writes them. The
-- database bounds their bytes, and takes one only with the place of a pin.

-- +goose Up
alter table threads
    add constraint threads_drawing_size check (octet_length(drawing) between 1 and 8192),
    add constraint threads_drawing_place check (drawing is null or x is not null);

-- +goose Down
alter table threads
    drop constraint threads_drawing_place,
    drop constraint threads_drawing_size;
