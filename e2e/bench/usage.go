package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
	"portico/store"
	"portico/store/queue"
)

// usage measures how often a report of usage asks the database, and how long it takes to
// add a month up again.
func usage(ctx context.Context, w *world) ([]line, error) {
	key, err := w.makeKey(ctx)
	if err != nil {
		return nil, err
	}
	reporting, err := w.reporting(ctx, key)
	if err != nil {
		return nil, err
	}
	adding, err := w.addingUp(ctx, key)
	return []line{reporting, adding}, err
}

// reportingKey is a key that reports usage of the first client.
type reportingKey struct {
	id, tenant uuid.UUID
	token      store.TenantToken
}

func (w *world) makeKey(ctx context.Context) (k reportingKey, err error) {
	k = reportingKey{store.NewID(), id(ofClient, 1), store.NewTenantToken(id(ofClient, 1))}
	secret, err := base64.RawURLEncoding.DecodeString(k.token.String())
	if err != nil {
		return k, err
	}
	hash := sha256.Sum256(secret)
	return k, w.query(ctx, w.few.name, `
insert into api_keys (tenant_id, id, user_id, party, name, token_hash, prefix, scopes, expires_at)
values ($1, $2, $3, 'agency', 'Render farm', $4, 'prefix', '{usage:write}', now() + interval '1 day')`, func(conn *pgx.Conn, sql string) error {
		_, err := conn.Exec(ctx, sql, k.tenant, k.id, id(ofOwner, 0), hash[:])
		return err
	})
}

// reporting counts the round trips of a report on the wire: how often the server, after
// the database answered, sends something again.
func (w *world) reporting(ctx context.Context, key reportingKey) (line, error) {
	at, trips, stop, err := w.serveCounted(ctx)
	if err != nil {
		return line{}, err
	}
	defer stop()
	var each, took []float64
	for range 200 {
		before, began := trips.Load(), time.Now()
		if err := sendReport(ctx, at, key.token); err != nil {
			return line{}, err
		}
		took = append(took, float64(time.Since(began).Microseconds()))
		each = append(each, float64(trips.Load()-before))
	}
	return line{what: "reporting usage: round trips to the database", value: median(each), unit: " round trips", target: 2,
		notes: []string{fmt.Sprintf("counted on the wire; the median of %d reports, one after the other, each %.0f µs", len(each), median(took))}}, nil
}

// serveCounted starts another server of the small installation, and counts the round trips
// of its requests to the database.
func (w *world) serveCounted(ctx context.Context) (at string, trips *atomic.Int64, stop func(), err error) {
	trips = &atomic.Int64{}
	near := fmt.Sprintf("127.0.0.1:%d", w.stack.Postgres.Port())
	wire, err := countTrips(near, trips)
	if err != nil {
		return "", nil, nil, err
	}
	port, err := stack.FreePort()
	if err != nil {
		return "", nil, nil, errors.Join(err, wire.Close())
	}
	at = fmt.Sprintf("localhost:%d", port)
	product, err := w.serve(ctx, w.few.env.With("PORTICO_ADDR", at).With("PORTICO_URL", "http://"+at).With("PORTICO_ADMIN_ADDR", "").
		With("DATABASE_URL", strings.Replace(w.few.env["DATABASE_URL"], near, wire.Addr().String(), 1)))
	if err != nil {
		return "", nil, nil, errors.Join(err, wire.Close())
	}
	return at, trips, func() {
		product.stop()
		_ = wire.Close()
	}, nil
}

func sendReport(ctx context.Context, at string, token store.TenantToken) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+at+"/api/v1/usage", strings.NewReader(`{"metric":"aiRuns","quantity":1}`))
	if err != nil {
		return err
	}
	r.Header = http.Header{"Authorization": {"Bearer " + store.KeyPrefix + token.String()}, "Content-Type": {"application/json"}, "Idempotency-Key": {rand.Text()}}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusCreated {
		return fmt.Errorf("a report: %d %s %w", res.StatusCode, body, err)
	}
	return nil
}

// countTrips accepts connections and passes them on to addr. It counts how often the caller
// sends after addr has answered.
func countTrips(addr string, trips *atomic.Int64) (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return // closed
			}
			go passCounting(from, addr, trips)
		}
	}()
	return l, nil
}

func passCounting(from net.Conn, addr string, trips *atomic.Int64) {
	defer from.Close()
	to, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer to.Close()
	var answered atomic.Bool
	answered.Store(true)
	go func() {
		_, _ = io.Copy(from, reading{to, func() { answered.Store(true) }})
		_ = from.Close()
	}()
	_, _ = io.Copy(to, reading{from, func() {
		if answered.Swap(false) {
			trips.Add(1)
		}
	}})
}

// reading calls read for each piece that arrives.
type reading struct {
	io.Reader
	read func()
}

func (r reading) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 0 {
		r.read()
	}
	return n, err
}

// addingUp adds a month of a million events up anew, and compares the sums with the running
// ones.
func (w *world) addingUp(ctx context.Context, key reportingKey) (l line, err error) {
	events := 1_000_000
	if w.short {
		events = 50_000
	}
	signer := queue.NewSigner([]byte("a key of the bench for its own jobs"))
	db, err := store.Open(ctx, store.Config{URL: w.few.env["DATABASE_URL"], Signer: signer, MaxConns: 2})
	if err != nil {
		return line{}, err
	}
	defer db.Close()
	conn, err := pgx.Connect(ctx, w.stack.Postgres.AdminURL(w.few.name))
	if err != nil {
		return line{}, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	month := store.MonthOf(time.Now())
	running, err := fillMonth(ctx, conn, key, month, events)
	if err != nil {
		return line{}, err
	}
	args := &queue.AddUpUsage{Signature: queue.Signature{Tenant: key.tenant}}
	if err := signer.Sign(args); err != nil {
		return line{}, err
	}
	j, err := db.VerifyJob(args, store.JobPolicy{})
	if err != nil {
		return line{}, err
	}
	var took []float64
	for range 3 {
		began := time.Now()
		if err := db.Work(ctx, j, func(tx *store.Tx) error { return tx.AddUpUsage(ctx, time.Now().Add(time.Hour)) }); err != nil {
			return line{}, err
		}
		took = append(took, time.Since(began).Seconds())
		var hours, sum int64
		if err := conn.QueryRow(ctx, `
select (select sum(quantity) from usage_hours where tenant_id = $1 and metric = 'ai_runs' and hour >= $2)::bigint,
       (select quantity from usage_months where tenant_id = $1 and metric = 'ai_runs' and month = $2::date)`, key.tenant, month).Scan(&hours, &sum); err != nil {
			return line{}, err
		}
		if hours != running || sum != running {
			return line{}, fmt.Errorf("the hours are %d and the month %d, want %d", hours, sum, running)
		}
	}
	return line{what: fmt.Sprintf("adding up a month of %d events anew, to the same numbers", events), value: median(took), unit: " s", target: 60,
		notes: []string{fmt.Sprintf("median of %d times; the sum of the hours and that of the month are the running sum, %d", len(took), running)}}, nil
}

// fillMonth inserts events of a month and its running sum, which it returns.
func fillMonth(ctx context.Context, conn *pgx.Conn, key reportingKey, month time.Time, events int) (running int64, err error) {
	for _, table := range []string{"usage_events", "usage_hours", "usage_months"} {
		if _, err := conn.Exec(ctx, `delete from `+table+` where tenant_id = $1`, key.tenant); err != nil {
			return 0, err
		}
	}
	return running, conn.QueryRow(ctx, `
with events as (
    insert into usage_events (tenant_id, id, metric, quantity, at, used, key, request_hash, api_key_id)
    select $1, gen_random_uuid(), 'ai_runs', 1 + n % 7, $3::timestamptz + n * (now() - $3::timestamptz) / $4, 10, 'event ' || n, sha256(n::text::bytea), $2
    from generate_series(1, $4::int) n
    returning quantity
)
insert into usage_months (tenant_id, metric, month, quantity)
select $1, 'ai_runs', $3::date, sum(quantity)
from events
returning quantity`, key.tenant, key.id, month, events).Scan(&running)
}
