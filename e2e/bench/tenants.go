package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"portico/store"
)

// manyTenants compares the list page in installations with many and few tenants. Each
// request is for another tenant, so little is cached.
func manyTenants(ctx context.Context, w *world) ([]line, error) {
	for _, in := range []installation{w.many, w.few} {
		if err := w.useSessions(ctx, in); err != nil {
			return nil, err
		}
	}
	sides := []*side{w.everybody(w.many), w.everybody(w.few)}
	if err := w.compare(ctx, 1, sides...); err != nil {
		return nil, err
	}
	where, err := w.shares(ctx, w.many, 1, sides[0])
	if err != nil {
		return nil, err
	}
	return []line{{
		what:  fmt.Sprintf("%d tenants of 100 deliverables, compared with %d: p50 of the list, a different tenant each time", w.many.clients, w.few.clients),
		value: medianRatio(sides[0].p50, sides[1].p50), target: 1.05,
		notes: []string{sides[0].String(), sides[1].String(), where},
	}}, nil
}

// useSessions makes all sessions used just now. A session that is used for the first time in
// five minutes costs a write, and with many people each request would be such a first.
func (w *world) useSessions(ctx context.Context, in installation) error {
	return w.query(ctx, in.name, `update sessions set last_used_at = now()`, func(conn *pgx.Conn, sql string) error {
		_, err := conn.Exec(ctx, sql)
		if err == nil {
			_, err = conn.Exec(ctx, `vacuum analyze sessions`)
		}
		return err
	})
}

func (w *world) everybody(in installation) *side {
	requests := make([][]byte, in.clients)
	for i, n := range rand.Perm(in.clients) {
		requests[i] = w.signedIn(in, ofPerson, n+1, "GET", fmt.Sprintf("/w/client-%d/projects/%s", n+1, id(ofProject, 2*(n+1))), "")
	}
	return &side{name: fmt.Sprintf("%d tenants", in.clients), server: in.server, load: cycle(in.addr, requests)}
}

// switcher compares the list of workspaces of people with few and many.
func switcher(ctx context.Context, w *world) ([]line, error) {
	var sides []*side
	for _, n := range workspaceCounts {
		if n > w.many.clients {
			return nil, nil
		}
		request := w.signedIn(w.many, ofPerson, firstSwitcherPerson+n, "GET", "/switcher", "")
		sides = append(sides, &side{name: fmt.Sprintf("%d memberships", n), server: w.many.server, load: cycle(w.many.addr, [][]byte{request})})
	}
	if err := w.compare(ctx, 1, sides...); err != nil {
		return nil, err
	}
	where, err := w.shares(ctx, w.many, 1, sides[1])
	if err != nil {
		return nil, err
	}
	return []line{{
		what: "switcher with 1,000 memberships, compared with 5: p50", value: medianRatio(sides[1].p50, sides[0].p50), target: 1.1,
		notes: []string{sides[0].String(), sides[1].String(), where},
	}}, nil
}

// resolution compares the first round trip, by slug and by domain, with many and few
// tenants.
func resolution(ctx context.Context, w *world) ([]line, error) {
	var lines []line
	for _, way := range []string{"slug", "domain"} {
		l, err := w.resolve(ctx, way)
		if err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}

func (w *world) resolve(ctx context.Context, way string) (line, error) {
	var took [2][]float64
	var dbs [2]*store.DB
	for i, in := range []installation{w.many, w.few} {
		db, err := store.Open(ctx, store.Config{URL: in.env["DATABASE_URL"], MaxConns: 1})
		if err != nil {
			return line{}, err
		}
		defer db.Close()
		dbs[i] = db
		if err := w.useSessions(ctx, in); err != nil {
			return line{}, err
		}
	}
	rounds, d := w.rounds()
	for round := range rounds*3 + 1 {
		for i, in := range []installation{w.many, w.few} {
			p50, err := timeIdentify(ctx, dbs[i], in.clients, way, d/4)
			if err != nil {
				return line{}, err
			}
			if round > 0 {
				took[i] = append(took[i], p50)
			}
		}
	}
	return line{
		what:  fmt.Sprintf("finding the tenant by its %s, %d tenants compared with %d: p50 of the first round trip", way, w.many.clients, w.few.clients),
		value: medianRatio(took[0], took[1]), target: 1.3,
		notes: []string{fmt.Sprintf("%.0f µs and %.0f µs, a different person and tenant each time", median(took[0]), median(took[1]))},
	}, nil
}

func timeIdentify(ctx context.Context, db *store.DB, clients int, way string, d time.Duration) (float64, error) {
	var each []float64
	for end := time.Now().Add(d); time.Now().Before(end); {
		n := 1 + rand.IntN(clients)
		t := token(ofPerson, n)
		ask := store.Credentials{Token: &t, Slug: fmt.Sprintf("client-%d", n)}
		if way == "domain" {
			ask.Slug, ask.Domain = "", fmt.Sprintf("portal-%d.test", n)
		}
		began := time.Now()
		v, err := db.Identify(ctx, ask)
		each = append(each, float64(time.Since(began).Nanoseconds())/1000)
		if err != nil {
			return 0, err
		}
		if _, ok := v.Member(); !ok {
			return 0, fmt.Errorf("person %d is no member by %s", n, way)
		}
	}
	return median(each), nil
}
