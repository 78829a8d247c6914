package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"portico/handlers/stripe"
	"portico/store"
	"portico/store/queue"
)

// hourlyBilling enqueues a job in each agency that is a customer of Stripe.
func (r *Runner) hourlyBilling(ctx context.Context, job queue.HourlyBilling) error {
	return r.eachBilled(ctx, func(ctx context.Context, agencies []uuid.UUID) error {
		return r.db.EnqueueBillingUsage(ctx, agencies, job.Compare)
	})
}

func (r *Runner) eachBilled(ctx context.Context, do func(context.Context, []uuid.UUID) error) error {
	var after uuid.UUID
	for {
		agencies, err := r.db.BilledAgencies(ctx, after, tenantBatch)
		if err != nil {
			return err
		}
		if err := do(ctx, agencies); err != nil {
			return err
		}
		if len(agencies) < tenantBatch {
			return nil
		}
		after = agencies[len(agencies)-1]
	}
}

// billingUsage sends what was used, and once a day compares what was sent before with
// Stripe.
func (r *Runner) billingUsage(ctx context.Context, j store.Job, job queue.BillingUsage) error {
	unsent := r.sendUsage(ctx, j, time.Now())
	if !job.Compare {
		return unsent
	}
	// What could not be sent is a difference too, and so it is compared all the same.
	differences, err := r.compareBilling(ctx, j, time.Now())
	for _, d := range differences {
		r.log.LogAttrs(ctx, slog.LevelError, "billing differs", slog.String("tenant", j.TenantID().String()),
			slog.String("what", d.What), slog.String("ours", d.Ours), slog.String("stripe", d.Theirs), slog.Bool("alert", true))
	}
	return errors.Join(unsent, err)
}

// sentAtOnce is after how many requests it is recorded what arrived.
const sentAtOnce = 50

// sendUsage sends what isn't sent yet, one hour and metric after the other. The next attempt
// sends what didn't arrive, and with the same identifier what may have arrived. What is
// wrong with one meter stops no other one.
func (r *Runner) sendUsage(ctx context.Context, j store.Job, now time.Time) error {
	var list []store.UsageToSend
	err := r.db.Work(ctx, j, func(tx *store.Tx) (err error) {
		list, err = tx.NoteUsageToSend(ctx, now)
		return err
	})
	if err != nil {
		return err
	}
	wrong := map[string]error{} // the first error of each meter
	silent := map[string]bool{} // meters of which the rest would fail alike
	for part := range slices.Chunk(list, sentAtOnce) {
		var sent, uncounted []store.UsageToSend
		for _, u := range part {
			if silent[u.Meter] {
				uncounted = append(uncounted, u)
				continue
			}
			err := r.cfg.Stripe.SendUsage(ctx, stripe.Usage{Meter: u.Meter, Customer: u.CustomerID, Value: u.Quantity, At: u.Hour, Identifier: u.Identifier(j.TenantID())})
			if err == nil {
				sent = append(sent, u)
				continue
			}
			if _, known := wrong[u.Meter]; !known {
				wrong[u.Meter] = fmt.Errorf("meter %s: %w", u.Meter, err)
			}
			silent[u.Meter] = !stripe.IsRefused(err) || stripe.IsUnauthorized(err)
			if stripe.IsRefused(err) {
				uncounted = append(uncounted, u)
			}
		}
		// What arrived is recorded, even if the process is stopping.
		record, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		err := r.db.Work(record, j, func(tx *store.Tx) error {
			tx.UsageSent(sent)
			tx.UsageUncounted(uncounted)
			return nil
		})
		cancel()
		if err != nil {
			return err
		}
	}
	return errors.Join(slices.Collect(maps.Values(wrong))...)
}

// compareBilling compares the days that are over with what Stripe counted, and the
// subscriptions with what Stripe says of them, and records each difference in the trail.
func (r *Runner) compareBilling(ctx context.Context, j store.Job, now time.Time) (found []store.BillingDifference, err error) {
	var ours store.BilledDays
	err = r.db.Work(ctx, j, func(tx *store.Tx) (err error) {
		ours, err = tx.GetBilledDays(ctx, now)
		return err
	})
	if err != nil || ours.Customer == "" {
		return nil, err
	}
	theirs, err := r.cfg.Stripe.Subscriptions(ctx, ours.Customer)
	if err != nil {
		return nil, err
	}
	found = append(ours.Known, subscriptionDifferences(ours.Subscriptions, theirs)...)
	if len(ours.Meters) > 0 && ours.From.Before(ours.Until) {
		meters, err := r.cfg.Stripe.Meters(ctx)
		if err != nil {
			return nil, err
		}
		for _, m := range slices.Sorted(maps.Keys(ours.Meters)) {
			id, known := meters[ours.Meters[m].Event]
			if !known {
				found = append(found, store.BillingDifference{What: "meter " + ours.Meters[m].Event, Ours: "in PLANS", Theirs: "missing or not active"})
				continue
			}
			days, err := r.cfg.Stripe.DaysOf(ctx, id, ours.Customer, ours.From, ours.Until)
			if err != nil {
				return nil, err
			}
			found = append(found, dayDifferences(m, ours.Used[m], days)...)
		}
	}
	return found, r.db.Work(ctx, j, func(tx *store.Tx) error {
		for _, d := range found {
			if err := tx.RecordDifference(ctx, d); err != nil {
				return err
			}
		}
		return nil
	})
}

// dayDifferences names each day of which Stripe counted another amount.
func dayDifferences(m store.Metric, ours map[time.Time]int64, theirs map[time.Time]float64) (found []store.BillingDifference) {
	days := map[time.Time]bool{}
	for day := range ours {
		days[day] = true
	}
	for day := range theirs {
		days[day] = true
	}
	for _, day := range slices.SortedFunc(maps.Keys(days), time.Time.Compare) {
		if float64(ours[day]) != theirs[day] {
			found = append(found, store.BillingDifference{What: string(m) + " on " + day.Format(time.DateOnly),
				Ours: strconv.FormatInt(ours[day], 10), Theirs: strconv.FormatFloat(theirs[day], 'f', -1, 64)})
		}
	}
	return found
}

// subscriptionDifferences names each subscription whose state the webhooks told otherwise,
// and those that an agency has at one time: each of them is charged.
func subscriptionDifferences(ours map[string]store.SubscriptionStatus, theirs map[string]string) (found []store.BillingDifference) {
	ids := map[string]bool{}
	for id := range ours {
		ids[id] = true
	}
	for id := range theirs {
		ids[id] = true
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		here, there := string(ours[id]), theirs[id]
		if here == "" {
			here = "unknown"
		}
		if there == "" {
			there = "unknown"
		}
		if here != there {
			found = append(found, store.BillingDifference{What: "subscription " + id, Ours: here, Theirs: there})
		}
	}
	var charged []string
	for _, id := range slices.Sorted(maps.Keys(theirs)) {
		if !stripe.HasEnded(theirs[id]) {
			charged = append(charged, id)
		}
	}
	if len(charged) > 1 {
		found = append(found, store.BillingDifference{What: "subscriptions that haven't ended", Ours: "at most 1", Theirs: strings.Join(charged, " ")})
	}
	return found
}

// CheckBilling compares every agency with Stripe now, and calls found for each difference.
// Agencies without one are counted only.
func (r *Runner) CheckBilling(ctx context.Context, found func(agency uuid.UUID, d store.BillingDifference)) (agencies int, err error) {
	return agencies, r.eachBilled(ctx, func(ctx context.Context, ids []uuid.UUID) error {
		for _, id := range ids {
			j, err := r.db.BillingJob(id)
			if err != nil {
				return err
			}
			differences, err := r.compareBilling(ctx, j, time.Now())
			if err != nil {
				return err
			}
			for _, d := range differences {
				found(id, d)
			}
			agencies++
		}
		return nil
	})
}
