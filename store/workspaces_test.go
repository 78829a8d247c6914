package store_test

import (
	"context"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/store"
)

// visit records that a person viewed a page of a tenant.
func visit(t *testing.T, a *storetest.Tenants, email, slug, place string) {
	t.Helper()
	me := a.Member(t, email, slug)
	v, news := me.NextVisit(place)
	if !news {
		return
	}
	if err := storetest.DB().Write(t.Context(), me, func(tx *store.Tx) error { return tx.RecordVisit(t.Context(), v) }); err != nil {
		t.Fatal(err)
	}
}

// slugs reads a person's workspaces page by page.
func slugs(t *testing.T, email, filter string, limit int) (all []string) {
	t.Helper()
	page := store.WorkspaceFilter{Text: filter, Page: store.Page{Limit: limit}}
	for {
		var mine []store.Workspace
		if err := storetest.DB().ReadOwn(t.Context(), storetest.Person(t, storetest.SignIn(t, email)), store.MyWorkspaces(page, &mine)); err != nil {
			t.Fatal(err)
		}
		for _, w := range mine {
			all = append(all, w.Slug)
		}
		if len(mine) < limit {
			return all
		}
		page.After = store.Cursor{At: mine[len(mine)-1].UsedAt, ID: mine[len(mine)-1].TenantID}
	}
}

// Dana's workspaces are ordered by her own last use, on one page or on several. Other
// people's use doesn't change it.
func TestWorkspacesByLastUse(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	for _, slug := range []string{a.Acme, a.Agency, a.Globex, a.Acme} {
		visit(t, a, a.Dana, slug, "/projects")
	}
	visit(t, a, a.Gus, a.Globex, "/")
	want := []string{a.Acme, a.Globex, a.Agency}
	for _, limit := range []int{1, 2, 10} {
		if got := slugs(t, a.Dana, "", limit); !slices.Equal(got, want) {
			t.Errorf("%d at a time: %q, want %q", limit, got, want)
		}
	}
	if got := slugs(t, a.Dana, strings.ToUpper(a.Globex[:5]), 1); !slices.Equal(got, []string{a.Globex}) {
		t.Errorf("filtered: %q", got)
	}
	if got := slugs(t, a.Ravi, "", 10); slices.Contains(got, a.Globex) {
		t.Errorf("Ravi finds %q", got)
	}
}

// A visit is stored, and one that changes nothing costs no write.
func TestVisits(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	visit(t, a, a.Dana, a.Acme, "/projects")
	me := a.Member(t, a.Dana, a.Acme)
	if me.LastPlace != "/projects" || me.LastSeenAt == nil {
		t.Errorf("recorded %q, %v", me.LastPlace, me.LastSeenAt)
	}
	for _, c := range []struct {
		place string
		news  bool
	}{{"/projects", false}, {"/deliverables", true}, {"/", true}} {
		if _, news := me.NextVisit(c.place); news != c.news {
			t.Errorf("%s is a new visit: %v", c.place, news)
		}
	}
	visit(t, a, a.Dana, a.Globex, "/projects")
	if _, news := a.Member(t, a.Dana, a.Acme).NextVisit("/projects"); !news {
		t.Error("coming back from another workspace is not recorded")
	}
	if other := a.Member(t, a.Ravi, a.Acme); other.LastPlace != "" || other.LastSeenAt != nil {
		t.Errorf("Ravi was at %q, %v", other.LastPlace, other.LastSeenAt)
	}
}

// A support session records no visit, and the database refuses one.
func TestSupportRecordsNoVisit(t *testing.T) {
	t.Parallel()
	b := setupSupport(t)
	b.grantAccess(t).startAs(t, b.mia.ID())
	m := b.inside(t)
	if _, news := m.NextVisit("/projects"); news {
		t.Error("a page seen by support is a visit")
	}
	err := b.db.Write(t.Context(), m, func(tx *store.Tx) error {
		return tx.RecordVisit(t.Context(), store.Visit{Path: "/projects"})
	})
	if err == nil {
		t.Error("support recorded a visit")
	}
}

// The switcher costs the same with a thousand workspaces as with twenty-one: it reads
// the same number of database pages, in the order of an index.
func TestSwitcherCostIsFlat(t *testing.T) {
	t.Parallel()
	const name = "switcher"
	db, err := storetest.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	conn, err := pgx.Connect(t.Context(), storetest.Server().AdminURL(name))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, sql := range []string{crowdOfWorkspaces, "vacuum analyze"} {
		if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
	if few, many := brandHits(t, conn, 21), brandHits(t, conn, 1000); few == 0 || float64(many) > 1.3*float64(few) {
		t.Errorf("%d pages for the brand of a person with a thousand workspaces, %d for twenty-one", many, few)
	}
	few, many := switcherPlan(t, conn, 21), switcherPlan(t, conn, 1000)
	if float64(many.Hits) > 1.3*float64(few.Hits) {
		t.Errorf("%d pages for a thousand workspaces, %d for twenty-one", many.Hits, few.Hits)
	}
	if text := fmt.Sprint(many.steps); !strings.Contains(text, "memberships_by_use") || strings.Contains(text, "Sort") {
		t.Errorf("the plan: %s", text)
	}
}

// crowdOfWorkspaces puts one person in 21 workspaces and another in 1,000.
const crowdOfWorkspaces = `
set session_replication_role = replica;
insert into users (id, name) select md5('user' || n)::uuid, 'Somebody' from unnest(array[21, 1000]) n;
insert into tenants (id, kind, slug, name) values (md5('agency')::uuid, 'agency', 'agency', 'Agency');
insert into tenants (id, kind, agency_id, slug, name)
select md5('tenant' || n)::uuid, 'client', md5('agency')::uuid, 'client-' || n, 'Client ' || n from generate_series(1, 1000) n;
insert into memberships (tenant_id, user_id, tenant_kind, party, role, name, used_at)
select md5('tenant' || n)::uuid, md5('user' || u)::uuid, 'client', 'agency', 'member', 'Somebody', now() - n * interval '1 minute'
from unnest(array[21, 1000]) u, generate_series(1, u) n;`

// cost is the number of pages a plan read, and its steps.
type cost struct {
	Hits  int
	steps []string
}

// brandHits is the number of pages read for the brand of a page of the person with that
// many workspaces.
func brandHits(t *testing.T, conn *pgx.Conn, workspaces int) int {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	must(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	user := uuid.UUID(md5.Sum([]byte(fmt.Sprint("user", workspaces))))
	_, err = tx.Exec(t.Context(), `select set_config('app.user_id', $1, true)`, user.String())
	must(t, err)
	var plan json.RawMessage
	for range 2 { // the first run loads the catalog into the session's cache
		must(t, tx.QueryRow(t.Context(), `explain (analyze, buffers, format json) select * from lookup.my_brand('')`, pgx.QueryExecModeSimpleProtocol).Scan(&plan))
	}
	var roots []struct {
		Plan struct {
			Hits int `json:"Shared Hit Blocks"`
		}
	}
	must(t, json.Unmarshal(plan, &roots))
	return roots[0].Plan.Hits
}

// switcherPlan plans the body of the function as its owner, as the function itself
// does, for the person with that many workspaces.
func switcherPlan(t *testing.T, conn *pgx.Conn, workspaces int) cost {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_, _ = tx.Exec(context.WithoutCancel(t.Context()), "deallocate switcher")
		_ = tx.Rollback(context.WithoutCancel(t.Context()))
	}()
	var body string
	if err := tx.QueryRow(t.Context(), `select prosrc from pg_proc where proname = 'my_workspaces'`).Scan(&body); err != nil {
		t.Fatal(err)
	}
	_, body, _ = strings.Cut(body, "return query")
	body, _, _ = strings.Cut(body, ";")
	for i, param := range []string{"p_filter", "p_after_used", "p_after", "p_limit"} {
		body = regexp.MustCompile(param+`\b`).ReplaceAllLiteralString(body, fmt.Sprint("$", i+1))
	}
	user := uuid.UUID(md5.Sum([]byte(fmt.Sprint("user", workspaces))))
	for _, sql := range []string{
		`select set_config(split_part(s, '=', 1), split_part(s, '=', 2), true) from pg_proc, unnest(proconfig) s where proname = 'my_workspaces'`,
		"set local plan_cache_mode = force_generic_plan", "set local role portico_lookup",
		"select set_config('app.user_id', '" + user.String() + "', true)",
		"prepare switcher (text, timestamptz, uuid, integer) as " + body,
		// The first run loads the catalog into the session's cache.
		"execute switcher ('', null, null, 21)",
	} {
		if _, err := tx.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
	var plan json.RawMessage
	if err := tx.QueryRow(t.Context(), "explain (analyze, buffers, format json) execute switcher ('', null, null, 21)",
		pgx.QueryExecModeSimpleProtocol).Scan(&plan); err != nil {
		t.Fatal(err)
	}
	var roots []struct {
		Plan struct {
			Hits int `json:"Shared Hit Blocks"`
			Rows int `json:"Actual Rows"`
			node
		}
	}
	if err := json.Unmarshal(plan, &roots); err != nil {
		t.Fatal(err)
	}
	c := cost{Hits: roots[0].Plan.Hits}
	if rows := roots[0].Plan.Rows; rows != 21 {
		t.Fatalf("%d workspaces", rows)
	}
	var walk func(node)
	walk = func(n node) {
		c.steps = append(c.steps, n.Type+" "+n.Index)
		for _, below := range n.Plans {
			walk(below)
		}
	}
	walk(roots[0].Plan.node)
	return c
}
