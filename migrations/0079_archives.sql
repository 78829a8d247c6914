-- Restoring a tenant from its archive. The command line does it as portico_owner, for whom
-- row level security is forced too. In the context of a tenant it sees and writes the rows of
-- that tenant, all columns of them, and no others: what an archive says of another tenant,
-- the database refuses. Without a context it still sees nothing.

-- +goose Up

-- +goose StatementBegin
do $$
declare t text;
begin
    for t in select tablename from pg_policies where schemaname = 'public' and policyname = 'tenant' order by tablename loop
        execute format($p$create policy operator on %I to portico_owner
            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
            with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)$p$, t);
    end loop;
end $$;
-- +goose StatementEnd
create policy operator on tenants to portico_owner
    using (id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (id = nullif(current_setting('app.tenant_id', true), '')::uuid);

-- +goose Down
drop policy operator on tenants;
-- +goose StatementBegin
do $$
declare t text;
begin
    for t in select tablename from pg_policies where schemaname = 'public' and policyname = 'operator' loop
        execute format('drop policy operator on %I', t);
    end loop;
end $$;
-- +goose StatementEnd
