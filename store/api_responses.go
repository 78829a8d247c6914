package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Response is what a program got: the status, the address of what was made, "" for
// none, and the JSON.
type Response struct {
	Status   int
	Location string
	Body     string
	Repeated bool // it was given before, and nothing was done now
}

var (
	// ErrRunning means that a request with the same idempotency key runs at this moment. It
	// wraps [ErrConflict].
	ErrRunning = fmt.Errorf("the same request is running: %w", ErrConflict)
	// ErrKeyReused means that the idempotency key came with another request before. It wraps
	// [ErrInvalid].
	ErrKeyReused = fmt.Errorf("the idempotency key came with another request: %w", ErrInvalid)
)

// Once runs do, and keeps its response for 24 hours under the program's idempotency key, in
// the same transaction. The same request with the same key gets that response, and do does
// not run. Without a key it only runs do. A refusal is not kept: nothing was done.
func (tx *Tx) Once(ctx context.Context, key string, request [32]byte, do func() (Response, error)) (Response, error) {
	if key == "" {
		return do()
	}
	var locked bool
	err := tx.get(ctx, value("lock response", &locked, `select pg_try_advisory_xact_lock(hashtextextended(@tenant_id::uuid || ' ' || @party || ' ' || @key, 0))`,
		pgx.StrictNamedArgs{"party": tx.scope.Party, "key": key}))
	if err == nil && !locked {
		err = ErrRunning
	}
	if err != nil {
		return Response{}, err
	}
	var before *struct {
		Same     bool
		Status   int
		Location string
		Body     string
	}
	err = tx.get(ctx, optional("response before", &before, `
select request_hash = @request as same, status, location, body
from api_responses
where tenant_id = @tenant_id
  and party = @party
  and key = @key
  and created_at > now() - interval '24 hours'`, pgx.StrictNamedArgs{"party": tx.scope.Party, "key": key, "request": request[:]}))
	switch {
	case err != nil:
		return Response{}, err
	case before != nil && !before.Same:
		return Response{}, ErrKeyReused
	case before != nil:
		return Response{Status: before.Status, Location: before.Location, Body: before.Body, Repeated: true}, nil
	}
	a, err := do()
	if err != nil {
		return Response{}, err
	}
	tx.later("forget response", `
delete from api_responses
where tenant_id = @tenant_id
  and party = @party
  and key = @key`, pgx.StrictNamedArgs{"party": tx.scope.Party, "key": key})
	tx.later("keep response", `
insert into api_responses (tenant_id, key, request_hash, status, location, body)
values (@tenant_id, @key, @request, @status, @location, @body)`, pgx.StrictNamedArgs{"key": key, "request": request[:], "status": a.Status, "location": a.Location, "body": a.Body})
	return a, nil
}

// SweepResponses deletes the responses that are older than 24 hours.
func (tx *Tx) SweepResponses() {
	tx.later("sweep responses", `
delete from api_responses
where tenant_id = @tenant_id
  and created_at <= now() - interval '24 hours'`, nil)
}
