package store

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"portico/store/engine"
)

// Counters that no plan limits.
const (
	// Listed are the rows of versions and deliverables that keep what lists show: how
	// many there are, and how many are right.
	Listed        Metric = "listed"
	waitingMetric Metric = "waiting" // on the rows of members
	unreadMetric  Metric = "unread"  // on the rows of client users
)

// UsageDrift is a stored count that its rows contradict.
type UsageDrift struct {
	Metric Metric
	Stored int64
	Real   int64
}

// inReview counts what waits for the client's review, and finds when the first of it
// is due.
const inReview = `
select count(*) as waiting, min(due_on) as next_due_on
from (` + shownDeliverables + `
) shown
where state = 'in_review'`

// ListUsageDrift recounts the tenant's rows and reads where a stored count differs
// from them. It is one statement, so that it sees each deed whole or not at all.
func ListUsageDrift(dst *[]UsageDrift) Read {
	return Read{many("usage drift", dst, `
select metric, stored, real
from (`+usageCounts()+`
) counts
where stored <> real
order by metric`, nil)}
}

func usageCounts() string {
	var parts []string
	for _, m := range []Metric{Users, Projects, Storage, Clients} {
		parts = append(parts, `
select u.metric, u.used as stored, (`+counted[m]+`) as real
from plan_usage u
where u.tenant_id = @tenant_id
  and u.metric = '`+string(m)+`'`)
	}
	parts = append(parts, listed)
	// One member's row that differs is enough.
	return strings.Join(append(parts, `
(select '`+string(waitingMetric)+`', m.waiting::bigint, w.waiting
from (`+inReview+`) w
join memberships m on m.tenant_id = @tenant_id and m.ended_at is null
where m.waiting <> w.waiting or m.next_due_on is distinct from w.next_due_on
order by abs(m.waiting - w.waiting) desc
limit 1)`, `
(with shown as materialized (`+shownDeliverables+`
), people as (`+unopened+`
)
select '`+string(unreadMetric)+`', m.unread::bigint, p.unread::bigint
from people p
join memberships m on m.tenant_id = @tenant_id and m.user_id = p.user_id
where m.unread <> p.unread
limit 1)`), "\nunion all")
}

// ReconcileUsage counts the rows again, and writes an audit row where a stored count
// was wrong.
func (tx *Tx) ReconcileUsage(ctx context.Context) error {
	if err := tx.lockUsage(ctx, Users, Projects, Storage, Clients); err != nil {
		return err
	}
	// Deeds lock versions before counters.
	if err := tx.refreshWrongFileCounts(ctx); err != nil {
		return err
	}
	tx.lockCounters()
	var drift []UsageDrift
	if err := tx.Read(ctx, ListUsageDrift(&drift)); err != nil {
		return err
	}
	for _, d := range drift {
		if err := tx.correct(ctx, d); err != nil {
			return err
		}
	}
	tx.countWork()
	return nil
}

func (tx *Tx) correct(ctx context.Context, d UsageDrift) error {
	if d.Metric == waitingMetric || d.Metric == unreadMetric {
		tx.recount(false)
	} else if _, err := tx.addUsage(ctx, d.Metric, d.Real-d.Stored); err != nil {
		return err
	}
	return tx.auditCorrection(ctx, d)
}

func (tx *Tx) auditCorrection(ctx context.Context, d UsageDrift) error {
	return tx.audit(Event{Verb: "plan.usage_corrected", TargetKind: KindTenant, TargetID: tx.scope.Tenant,
		Detail: map[string]any{"metric": d.Metric.JSON(), "was": d.Stored, "is": d.Real}})
}

// TenantDrift is the drift of one tenant.
type TenantDrift struct {
	Slug  string
	Plan  string
	Drift []UsageDrift
}

// UsageDrift recounts all active tenants, one after the other, and returns those with
// a wrong count, or with a plan that the installation doesn't have. It returns how many it recounted, which are fewer when ctx ends.
func (e *Inspector) UsageDrift(ctx context.Context) (wrong []TenantDrift, recounted int, err error) {
	const atOnce = 500
	for after := uuid.Nil; ; {
		tenants, err := e.db.ActiveTenants(ctx, after, atOnce)
		if err != nil {
			return wrong, recounted, ended(ctx, err)
		}
		for _, id := range tenants {
			var t TenantDrift
			s := engine.Scope{Tenant: id, Party: string(PartySystem), ReadOnly: true}
			err := e.db.engine.Read(ctx, s, tenantSlug(&t.Slug, &t.Plan), ListUsageDrift(&t.Drift).query)
			if err != nil {
				return wrong, recounted, ended(ctx, err)
			}
			recounted++
			if len(t.Drift) > 0 || !e.db.plans.Has(t.Plan) {
				wrong = append(wrong, t)
			}
		}
		if len(tenants) < atOnce {
			return wrong, recounted, nil
		}
		after = tenants[len(tenants)-1]
	}
}

// ended drops the error of a query that was cut off because ctx ended.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func tenantSlug(slug, plan *string) query {
	return row("slug", `
select slug, plan
from tenants
where id = @tenant_id`, nil, slug, plan)
}
