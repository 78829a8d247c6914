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

// actsPerHour is how many acts are allowed in a tenant in an hour, by its plan or its
// agency's, whichever allows less: agencies choose the plans of their clients.
var actsPerHour = map[string]map[act]int{
	"starter":    {actInvite: 20, actClient: 10, actDomain: 20, actCheck: 60, actProject: 60, actWork: 120, actPublish: 60},
	"growth":     {actInvite: 200, actClient: 50, actDomain: 40, actCheck: 120, actProject: 300, actWork: 600, actPublish: 300},
	"enterprise": {actInvite: 20_000, actClient: 500, actDomain: 100, actCheck: 600, actProject: 20_000, actWork: 20_000, actPublish: 20_000},
}

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
	var plan, agencys string
	tx.engine.LaterGet(row("plans of acts", `select plan, agency_plan from lookup.my_plans()`, nil, &plan, &agencys), func() error { return nil })
	tx.countAct(a, "tenant", tx.scope.Tenant, func() int { return min(actsPerHour[agencys][a], actsPerHour[plan][a]) })
	tx.countAct(a, "person", tx.scope.Actor, func() int { return actsPerHour[agencys][a] * personsShare })
}

// spendOnTenant is spend for an agent's act on a tenant that they are not inside.
func (tx *Tx) spendOnTenant(a act, tenant uuid.UUID) {
	most := agentsActsPerHour[a]
	tx.countAct(a, "tenant", tenant, func() int { return most })
	tx.countAct(a, "person", tx.scope.Actor, func() int { return most * personsShare })
}

// countAct counts later, and asks then for the most that are allowed.
func (tx *Tx) countAct(a act, of string, id uuid.UUID, most func() int) {
	var hits, wait int
	key := tx.signer.Hash(string(a) + " by " + of + " " + id.String())
	q := row("count act", `select hits, retry_after from lookup.rate_hit(@key, 3600)`, pgx.StrictNamedArgs{"key": key[:]}, &hits, &wait)
	tx.engine.LaterGet(q, func() error {
		if hits > most() {
			return &TooManyActsError{After: time.Duration(wait) * time.Second}
		}
		return nil
	})
}
