package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"portico/store"
	"portico/store/queue"
)

// databaseDoctor checks a database that answers.
type databaseDoctor struct {
	ctx   context.Context
	e     *store.Inspector
	plans store.Plans
}

// unread is the finding for a query that failed.
func unread(check string) []finding {
	return []finding{{check, ill, "The database refuses our queries.", "Run portico migrate as portico_owner, and check the PostgreSQL log."}}
}

const poolerFix = "Set pool_mode=session for this database in the pooler, or connect to PostgreSQL itself."

// session tries what serving needs: sessions that last, and changes.
func (d databaseDoctor) session() []finding {
	err := d.e.Session(d.ctx)
	switch {
	case err == nil:
		return []finding{{"database", well, "PostgreSQL answers, keeps our sessions and accepts changes.", ""}}
	case errors.Is(err, store.ErrPooler):
		return []finding{{"database", ill, inWords(store.ErrPooler.Error()), poolerFix}}
	case errors.Is(err, store.ErrReadOnly):
		return []finding{{"database", ill, "PostgreSQL answers but accepts no changes: it is a standby, or default_transaction_read_only is on.",
			"Connect to the primary, for example with target_session_attrs=read-write in DATABASE_URL, or switch default_transaction_read_only off."}}
	}
	return unread("database")
}

func (d databaseDoctor) role() []finding {
	can, err := d.e.Role(d.ctx)
	if err != nil {
		return unread("role")
	}
	var findings []finding
	for _, says := range can {
		findings = append(findings, finding{"role", ill, "The role of DATABASE_URL " + says + ".",
			"Connect as portico_app, and run portico bootstrap again, which removes the rights it must not have."})
	}
	if len(findings) == 0 {
		return []finding{{"role", well, "The role of DATABASE_URL can't bypass row level security.", ""}}
	}
	return findings
}

func (d databaseDoctor) schema() []finding {
	s, err := d.e.Schema(d.ctx)
	switch {
	case err != nil:
		return unread("migrations")
	case len(s.Unknown) > 0:
		return []finding{{"migrations", ill, fmt.Sprintf("The schema has migrations that this version doesn't know: %v.", s.Unknown),
			"Install the version of Portico that has them, or a newer one."}}
	case !s.UpToDate():
		return []finding{{"migrations", ill, behind(s), "Run portico migrate."}}
	}
	return []finding{{"migrations", well, "The schema is up to date.", ""}}
}

func behind(s store.SchemaState) string {
	switch {
	case len(s.Missing) > 0:
		return fmt.Sprintf("The schema lacks migrations %v.", s.Missing)
	case s.Lookup:
		return "The functions in schema lookup are from another version."
	}
	return "The tables of the queue are from an older version."
}

func (d databaseDoctor) boundary() []finding {
	found, err := d.e.Catalog(d.ctx)
	if err != nil {
		return unread("boundary")
	}
	var findings []finding
	for _, f := range found {
		findings = append(findings, finding{"boundary", ill, inWords(f.String()),
			"The database was changed by hand. Restore what the migrations define, and find out what was exposed meanwhile."})
	}
	if len(findings) == 0 {
		return []finding{{"boundary", well, "Every table, policy, key, role and function is as required.", ""}}
	}
	return findings
}

// patienceOf returns how long a due job may wait. Somebody is waiting for an urgent
// one.
func patienceOf(name string) time.Duration {
	if name == queue.Urgent {
		return time.Minute
	}
	return 10 * time.Minute
}

func (d databaseDoctor) queue() []finding {
	h, err := d.e.Queue(d.ctx)
	if err != nil {
		return unread("queue")
	}
	var findings []finding
	for _, name := range slices.Sorted(maps.Keys(h.Waiting)) {
		wait := h.Waiting[name].Truncate(time.Minute)
		switch {
		case h.Waiting[name] <= patienceOf(name):
		case h.Worked:
			findings = append(findings, finding{"queue", ill, fmt.Sprintf("The oldest job in queue %s has waited %s, although a worker is running.", name, wait),
				"Start another portico work, and check the log for what delays the others."})
		default:
			findings = append(findings, finding{"queue", ill, fmt.Sprintf("The oldest job in queue %s has waited %s, and no worker is running.", name, wait),
				"Start portico serve, or portico work."})
		}
	}
	if len(findings) > 0 {
		return findings
	}
	says := "No job has waited long"
	if !h.Worked {
		says = "No job is waiting, and no worker is running"
	}
	if h.Refused > 0 {
		says += fmt.Sprintf("; %d jobs were refused in the last day, see job_refusals", h.Refused)
	}
	return []finding{{"queue", well, says + ".", ""}}
}

// recountPatience is how long the doctor recounts tenants.
const recountPatience = 20 * time.Second

// maxDrifts is how many wrong counts the doctor names.
const maxDrifts = 20

// maxWebhooks is how many webhooks the doctor names.
const maxWebhooks = 5

// webhooks names what Stripe sent and nobody worked off. Without any it says nothing, so that
// nobody reads of billing who has none.
func (d databaseDoctor) webhooks() []finding {
	ids, err := d.e.UnworkedWebhooks(d.ctx, maxWebhooks)
	switch {
	case err != nil:
		return unread("webhooks")
	case len(ids) == 0:
		return nil
	}
	return []finding{{"webhooks", ill, "Webhooks of Stripe wait for more than an hour: " + strings.Join(ids, ", ") + ".",
		"Look for their job on the queue page of the admin listener, and for its error in the log. Then send them again from Stripe's dashboard, or correct the plan with portico tenant plan."}}
}

// usage compares the stored counts of each tenant with its rows.
func (d databaseDoctor) usage() []finding {
	ctx, cancel := context.WithTimeout(d.ctx, recountPatience)
	defer cancel()
	wrong, recounted, err := d.e.UsageDrift(ctx)
	if err != nil {
		return unread("usage")
	}
	var findings []finding
	for _, t := range wrong {
		if !d.plans.Has(t.Plan) {
			findings = append(findings, finding{"usage", ill, fmt.Sprintf("The tenant %s has the plan %s, which PLANS doesn't have. It can add nothing.", t.Slug, t.Plan),
				"Add the plan to PLANS, or give the tenant another one with portico tenant plan."})
		}
		for _, drift := range t.Drift {
			says := fmt.Sprintf("The stored count of %s in %s is %d, but its rows are %d.", drift.Metric.JSON(), t.Slug, drift.Stored, drift.Real)
			if drift.Metric == store.Listed {
				says = fmt.Sprintf("Lists in %s show wrong files for %d of %d versions and deliverables.", t.Slug, drift.Stored-drift.Real, drift.Stored)
			}
			findings = append(findings, finding{"usage", ill, says,
				"The nightly cleanup corrects it, with a line in that tenant's activity. If it comes back, report it: a deed counts wrongly."})
		}
	}
	switch {
	case len(findings) > maxDrifts:
		more := fmt.Sprintf("Counts of %d tenants are wrong; these are the first.", len(wrong))
		return append([]finding{{"usage", ill, more, "See the findings below."}}, findings[:maxDrifts]...)
	case len(findings) > 0:
		return findings
	case ctx.Err() != nil:
		return []finding{{"usage", well, fmt.Sprintf("The stored counts of %d tenants equal their rows. There was no time for the others.", recounted), ""}}
	}
	return []finding{{"usage", well, fmt.Sprintf("The stored counts of all %d active tenants equal their rows.", recounted), ""}}
}
