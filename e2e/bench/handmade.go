package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"portico/views"
)

// The hand-made page is what somebody would write who builds one fast page and no product:
// session, membership, context and list in one round trip, and 13 kB of markup. It keeps
// policies, and reads tables of its own with nothing else in them.

const handmadeTables = `
create table bench_sessions as
select s.token_hash, s.user_id, u.name from sessions s join users u on u.id = s.user_id;
create unique index on bench_sessions (token_hash) include (user_id, name);
create table bench_members as
select m.user_id, t.slug, t.id as tenant_id, t.name, m.role from memberships m join tenants t on t.id = m.tenant_id;
create unique index on bench_members (user_id, slug) include (tenant_id, name, role);
create table bench_list as select tenant_id, project_id, position, id, title, state, due_on, shown_at from deliverables where shared_at is not null;
create unique index on bench_list (tenant_id, project_id, position, id) include (title, state, due_on, shown_at);
alter table bench_list enable row level security;
alter table bench_list force row level security;
create policy tenant on bench_list using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
vacuum analyze bench_sessions;
vacuum analyze bench_members;
vacuum analyze bench_list;
drop role if exists bench_policies;
create role bench_policies login password 'bare';
grant connect on database portico to bench_policies;
grant usage on schema public to bench_policies;
grant select on bench_sessions, bench_members, bench_list to bench_policies`

const handmadeWho = `
select s.name, m.name, set_config('app.tenant_id', m.tenant_id::text, true)
from bench_sessions s join bench_members m on m.user_id = s.user_id
where s.token_hash = $1 and m.slug = $2`

const handmadeRows = `
select id, title, state, due_on, shown_at from bench_list
where tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid and project_id = $1
order by position, id
limit 50`

// handmadeRow is a row of the hand-made page, in the words it shows.
type handmadeRow struct {
	URL, Title, State, Due, Shown string
}

// handmade serves /handmade/{n}, the list of client n, to the person whose token the
// cookie holds in hexadecimal digits.
func handmade(pool *pgxpool.Pool) func(http.ResponseWriter, *http.Request, int) error {
	return func(w http.ResponseWriter, r *http.Request, n int) error {
		cookie, err := r.Cookie("session")
		if err != nil {
			return err
		}
		token, err := hex.DecodeString(cookie.Value)
		if err != nil {
			return err
		}
		person, tenant, rows, err := readHandmade(r.Context(), pool, token, n)
		if err != nil {
			return err
		}
		return views.Render(w, r, http.StatusOK, handmadePage(person, tenant, rows))
	}
}

func readHandmade(ctx context.Context, pool *pgxpool.Pool, token []byte, n int) (person, tenant string, list []handmadeRow, err error) {
	hash := sha256.Sum256(token)
	base := fmt.Sprintf("client-%d", n)
	var b pgx.Batch
	b.Queue(handmadeWho, hash[:], base).QueryRow(func(row pgx.Row) error { return row.Scan(&person, &tenant, nil) })
	b.Queue(handmadeRows, id(ofProject, 2*n)).Query(func(rows pgx.Rows) error {
		var (
			id    uuid.UUID
			due   *time.Time
			shown time.Time
			d     handmadeRow
		)
		list = make([]handmadeRow, 0, listLength)
		_, err := pgx.ForEachRow(rows, []any{&id, &d.Title, &d.State, &due, &shown}, func() error {
			d.URL, d.Due, d.Shown = "/w/"+base+"/deliverables/"+id.String(), "", shown.Format("2 Jan 2006")
			if due != nil {
				d.Due = due.Format("2 Jan 2006")
			}
			list = append(list, d)
			return nil
		})
		return err
	})
	if err = pool.SendBatch(ctx, &b).Close(); err == nil && len(list) != listLength {
		err = fmt.Errorf("%d rows", len(list))
	}
	return person, tenant, list, err
}
