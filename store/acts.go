package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// act is a deed that reaches a stranger, or takes something that others may want. What
// the deed made can be taken back, so counting the rows would not limit it.
type act string

const (
	actInvite act = "invitation mail"
	actClient act = "new client"
	actDomain act = "claimed domain"
)

// actsPerHour is how many acts are allowed in a tenant in an hour, by its plan.
var actsPerHour = map[string]map[act]int{
	"starter":    {actInvite: 20, actClient: 10, actDomain: 20},
	"growth":     {actInvite: 200, actClient: 50, actDomain: 40},
	"enterprise": {actInvite: 20_000, actClient: 500, actDomain: 100},
}

// personsShare is how many times as much one person may do, in all tenants together.
const personsShare = 5

// TooManyActsError means that a tenant or a person did something too often.
type TooManyActsError struct {
	After time.Duration // until it is allowed again
}

func (e *TooManyActsError) Error() string { return fmt.Sprintf("too many acts, wait %s", e.After) }

// spend counts an act for the tenant and for the person, or returns a
// [*TooManyActsError]. It counts in the transaction of the deed, so a deed that fails
// counts for nothing.
func (tx *Tx) spend(ctx context.Context, a act) error {
	var plan string
	if err := tx.Read(ctx, GetPlan(&plan)); err != nil {
		return err
	}
	most := actsPerHour[plan][a]
	if err := tx.countAct(ctx, a, "tenant", tx.scope.Tenant, most); err != nil {
		return err
	}
	return tx.countAct(ctx, a, "person", tx.scope.Actor, most*personsShare)
}

func (tx *Tx) countAct(ctx context.Context, a act, of string, id uuid.UUID, most int) error {
	var hits, wait int
	key := tx.signer.Hash(string(a) + " by " + of + " " + id.String())
	err := tx.get(ctx, row("count act", `select hits, retry_after from lookup.rate_hit(@key, 3600)`,
		pgx.StrictNamedArgs{"key": key[:]}, &hits, &wait))
	if err != nil {
		return err
	}
	if hits > most {
		return &TooManyActsError{After: time.Duration(wait) * time.Second}
	}
	return nil
}
