package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

const reviewedPage = "page of a deliverable with 200 comments, 20 versions and 12 files"

// ofReview is the number of the deliverable of the first client that people review.
const ofReview = 2_100_000_000

// reviewSQL gives the first ten clients a deliverable with 20 versions, 12 files and 200
// comments in 50 notes on the newest version, each fifth of them the team's own.
const reviewSQL = `
set session_replication_role = replica;
create function pg_temp.id(part int, n bigint) returns uuid language sql immutable as
$$ select (lpad(to_hex(part), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
create temp table r as
select n, pg_temp.id(4, n) as tenant, pg_temp.id(7, 2100000000 + n) as id, pg_temp.id(11, n) as manager, pg_temp.id(5, n) as person from generate_series(1::bigint, 10) n;
insert into deliverables (tenant_id, id, project_id, title, state, shared_at, shown_at, shown_number, shown_files, created_by)
select tenant, id, pg_temp.id(6, 2 * n + 1), 'Reviewed', 'in_review', now(), now(), 20, 12, manager from r;
insert into versions (tenant_id, id, deliverable_id, number, note, shared_at, shared_by, created_by, files, content_sha256, locked_at)
select tenant, pg_temp.id(8, (2100000000 + n) * 100 + v), id, v, 'What is new', now(), manager, manager, case when v = 20 then 12 else 0 end, sha256('x'),
       case when v < 20 then now() end
from r, generate_series(1, 20) v;
insert into files (tenant_id, id, version_id, name, state, declared_size, size, sha256, content_type, object_key, position, shared_at, created_by)
select tenant, pg_temp.id(9, (2100000000 + n) * 100 + f), pg_temp.id(8, (2100000000 + n) * 100 + 20), 'poster-' || f || '.png', 'ready', 1000, 1000, sha256('x'), 'image/png',
       'tenants/' || tenant || '/files/' || pg_temp.id(9, (2100000000 + n) * 100 + f), f, now(), manager
from r, generate_series(1, 12) f;
insert into threads (tenant_id, id, version_id, visibility, number, file_id, x, y, created_by)
select tenant, pg_temp.id(12, (2100000000 + n) * 100 + t), pg_temp.id(8, (2100000000 + n) * 100 + 20), case when t % 5 = 0 then 'team' else 'client' end, t,
       pg_temp.id(9, (2100000000 + n) * 100 + 1 + t % 12), t * 100, t * 100, manager
from r, generate_series(1, 50) t;
insert into comments (tenant_id, id, thread_id, thread_visibility, visibility, body, form_key, created_by)
select t.tenant_id, gen_random_uuid(), t.id, t.visibility, t.visibility, 'Could the line below the name be a little lighter, as it was in the version before?', gen_random_uuid(),
       case when t.visibility = 'client' and c % 2 = 0 then r.person else r.manager end
from r join threads t on t.tenant_id = r.tenant, generate_series(1, 4) c;
`

// reviews measures the page of a deliverable that many people have talked about.
func reviews(ctx context.Context, w *world) (lines []line, err error) {
	for _, in := range []installation{w.few, w.many} {
		err := w.query(ctx, in.name, reviewSQL, func(conn *pgx.Conn, sql string) error {
			if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
				return err
			}
			_, err := conn.Exec(ctx, "vacuum analyze", pgx.QueryExecModeSimpleProtocol)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	for _, reader := range []struct {
		who string
		of  int
	}{{"client", ofPerson}, {"staff", ofManager}} {
		who, of := reader.who, reader.of
		page := &side{name: "reviewed", server: w.few.server, load: cycle(w.few.addr, w.reviewed(w.few, of))}
		list := &side{name: "list", server: w.few.server, load: cycle(w.few.addr, w.listOf(w.few, who))}
		if err := w.compare(ctx, connections, page, list); err != nil {
			return nil, err
		}
		where, err := w.shares(ctx, w.few, connections, page)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line{what: reviewedPage + " (" + who + "): processor time, compared with the list",
			value: medianRatio(page.processor(), list.processor()), target: 1.6, notes: []string{page.String(), list.String(), where}})
	}
	far := &side{name: fmt.Sprintf("%d tenants", w.many.clients), server: w.many.server, load: cycle(w.many.addr, w.reviewed(w.many, ofPerson))}
	near := &side{name: fmt.Sprintf("%d tenants", w.few.clients), server: w.few.server, load: cycle(w.few.addr, w.reviewed(w.few, ofPerson))}
	if err := w.compare(ctx, 1, far, near); err != nil {
		return nil, err
	}
	lines = append(lines, line{what: reviewedPage + fmt.Sprintf(", %d tenants compared with %d: p50", w.many.clients, w.few.clients),
		value: medianRatio(far.p50, near.p50), target: 1.1, notes: []string{far.String(), near.String()}})
	trips, err := w.reviewTrips(ctx)
	return append(lines, trips), err
}

// reviewed is the page of the reviewed deliverable of ten clients.
func (w *world) reviewed(in installation, of int) [][]byte {
	requests := make([][]byte, 10)
	for i := range requests {
		n := i + 1
		requests[i] = w.signedIn(in, of, n, "GET", fmt.Sprintf("/w/client-%d/deliverables/%s", n, id(ofDeliverable, ofReview+n)), "")
	}
	return requests
}

// reviewTrips counts the round trips of the page on the wire.
func (w *world) reviewTrips(ctx context.Context) (line, error) {
	at, trips, stop, err := w.serveCounted(ctx)
	if err != nil {
		return line{}, err
	}
	defer stop()
	c, err := dial(at)
	if err != nil {
		return line{}, err
	}
	defer c.conn.Close()
	request := w.reviewed(installation{server: &server{addr: at}}, ofManager)[0]
	var each []float64
	for range 50 {
		before := trips.Load()
		if status, _, err := c.do(request, nil); err != nil || status != 200 {
			return line{}, errors.Join(err, fmt.Errorf("the page answers %d", status))
		}
		each = append(each, float64(trips.Load()-before))
	}
	return line{what: reviewedPage + ": round trips to the database", value: median(each), unit: " round trips", target: 2,
		notes: []string{fmt.Sprintf("counted on the wire; the median of %d pages, one after the other", len(each))}}, nil
}
