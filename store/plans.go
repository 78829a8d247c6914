package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Metric is something that a plan limits.
type Metric string

// The metrics. Users are the client users in a client, and the team in an agency.
const (
	Users    Metric = "users"
	Projects Metric = "projects" // not in the bin
	Storage  Metric = "storage"  // bytes of files, pending or ready, not in the bin
	Clients  Metric = "clients"  // of an agency, archived ones too
	AIRuns   Metric = "ai_runs"  // in a month
	Transfer Metric = "transfer" // bytes of files that visitors got, in a month
)

// JSON returns the metric's name in the API.
func (m Metric) JSON() string {
	if m == AIRuns {
		return "aiRuns"
	}
	return string(m)
}

// IsLevel says that there is an amount of it at any time, which is counted. Everything else
// is reported or downloaded, and adds up in a month.
func (m Metric) IsLevel() bool { return slices.Contains(limited, m) }

// limited are the metrics that every plan limits.
var limited = []Metric{Users, Projects, Storage, Clients}

// builtIn are the metrics that an installation can't add.
var builtIn = []Metric{Users, Projects, Storage, Clients, AIRuns, Transfer}

// TenantPlan is the plan of a tenant, and that of its agency, which bounds it. An agency
// has one.
type TenantPlan struct {
	Plan   string
	Agency string
}

// PlanLimitError means that a deed would exceed the tenant's plan.
type PlanLimitError struct {
	Metric Metric
	Plan   string // the one that limits
	Capped bool   // it is the agency's plan, which is smaller than the tenant's own
	Limit  int64
	Next   int64 // usage after the deed; 0 if the actor may not know it
}

func (e *PlanLimitError) Error() string {
	return fmt.Sprintf("plan %s allows %d %s, not %d", e.Plan, e.Limit, e.Metric, e.Next)
}

// counted is the usage of each metric as the rows show it. A metric that is missing
// here starts at 0.
var counted = map[Metric]string{
	Users: `
select count(*)
from memberships m
where m.tenant_id = @tenant_id
  and m.party = case m.tenant_kind when 'agency' then 'agency' else 'client' end
  and m.ended_at is null`,
	Projects: `
select count(*)
from projects p
where p.tenant_id = @tenant_id
  and p.deleted_at is null`,
	Storage: `
select coalesce(sum(coalesce(f.size, f.declared_size)), 0)::bigint` + countedFiles,
	Clients: `
select lookup.my_clients_counted()`,
}

// countedFiles selects the files that count: neither they nor what contains them is in
// the bin.
const countedFiles = `
from files f
join versions v on v.tenant_id = f.tenant_id and v.id = f.version_id
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
where f.tenant_id = @tenant_id
  and f.deleted_at is null
  and f.state <> 'failed'`

// lockUsage locks the usage of the metrics until the deed ends. A deed whose amount
// depends on rows calls it before it reads them, and before it locks any of them, so
// that deeds at once neither count the same row twice nor wait for each other. The
// order is Projects before Storage.
func (tx *Tx) lockUsage(ctx context.Context, metrics ...Metric) error {
	for _, m := range metrics {
		if _, err := tx.addUsage(ctx, m, 0); err != nil {
			return err
		}
	}
	return nil
}

// reserve adds n to the usage of a metric, or returns a [*PlanLimitError]. It locks
// the usage until the deed ends, so that only one of two deeds gets the last place.
// Call it before the change.
func (tx *Tx) reserve(ctx context.Context, m Metric, n int64) error {
	if n <= 0 {
		return nil
	}
	u, err := tx.addUsage(ctx, m, n)
	if err != nil {
		return err
	}
	return tx.checkUsed(u, m, u.Used)
}

// checkUsed returns a [*PlanLimitError] if the usage would be more than the plan allows. It
// counts drafts, so whoever may not see them isn't told how much it would be.
func (tx *Tx) checkUsed(u planUsage, m Metric, next int64) error {
	limit, limited := tx.plans.Limit(u.TenantPlan, m)
	if !limited || next <= limit {
		return nil
	}
	if tx.scope.HideDrafts {
		next = 0
	}
	return &PlanLimitError{Metric: m, Plan: tx.plans.inForce(u.TenantPlan), Capped: tx.plans.Capped(u.TenantPlan), Limit: limit, Next: next}
}

// release subtracts n from the usage of a metric.
func (tx *Tx) release(ctx context.Context, m Metric, n int64) error {
	if n <= 0 {
		return nil
	}
	_, err := tx.addUsage(ctx, m, -n)
	return err
}

// checkLimit returns a [*PlanLimitError] if n more would exceed the plan. It reserves
// and locks nothing.
func (tx *Tx) checkLimit(ctx context.Context, m Metric, n int64) error {
	var u planUsage
	err := tx.withDrafts(func() error {
		return tx.get(ctx, one("limit of "+string(m), &u, `
select t.plan, t.agency_plan as agency,
       coalesce((select used from plan_usage where tenant_id = @tenant_id and metric = @metric), (`+counted[m]+`)) as used
from lookup.my_plans() t`, pgx.StrictNamedArgs{"metric": string(m)}))
	})
	if err != nil {
		return err
	}
	return tx.checkUsed(u, m, u.Used+n)
}

type planUsage struct {
	TenantPlan
	Used int64
}

// addUsage adds by, which may be negative, to the usage, and locks it until the deed
// ends. If no deed has counted yet, it counts the rows first.
func (tx *Tx) addUsage(ctx context.Context, m Metric, by int64) (use planUsage, err error) {
	err = tx.withDrafts(func() error {
		use, err = tx.updateOrCountUsage(ctx, m, by)
		return err
	})
	return use, err
}

func (tx *Tx) updateOrCountUsage(ctx context.Context, m Metric, by int64) (planUsage, error) {
	use, err := tx.updateUsage(ctx, m, by)
	if !errors.Is(err, ErrNotFound) {
		return use, err
	}
	from, ok := counted[m]
	if !ok {
		from = "select 0"
	}
	if _, err := tx.exec(ctx, "first count", `
with counted as (
    insert into plan_usage (tenant_id, metric, used)
    select @tenant_id, @metric, (`+from+`)
    on conflict do nothing
    returning metric, used
)
insert into usage_levels (tenant_id, metric, level)
select @tenant_id, metric, used
from counted`, pgx.StrictNamedArgs{"metric": string(m)}); err != nil {
		return planUsage{}, err
	}
	return tx.updateUsage(ctx, m, by)
}

func (tx *Tx) updateUsage(ctx context.Context, m Metric, by int64) (use planUsage, err error) {
	return use, tx.get(ctx, one("add usage of "+string(m), &use, `
with changed as (
    update plan_usage u
    set used = greatest(0, u.used + @by)
    where u.tenant_id = @tenant_id
      and u.metric = @metric
    returning u.metric, u.used
), noted as (
    insert into usage_levels (tenant_id, metric, level)
    select @tenant_id, metric, used
    from changed
    where @by::bigint <> 0
)
select t.plan, t.agency_plan as agency, c.used
from changed c
cross join lookup.my_plans() t`, pgx.StrictNamedArgs{"metric": string(m), "by": by}))
}

// addUsers adds n people of a party to the usage, if that party counts here; n may be
// negative.
func (tx *Tx) addUsers(ctx context.Context, p Party, n int64) error {
	counts, err := tx.isUser(ctx, p)
	switch {
	case err != nil || !counts:
		return err
	case n < 0:
		return tx.release(ctx, Users, -n)
	}
	return tx.reserve(ctx, Users, n)
}

// isUser says whether people of a party count here.
func (tx *Tx) isUser(ctx context.Context, p Party) (counts bool, err error) {
	return counts, tx.get(ctx, value("who counts", &counts, `
select (kind = 'agency') = (@party = 'agency')
from tenants
where id = @tenant_id`, pgx.StrictNamedArgs{"party": string(p)}))
}

// checkLimitForInvites returns a [*PlanLimitError] if n more people of a party would
// exceed the plan once all open invitations are accepted.
func (tx *Tx) checkLimitForInvites(ctx context.Context, p Party, n int64) error {
	counts, err := tx.isUser(ctx, p)
	if err != nil || !counts {
		return err
	}
	var invited int64
	if err := tx.Read(ctx, CountOpenInvites(&invited)); err != nil {
		return err
	}
	return tx.checkLimit(ctx, Users, invited+n)
}

// storedBytes returns the bytes of storage that a file counts for, or all files of a
// deliverable or project.
func (tx *Tx) storedBytes(ctx context.Context, kind Kind, id uuid.UUID) (bytes int64, err error) {
	err = tx.withDrafts(func() error {
		return tx.get(ctx, value("occupied", &bytes, counted[Storage]+`
  and `+kind.row().bin.alias+`.id = @id`, pgx.StrictNamedArgs{"id": id}))
	})
	return bytes, err
}

// Usage is how much of a metric is used.
type Usage struct {
	Metric Metric
	Used   int64
}

// UsedNow is how much of a metric is used.
func UsedNow(all []Usage, m Metric) int64 {
	for _, u := range all {
		if u.Metric == m {
			return u.Used
		}
	}
	return 0
}

// GetPlan reads the tenant's plan.
func GetPlan(dst *TenantPlan) Read {
	return Read{one("plan", dst, `
select plan, agency_plan as agency
from lookup.my_plans()`, nil)}
}

// ListUsage reads the tenant's usage. What no deed has counted yet, it counts.
func ListUsage(dst *[]Usage) Read {
	sql := `
select metric, used
from plan_usage
where tenant_id = @tenant_id`
	for _, m := range []Metric{Users, Projects, Storage, Clients} {
		sql += `
union all
select '` + string(m) + `', (` + counted[m] + `)
where not exists (select from plan_usage where tenant_id = @tenant_id and metric = '` + string(m) + `')`
	}
	return Read{many("usage", dst, sql+`
order by metric`, nil)}
}

// CountOpenInvites counts the open invitations of those who are [Users] here. Each counts
// against the plan's limit once it is accepted.
func CountOpenInvites(dst *int64) Read {
	return Read{value("open invites", dst, `
select count(*)
from invites
where tenant_id = @tenant_id
  and party = case tenant_kind when 'agency' then 'agency' else 'client' end
  and accepted_at is null
  and revoked_at is null
  and expires_at > now()`, nil)}
}

// mayGivePlan returns an [InvalidError] of the field "plan" unless the plan exists and is no
// larger than the agency's own.
func (tx *Tx) mayGivePlan(ctx context.Context, plan string) error {
	var own TenantPlan
	if err := tx.Read(ctx, GetPlan(&own)); err != nil {
		return err
	}
	switch {
	case !tx.plans.Has(plan):
		return InvalidError{"plan": "Choose a plan."}
	case !slices.Contains(tx.plans.UpTo(own.Plan), plan):
		return InvalidError{"plan": "Your agency's own plan is smaller. Choose a plan that is no larger."}
	}
	return nil
}

// SetClientPlan sets the plan of one of the agency's clients. Only an owner of the
// agency may, and only up to the agency's own plan. What exceeds the new limits stays, and can be read and deleted. It
// compares the plan's name: whoever expects another one gets [ErrChanged].
func (tx *Tx) SetClientPlan(ctx context.Context, client uuid.UUID, plan string) error {
	if !May(PlanClients, Party(tx.scope.Party), tx.role) {
		return fmt.Errorf("set client plan: %w", ErrForbidden)
	}
	if err := tx.mayGivePlan(ctx, plan); err != nil {
		return err
	}
	var set *bool
	err := tx.get(ctx, value("set client plan", &set, `select lookup.set_client_plan(@client, @plan, @seen)`,
		pgx.StrictNamedArgs{"client": client, "plan": plan, "seen": string(tx.takeExpected())}))
	switch {
	case err != nil:
		return err
	case set == nil:
		return ErrChanged
	case !*set:
		return fmt.Errorf("set client plan: %w", ErrNotFound)
	}
	_, err = tx.auditClient(ctx, client, Event{Verb: "plan.changed", TargetKind: KindTenant, TargetID: client, Detail: map[string]any{"plan": plan}})
	return err
}
