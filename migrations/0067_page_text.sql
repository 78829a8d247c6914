-- The words of a document's pages, to be found later. They are hidden like the page.

-- +goose Up
alter table renditions
    add column words text check (words is null or kind = 'page' and char_length(words) between 1 and 20000);
grant insert (words) on renditions to portico_app;

-- +goose Down
alter table renditions drop column words;
