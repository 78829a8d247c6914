package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// MonthOf is the first day of the month of a time, in UTC.
func MonthOf(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// MonthUsage is how much a tenant used of a metric in a month: the sum of what was
// reported or downloaded, the byte-hours of storage, and the most people, projects and
// clients at once. The last four are added up once an hour.
type MonthUsage struct {
	Metric   Metric
	Month    time.Time // its first day, UTC
	Quantity int64
}

// ListMonthUsage reads the tenant's months, newest first, from the given one on.
func ListMonthUsage(from time.Time, dst *[]MonthUsage) Read {
	return Read{many("month usage", dst, `
select metric, month, quantity
from usage_months
where tenant_id = @tenant_id
  and month >= @from::date
order by month desc, metric
limit 2000`, pgx.StrictNamedArgs{"from": MonthOf(from)})}
}

// UsedIn is how much of a metric was used in a month.
func UsedIn(all []MonthUsage, m Metric, month time.Time) int64 {
	for _, u := range all {
		if u.Metric == m && u.Month.Equal(month) {
			return u.Quantity
		}
	}
	return 0
}

// KeyUsage is how much of a metric was reported with one API key.
type KeyUsage struct {
	Metric    Metric
	KeyName   string
	MakerName string
	Quantity  int64
}

// ListKeyUsage reads with which API keys the usage of a month was reported, most first, at
// most 100.
func ListKeyUsage(month time.Time, dst *[]KeyUsage) Read {
	from := MonthOf(month)
	return Read{many("key usage", dst, `
select e.metric, k.name as key_name, m.name as maker_name, e.quantity
from (
    select metric, api_key_id, sum(quantity)::bigint as quantity
    from usage_events
    where tenant_id = @tenant_id
      and api_key_id is not null
      and at >= @from
      and at < @until
    group by metric, api_key_id
) e
join api_keys k on k.tenant_id = @tenant_id and k.id = e.api_key_id
join memberships m on m.tenant_id = @tenant_id and m.user_id = k.user_id
order by e.quantity desc, k.name
limit 100`, pgx.StrictNamedArgs{"from": from, "until": from.AddDate(0, 1, 0)})}
}

// HourUsage is how much a tenant used of a metric in an hour; see [MonthUsage].
type HourUsage struct {
	Metric   Metric
	Hour     time.Time // its beginning, UTC
	Quantity int64
}

// ListHourUsage reads the hours of a month that were added up, in order.
func ListHourUsage(month time.Time, dst *[]HourUsage) Read {
	from := MonthOf(month)
	return Read{many("hour usage", dst, `
select metric, hour, quantity
from usage_hours
where tenant_id = @tenant_id
  and hour >= @from
  and hour < @until
order by hour, metric
limit 50000`, pgx.StrictNamedArgs{"from": from, "until": from.AddDate(0, 1, 0)})}
}

// ClientUsage is what one client of an agency uses of a metric. A client of which nothing
// was counted yet has one row, without a metric.
type ClientUsage struct {
	ID       uuid.UUID
	Name     string
	State    TenantState
	Plan     string
	Metric   *Metric
	Now      *int64 // of what is counted
	Quantity *int64 // in the month; see [MonthUsage]
}

// ListClientUsage reads what each of the agency's clients uses, by name. Only owners and
// admins of the agency get rows.
func ListClientUsage(month time.Time, dst *[]ClientUsage) Read {
	return Read{many("client usage", dst, `select * from lookup.my_clients_usage(@month::date)`, pgx.StrictNamedArgs{"month": MonthOf(month)})}
}

// sumHours adds up the complete hours from @since on. What was reported or downloaded adds
// up. A level counts from its change to the next one: storage in byte-hours, the others
// by the most in the hour.
const sumHours = `
insert into usage_hours as h (tenant_id, metric, hour, quantity)
select @tenant_id, metric, hour, quantity
from (
    select metric, date_trunc('hour', at) as hour, sum(quantity)::bigint as quantity
    from usage_events
    where tenant_id = @tenant_id
      and at >= @since
      and at < @until
    group by 1, 2
    union all
    select l.metric, hour,
           case l.metric when '` + string(Storage) + `'
                then round(sum(l.level * extract(epoch from least(l.until, hour + interval '1 hour') - greatest(l.at, hour)) / 3600))::bigint
                else max(l.level) end
    from (
        select metric, level, at, lead(at, 1, @until) over (partition by metric order by at, id) as until
        from (
            (select distinct on (metric) metric, level, @since::timestamptz as at, id
             from usage_levels
             where tenant_id = @tenant_id
               and at < @since
             order by metric, at desc, id desc)
            union all
            select metric, level, at, id
            from usage_levels
            where tenant_id = @tenant_id
              and at >= @since
              and at < @until
        ) levels
    ) l
    cross join lateral generate_series(date_trunc('hour', l.at), l.until, interval '1 hour') hour
    where hour < @until
      and (hour < l.until or l.at = l.until)
    group by 1, 2
) sums
where quantity > 0
on conflict (tenant_id, metric, hour) do update
set quantity = excluded.quantity
where h.quantity <> excluded.quantity`

// AddUpUsage adds up the events and levels of the months in which a report may still
// count: the hours up to now, and the months. The months' running sums must agree with the
// events; one that doesn't is corrected, with an audit row.
func (tx *Tx) AddUpUsage(ctx context.Context, now time.Time) error {
	since, until := MonthOf(now.Add(-MaxReportAge)), now.UTC().Truncate(time.Hour)
	if _, err := tx.exec(ctx, "sum hours", sumHours, pgx.StrictNamedArgs{"since": since, "until": until}); err != nil {
		return err
	}
	tx.later("sum levels of months", `
insert into usage_months as m (tenant_id, metric, month, quantity)
select @tenant_id, metric, date_trunc('month', hour at time zone 'UTC')::date, case metric when '`+string(Storage)+`' then sum(quantity) else max(quantity) end
from usage_hours
where tenant_id = @tenant_id
  and hour >= @since
  and metric = any(@levels)
group by 2, 3
on conflict (tenant_id, metric, month) do update
set quantity = excluded.quantity
where m.quantity <> excluded.quantity`, pgx.StrictNamedArgs{"since": since, "levels": limited})
	return tx.compareMonths(ctx, since)
}

// compareMonths compares the running sums of months with their events.
func (tx *Tx) compareMonths(ctx context.Context, since time.Time) error {
	// Whoever reports waits, so that no event is counted between the two.
	if _, err := tx.exec(ctx, "lock months", `
select
from usage_months
where tenant_id = @tenant_id
  and month >= @since::date
  and metric <> all(@levels)
order by metric, month
for update`, pgx.StrictNamedArgs{"since": since, "levels": limited}); err != nil {
		return err
	}
	var wrong []struct {
		Metric Metric
		Month  time.Time
		Stored int64
		Real   int64
	}
	if err := tx.get(ctx, many("compare months", &wrong, `
select metric, month, coalesce(s.quantity, 0) as stored, coalesce(r.quantity, 0) as real
from (
    select metric, date_trunc('month', at at time zone 'UTC')::date as month, sum(quantity)::bigint as quantity
    from usage_events
    where tenant_id = @tenant_id
      and at >= @since
    group by 1, 2
) r
full join (
    select metric, month, quantity
    from usage_months
    where tenant_id = @tenant_id
      and month >= @since::date
      and metric <> all(@levels)
) s using (metric, month)
where r.quantity is distinct from s.quantity
order by metric, month`, pgx.StrictNamedArgs{"since": since, "levels": limited})); err != nil {
		return err
	}
	for _, w := range wrong {
		tx.later("correct month", `
insert into usage_months (tenant_id, metric, month, quantity)
values (@tenant_id, @metric, @month, @quantity)
on conflict (tenant_id, metric, month) do update
set quantity = excluded.quantity`, pgx.StrictNamedArgs{"metric": w.Metric, "month": w.Month, "quantity": w.Real})
		if err := tx.auditCorrection(ctx, UsageDrift{Metric: w.Metric, Stored: w.Stored, Real: w.Real}); err != nil {
			return err
		}
	}
	return nil
}
