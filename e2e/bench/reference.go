package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"portico/store"
	"portico/views"
)

// The reference serves the same page from one indexed query. It needs no session and
// reads as a role that bypasses policies.

// bareQuery is the reference's query of the product's tables.
const bareQuery = `
select d.id, d.title, d.state, d.due_on, d.archived_at, case when $3 then d.updated_at else d.shown_at end, coalesce(v.shown, 0), coalesce(v.draft, 0), f.files, f.preview
from deliverables d
left join lateral (
    select max(v.number) filter (where v.shared_at is not null) as shown,
           max(v.number) filter (where v.shared_at is null) as draft,
           (array_agg(v.id order by v.number desc))[1] as latest
    from versions v
    where v.tenant_id = $1 and v.deliverable_id = d.id
) v on true
left join lateral (
    select count(*)::int as files, (array_agg(f.id order by f.position, f.id) filter (where f.preview_type is not null))[1] as preview
    from files f
    where f.tenant_id = $1 and f.version_id = v.latest and f.deleted_at is null and f.state = 'ready'
) f on true
where d.tenant_id = $1 and d.project_id = $2 and d.deleted_at is null and d.archived_at is null
order by d.position, d.id
limit 500`

// flatQuery is the same query of a denormalised table.
const flatQuery = `
select id, title, state, due_on, archived_at, case when $3 then updated_at else shown_at end, shown, draft, files, preview
from bench_pages
where tenant_id = $1 and project_id = $2 and deleted_at is null and archived_at is null
order by position, id
limit 500`

const flatTable = `
create table bench_pages as
select d.tenant_id, d.project_id, d.position, d.id, d.title, d.state, d.due_on, d.archived_at, d.deleted_at, d.updated_at, d.shown_at, 1 as shown, 0 as draft, 1 as files,
       (select f.id from files f join versions v on v.tenant_id = f.tenant_id and v.id = f.version_id
        where v.tenant_id = d.tenant_id and v.deliverable_id = d.id) as preview
from deliverables d where d.shared_at is not null;
create unique index on bench_pages (tenant_id, project_id, position, id)
    include (title, state, due_on, archived_at, deleted_at, updated_at, shown_at, shown, draft, files, preview);
vacuum analyze bench_pages;
drop role if exists bench_bare;
create role bench_bare login bypassrls password 'bare';
grant connect on database portico to bench_bare;
grant usage on schema public to bench_bare;
grant select on all tables in schema public to bench_bare;`

// reference serves /joined/<person>/<n> and /flat/<person>/<n>, the page of client n as
// its person or its manager sees it, and /handmade/<n>.
func reference(ctx context.Context) error {
	cfg, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	cfg.MaxConns = 8
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer pool.Close()
	cfg = cfg.Copy()
	cfg.ConnConfig.User = "bench_policies"
	policies, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer policies.Close()
	mux := http.NewServeMux()
	numbered := func(serve func(http.ResponseWriter, *http.Request, int) error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			n, err := strconv.Atoi(r.PathValue("n"))
			if err == nil {
				err = serve(w, r, n)
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		}
	}
	page := func(sql string) http.HandlerFunc {
		return numbered(func(w http.ResponseWriter, r *http.Request, n int) error {
			return referencePage(r.Context(), w, r, pool, sql, n)
		})
	}
	mux.HandleFunc("GET /ready", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /joined/{who}/{n}", page(bareQuery))
	mux.HandleFunc("GET /flat/{who}/{n}", page(flatQuery))
	mux.HandleFunc("GET /handmade/{n}", numbered(handmade(policies)))
	return (&http.Server{Addr: os.Getenv("PORTICO_ADDR"), Handler: mux, ReadHeaderTimeout: 5 * time.Second}).ListenAndServe()
}

func referencePage(ctx context.Context, w http.ResponseWriter, r *http.Request, pool *pgxpool.Pool, sql string, n int) error {
	c := referenceChrome(n, r.PathValue("who") == "staff")
	rows, err := pool.Query(ctx, sql, id(ofClient, n), id(ofProject, 2*n), c.Staff)
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (views.DeliverableRow, error) {
		d, err := referenceRow(c.Base, row)
		d.New = !c.Staff // nobody has opened anything
		d.Late = d.Late && c.Staff
		d.Placed = "never" // moved
		return d, err
	})
	if err != nil {
		return err
	}
	p := views.ProjectShowProps{
		ID: id(ofProject, 2*n).String(), Name: "Campaign 0", Due: time.Date(2024, 9, 1, 0, 0, 0, 0, time.UTC), Late: c.Staff, Deliverables: list,
		CanCreate: c.Staff, CanReorder: c.Staff, CanEdit: c.Staff, CanArchive: c.Staff, CanDelete: c.Staff,
	}
	if c.Staff {
		p.WhoSees = fmt.Sprintf("Everyone at Client %d and %d people at Agency 0", n, staffPerClient+2)
	}
	return views.Render(w, r, http.StatusOK, views.ProjectShow(c, p))
}

func referenceRow(base views.Base, row pgx.CollectableRow) (views.DeliverableRow, error) {
	var (
		d       views.DeliverableRow
		id      uuid.UUID
		preview *uuid.UUID
		state   string
		due     *time.Time
		away    *time.Time
	)
	err := row.Scan(&id, &d.Title, &state, &due, &away, &d.UpdatedAt, &d.Version, &d.Draft, &d.Files, &preview)
	d.ID = id.String()
	d.URL = base.Deliverable(d.ID)
	if preview != nil {
		d.ThumbURL = base.FilePreview(preview.String())
	}
	d.State = map[string]views.State{"in_review": views.StateReview, "approved": views.StateApproved, "changes": views.StateChanges}[state]
	if due != nil {
		d.Due, d.Late = *due, state != "approved" && time.Now().After(due.AddDate(0, 0, 1))
	}
	d.Archived = away != nil
	return d, err
}

// referenceChrome is the layout around the page, which the product reads from the
// database.
func referenceChrome(n int, staff bool) views.Chrome {
	party, role, user, person := store.PartyClient, store.RoleOwner, id(ofPerson, n), views.Person{Name: fmt.Sprintf("Person %d", n), Email: fmt.Sprintf("person-%d@client.test", n)}
	if staff {
		party, role, user = store.PartyAgency, store.RoleMember, id(ofManager, n)
		person = views.Person{Name: fmt.Sprintf("Manager %d", n), Email: fmt.Sprintf("manager-%d@agency.test", n)}
	}
	base := views.PathBase(fmt.Sprintf("client-%d", n))
	return views.Chrome{
		Base: base, Person: person, Staff: staff, Keeper: user.String() + "." + user.String(),
		Workspace: &views.Workspace{
			Name: fmt.Sprintf("Client %d", n), Agency: "Agency 0", Accent: "#3355bb", BrandURL: base.BrandStylesheet(views.BrandHash("#3355bb")),
		},
		Links: views.Links{
			Members: store.May(store.SeePeople, party, role), Activity: store.May(store.SeeActivity, party, role),
			Support: store.May(store.SeeSupport, party, role), Settings: store.May(store.SeeSettings, party, role), Bin: store.May(store.SeeBin, party, role),
		},
	}
}
