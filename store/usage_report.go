package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
)

// UsageReport is what a program says that its tenant used.
type UsageReport struct {
	Metric   Metric
	Quantity int64     // 1 to [MaxQuantity]
	At       time.Time // when; see [MaxReportAge] and [MaxReportAhead]
	// IdempotencyKey: a report with it counts once, for ever.
	IdempotencyKey string
	RequestHash    [32]byte // tells two reports with the same idempotency key apart
}

// CountedUsage is a report that counts.
type CountedUsage struct {
	ID       uuid.UUID
	At       time.Time
	Used     int64 // in the month of At, in UTC, when it was counted
	Repeated bool  // it was counted before
}

const (
	// MaxQuantity is the most that one report may say.
	MaxQuantity = 1_000_000_000_000
	// MaxReportAge is how late a report may come. It counts in the month of its time, even if
	// that month is over. It is less than [maxUsageAge], so that what counts can be sent to
	// Stripe, even if that doesn't answer for a day.
	MaxReportAge = 32 * 24 * time.Hour
	// MaxReportAhead is how far the clock of a program may be ahead.
	MaxReportAhead = 5 * time.Minute
)

// countUsage counts what was used in one statement: the event, and the sum of its month,
// which it locks. Without a row of the event the plan allows no more, or it was counted
// before, or @counts is false. Two reports with the same key at once violate the constraint
// of the key, or the second one finds the plan full and doesn't see the first one yet. %s is
// whether anybody may report.
const countUsage = `
with before as (
    select id, at, used, request_hash = @hash as same
    from usage_events
    where tenant_id = @tenant_id
      and key = @key
), may as (
    select t.plan, t.agency_plan,
           case when @limits::jsonb ?& array[t.plan, t.agency_plan]
                then least((@limits::jsonb ->> t.plan)::bigint, (@limits::jsonb ->> t.agency_plan)::bigint)
                else 0 end as most
    from lookup.my_plans() t
    where %s
), month as (
    insert into usage_months as m (tenant_id, metric, month, quantity)
    select @tenant_id, @metric, date_trunc('month', @at::timestamptz at time zone 'UTC')::date, @quantity
    from may
    where @counts
      and not exists (select from before)
      and @quantity::bigint <= coalesce(may.most, @quantity)
    on conflict (tenant_id, metric, month) do update
    set quantity = m.quantity + excluded.quantity
    where m.quantity + excluded.quantity <= coalesce((select most from may), m.quantity + excluded.quantity)
    returning m.quantity
), event as (
    insert into usage_events (tenant_id, id, metric, quantity, at, used, key, request_hash)
    select @tenant_id, @id, @metric, @quantity, @at, month.quantity, @key, @hash
    from month
    returning id, at, used
)
select coalesce(e.id, b.id) as id, coalesce(e.at, b.at) as at, coalesce(e.used, b.used) as used, b.id is not null as repeated,
       coalesce(b.same, true) as same, may.plan, may.agency_plan as agency,
       coalesce((
           select s.quantity
           from usage_months s
           where s.tenant_id = @tenant_id
             and s.metric = @metric
             and s.month = date_trunc('month', @at::timestamptz at time zone 'UTC')::date), 0) as so_far
from (select 1) one
left join before b on true
left join event e on true
left join may on true`

type countedRow struct {
	ID       *uuid.UUID
	At       *time.Time
	Used     *int64
	Repeated bool
	Same     bool
	Plan     *string
	Agency   *string
	SoFar    int64
}

// ReportUsage counts what a program reports, in one round trip. The same report again
// returns what was counted before. Another report with the same idempotency key is
// [ErrKeyReused], one that the plan doesn't allow a [*PlanLimitError], and a wrong one an
// [InvalidError]; nothing is counted then.
func (db *DB) ReportUsage(ctx context.Context, me Member, in UsageReport) (CountedUsage, error) {
	if me.Key == nil || !me.May(ReportUsage) {
		return CountedUsage{}, fmt.Errorf("report usage: %w", ErrForbidden)
	}
	if wrong := in.check(db.plans); len(wrong) > 0 {
		return CountedUsage{}, wrong
	}
	late := in.checkTime(time.Now())
	counted, err := db.reportUsage(ctx, me, in, late)
	same, isSame := errors.AsType[*ConstraintError](err)
	_, isFull := errors.AsType[*PlanLimitError](err)
	if isFull || isSame && same.Constraint == "usage_events_tenant_id_key_key" {
		// While this one waited, another one was counted. It may have been the same.
		return db.reportUsage(ctx, me, in, late)
	}
	return counted, err
}

func (in UsageReport) check(plans Plans) InvalidError {
	wrong := InvalidError{}
	if !plans.IsReported(in.Metric) {
		wrong["metric"] = "Programs can't report this metric. The page /api names those that they can."
	}
	if in.Quantity < 1 || in.Quantity > MaxQuantity {
		wrong["quantity"] = "Send a whole number from 1 to 1000000000000."
	}
	return wrong
}

// checkTime says what is wrong with the time of a report that wasn't counted before.
func (in UsageReport) checkTime(now time.Time) InvalidError {
	switch {
	case in.At.After(now.Add(MaxReportAhead)):
		return InvalidError{"at": "That is in the future. Check the clock of the program."}
	case in.At.Before(now.Add(-MaxReportAge)):
		return InvalidError{"at": "That is more than 32 days ago. It can't be counted any more."}
	}
	return nil
}

// reportUsage counts the report unless it was counted before. With late it isn't counted
// any more.
func (db *DB) reportUsage(ctx context.Context, me Member, in UsageReport, late InvalidError) (CountedUsage, error) {
	row, err := db.countUsage(ctx, me.scope, `lookup.key_may_still_act(@role)`, pgx.StrictNamedArgs{
		"metric": in.Metric, "quantity": in.Quantity, "at": in.At, "key": in.IdempotencyKey, "hash": in.RequestHash[:], "role": me.Role, "counts": late == nil})
	switch {
	case err != nil:
		return CountedUsage{}, err
	case row.Plan == nil:
		return CountedUsage{}, fmt.Errorf("report usage: may still act: %w", ErrForbidden)
	case !row.Same:
		return CountedUsage{}, ErrKeyReused
	case row.ID == nil && late != nil:
		return CountedUsage{}, late
	case row.ID == nil:
		t := TenantPlan{Plan: *row.Plan, Agency: *row.Agency}
		limit, _ := db.plans.Limit(t, in.Metric)
		return CountedUsage{}, &PlanLimitError{Metric: in.Metric, Plan: db.plans.inForce(t), Capped: db.plans.Capped(t), Limit: limit,
			Next: max(limit+1, row.SoFar+in.Quantity)} // others may have been counted meanwhile
	}
	return CountedUsage{ID: *row.ID, At: *row.At, Used: *row.Used, Repeated: row.Repeated}, nil
}

func (db *DB) countUsage(ctx context.Context, s engine.Scope, may string, args pgx.StrictNamedArgs) (row countedRow, err error) {
	limits, err := json.Marshal(db.plans.limitsOf(args["metric"].(Metric)))
	if err != nil {
		return row, err
	}
	args["id"], args["limits"] = NewID(), string(limits)
	return row, db.engine.Change(ctx, s, one("count usage", &row, fmt.Sprintf(countUsage, may), args))
}

// CountTransfer counts bytes of files that a visitor of the tenant got, and returns how many
// it counted before an error. No plan limits them. An event has at most [MaxQuantity].
func (db *DB) CountTransfer(ctx context.Context, me Member, bytes int64) (counted int64, err error) {
	for counted < bytes {
		part := min(bytes-counted, MaxQuantity)
		_, err := db.countUsage(ctx, engine.Scope{Tenant: me.scope.Tenant, Party: string(PartySystem)}, "true", pgx.StrictNamedArgs{
			"metric": Transfer, "quantity": part, "at": time.Now(), "key": nil, "hash": nil, "counts": true})
		if err != nil {
			return counted, err
		}
		counted += part
	}
	return counted, nil
}

// limitsOf is how much of a metric each plan allows; nil without a limit.
func (p Plans) limitsOf(m Metric) map[string]*int64 {
	limits := map[string]*int64{}
	for _, plan := range p.list {
		limits[plan.Name] = nil
		if limit, limited := plan.Limits[m]; limited {
			limits[plan.Name] = &limit
		}
	}
	return limits
}
