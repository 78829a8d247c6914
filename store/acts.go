package store

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// act is a deed that reaches others, by mail or on their servers, or uses up what others
// may want. What the deed made can be taken back, so counting the rows would not limit it.
type act string

const (
	actInvite  act = "invitation mail"
	actClient  act = "new client"
	actDomain  act = "claimed domain"
	actCheck   act = "domain check"    // asks DNS servers of others
	actProject act = "new project"     // in the bin it counts for nothing, for 30 days
	actWork    act = "new deliverable" // the same
	actPublish act = "publication"     // mails the client's people
	actSupport act = "support session" // mails the owners, at its start and its end
	actRequest act = "access request"  // mails the owners
)

// planActs are the acts that plans limit, in a tenant in an hour, and in a day if they say
// so: by its plan or its agency's, whichever allows less.
var planActs = []act{actInvite, actClient, actDomain, actCheck, actProject, actWork, actPublish}

// agentsActsPerHour is how many acts of support a tenant meets in an hour, whatever its
// plan.
var agentsActsPerHour = map[act]int{actSupport: 40, actRequest: 20}

// personsShare is how many times as much as the agency's plan allows one person may do,
// in all tenants together.
const personsShare = 5

// TooManyActsError means that a tenant or a person did something too often.
type TooManyActsError struct {
	After time.Duration // until it is allowed again
}

func (e *TooManyActsError) Error() string { return fmt.Sprintf("too many acts, wait %s", e.After) }

// spend counts an act for the tenant and for the person. The deed fails with a
// [*TooManyActsError] if there were too many. It counts in the transaction of the deed, so a deed that fails
// counts for nothing.
func (tx *Tx) spend(a act) {
	var t TenantPlan
	tx.engine.LaterGet(GetPlan(&t).query, func() error { return nil })
	tx.countAct(a, "tenant", tx.scope.Tenant, func() int { return tx.plans.hourly(tx.plans.inForce(t), a) })
	tx.countAct(a, "person", tx.scope.Actor, func() int { return tx.plans.hourly(t.Agency, a) * personsShare })
	if tx.plans.limitsDaily(a) {
		tx.countIn(24*time.Hour, a, "tenant in a day", tx.scope.Tenant, func() int { return tx.plans.daily(tx.plans.inForce(t), a) })
		tx.countIn(24*time.Hour, a, "person in a day", tx.scope.Actor, func() int { return tx.plans.daily(t.Agency, a) * personsShare })
	}
}

// spendOnTenant is spend for an agent's act on a tenant that they are not inside.
func (tx *Tx) spendOnTenant(a act, tenant uuid.UUID) {
	most := agentsActsPerHour[a]
	tx.countAct(a, "tenant", tenant, func() int { return most })
	tx.countAct(a, "person", tx.scope.Actor, func() int { return most * personsShare })
}

// countAct counts an act of this hour later, and asks then for the most that are allowed.
func (tx *Tx) countAct(a act, of string, id uuid.UUID, most func() int) {
	tx.countIn(time.Hour, a, of, id, most)
}

// countIn is countAct in another window.
func (tx *Tx) countIn(window time.Duration, a act, of string, id uuid.UUID, most func() int) {
	var hits, wait int
	key := tx.signer.Hash(string(a) + " by " + of + " " + id.String())
	q := row("count act", `select hits, retry_after from lookup.rate_hit(@key, @window)`,
		pgx.StrictNamedArgs{"key": key[:], "window": int(window / time.Second)}, &hits, &wait)
	tx.engine.LaterGet(q, func() error {
		if hits > most() {
			return &TooManyActsError{After: time.Duration(wait) * time.Second}
		}
		return nil
	})
}
