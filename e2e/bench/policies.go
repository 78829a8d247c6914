package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"portico/store"
)

// recorder records the queries of a batch.
type recorder struct{ sent []sentQuery }

type sentQuery struct {
	sql  string
	args []any
}

func (r *recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	r.sent = nil
	return ctx
}

func (r *recorder) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	r.sent = append(r.sent, sentQuery{q.SQL, q.Args})
}

func (*recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (*recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (*recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// policies compares the product's batch for the list, with its context, as the app's
// role and as a role that bypasses policies.
func policies(ctx context.Context, w *world) ([]line, error) {
	batches := make([][]sentQuery, w.few.clients)
	for i := range batches {
		sent, err := w.listBatch(ctx, i+1)
		if err != nil {
			return nil, err
		}
		batches[i] = sent
	}
	app, err := pgx.Connect(ctx, w.stack.Postgres.AppURL(w.few.name))
	if err != nil {
		return nil, err
	}
	defer app.Close(context.WithoutCancel(ctx))
	bare, err := w.withoutPolicies(ctx)
	if err != nil {
		return nil, err
	}
	defer bare.Close(context.WithoutCancel(ctx))
	rounds, d := w.rounds()
	var on, off []float64
	for i := range rounds*3 + 1 {
		a, err := timeBatches(ctx, app, batches, d/3)
		if err != nil {
			return nil, err
		}
		b, err := timeBatches(ctx, bare, batches, d/3)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			on, off = append(on, a), append(off, b)
		}
	}
	return []line{{
		what: "row level security on, compared with off: time of the list's reads", value: medianRatio(on, off), target: 1.03,
		notes: []string{fmt.Sprintf("on %.0f µs, off %.0f µs per batch on one connection, %d rounds", median(on), median(off), len(on))},
	}}, nil
}

// listBatch returns the queries that the product sends for the list of a project.
func (w *world) listBatch(ctx context.Context, n int) ([]sentQuery, error) {
	var r recorder
	db, err := store.Open(ctx, store.Config{URL: w.few.env["DATABASE_URL"], Tracer: &r, MaxConns: 1})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	t := token(ofManager, n)
	v, err := db.Identify(ctx, store.Credentials{Token: &t, Slug: "client-" + strconv.Itoa(n)})
	if err != nil {
		return nil, err
	}
	me, ok := v.Member()
	if !ok {
		return nil, errors.New("the manager is no member")
	}
	var list []store.DeliverableLine
	err = db.Read(ctx, me, store.ListDeliverables(id(ofProject, 2*n), store.Current, &list))
	if err == nil && (len(list) != listLength || len(r.sent) != 2) {
		err = fmt.Errorf("%d deliverables in a batch of %d", len(list), len(r.sent))
	}
	return r.sent, err
}

// withoutPolicies connects as a role with the app's grants that bypasses policies.
func (w *world) withoutPolicies(ctx context.Context) (*pgx.Conn, error) {
	err := w.query(ctx, w.few.name, `
drop role if exists bench_app;
create role bench_app login bypassrls password 'bench';
grant portico_app to bench_app;`, func(conn *pgx.Conn, sql string) error {
		_, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
		return err
	})
	if err != nil {
		return nil, err
	}
	return pgx.Connect(ctx, fmt.Sprintf("postgres://bench_app:bench@127.0.0.1:%d/%s?sslmode=disable", w.stack.Postgres.Port(), w.few.name))
}

// timeBatches returns the median time of one batch, in µs.
func timeBatches(ctx context.Context, conn *pgx.Conn, batches [][]sentQuery, d time.Duration) (float64, error) {
	var each []float64
	for end := time.Now().Add(d); time.Now().Before(end); {
		for _, sent := range batches {
			began := time.Now()
			b := &pgx.Batch{}
			for _, q := range sent {
				b.Queue(q.sql, q.args...)
			}
			results := conn.SendBatch(ctx, b)
			rows := int64(0)
			for range sent {
				tag, err := results.Exec()
				if err != nil {
					return 0, errors.Join(err, results.Close())
				}
				rows = tag.RowsAffected()
			}
			if err := results.Close(); err != nil || rows != listLength {
				return 0, errors.Join(fmt.Errorf("%d rows", rows), err)
			}
			each = append(each, float64(time.Since(began).Nanoseconds())/1000)
		}
	}
	return median(each), nil
}
