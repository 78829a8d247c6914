package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/store"
)

// billedAgency is an agency that is a customer of Stripe, with a row in each table of
// billing.
func billedAgency(t *testing.T) (a *storetest.Tenants, agency uuid.UUID, customer string) {
	t.Helper()
	a, customer = storetest.Agency(t), "cus_"+strings.ReplaceAll(store.NewID().String(), "-", "")
	dana := a.Member(t, a.Dana, a.Agency)
	if err := storetest.Billed(t).Write(t.Context(), dana, func(tx *store.Tx) error { return tx.BindStripeCustomer(t.Context(), customer) }); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`insert into billing (tenant_id) values ($1)`,
		`insert into billing_subscriptions (tenant_id, id, customer_id, status, prices, event_at, event_rank, event_id) values ($1, 'sub_1', 'cus_1', 'active', '{}', now(), 0, 'evt_1')`,
		`insert into billing_invoices (tenant_id, id, customer_id, subscription_id, is_first) values ($1, 'in_1', 'cus_1', 'sub_1', false)`,
		`insert into billing_sent (tenant_id, metric, hour, already, quantity, meter, customer_id) values ($1, 'ai_runs', now(), 0, 1, 'runs', 'cus_1')`,
	} {
		if _, err := storetest.AdminPool().Exec(t.Context(), sql, dana.TenantID()); err != nil {
			t.Fatal(err)
		}
	}
	return a, dana.TenantID(), customer
}

// What an agency pays is for its own people to see, in person, and for nobody to change but
// a job that nobody caused.
func TestBillingStaysInTheAgency(t *testing.T) {
	t.Parallel()
	a, agency, _ := billedAgency(t)
	b, _, _ := billedAgency(t)
	conn := storetest.App(t)
	dana, mia, theirs := a.Member(t, a.Dana, a.Agency), a.Member(t, a.Mia, a.Acme), b.Member(t, b.Dana, b.Agency)
	for _, table := range []string{"billing", "billing_subscriptions", "billing_invoices", "billing_sent"} {
		for who, c := range map[string]struct {
			me   store.Member
			sees int64
		}{"the owner": {dana, 1}, "a client": {mia, 0}, "another agency": {theirs, 0}} {
			if n, err := try(t, conn, &c.me, `select from `+table+` where tenant_id = $1`, agency); err != nil || n != c.sees {
				t.Errorf("%s sees %d rows of %s, %v", who, n, table, err)
			}
		}
		for what, sql := range map[string]string{"deletes": `delete from ` + table, "takes": `update ` + table + ` set tenant_id = tenant_id`} {
			if _, err := try(t, conn, &dana, sql); sqlState(err) != insufficientPrivilege {
				t.Errorf("the owner %s rows of %s: %v", what, table, err)
			}
		}
		for setting, value := range map[string]string{"app.support_session_id": store.NewID().String(), "app.api_key_id": store.NewID().String(), "app.party": "client"} {
			if n := billingSeen(t, dana, setting, value, table); n != 0 {
				t.Errorf("with %s %d rows of %s are seen", setting, n, table)
			}
		}
		if n := billingSeen(t, dana, "app.drafts", "", table); n != 1 {
			t.Errorf("the owner in person sees %d rows of %s", n, table)
		}
	}
	for what, sql := range map[string]string{
		"the state":      `update billing set status = 'active', plan = 'enterprise', read_only_since = null`,
		"a subscription": `update billing_subscriptions set status = 'active'`,
		"an invoice":     `update billing_invoices set settled_at = now()`,
	} {
		for who, me := range map[string]store.Member{"the owner": dana, "another agency": theirs} {
			if n, err := try(t, conn, &me, sql+` where tenant_id = $1`, agency); n != 0 {
				t.Errorf("%s changes %s: %d, %v", who, what, n, err)
			}
		}
	}
	for what, sql := range map[string]string{
		"a subscription": `insert into billing_subscriptions (tenant_id, id, customer_id, status, prices, event_at, event_rank, event_id) values ($1, 'sub_2', 'cus_1', 'active', '{}', now(), 0, 'evt_1')`,
		"an invoice":     `insert into billing_invoices (tenant_id, id, customer_id, subscription_id, is_first) values ($1, 'in_2', 'cus_1', 'sub_1', false)`,
	} {
		if _, err := try(t, conn, &dana, sql, agency); sqlState(err) != insufficientPrivilege {
			t.Errorf("the owner adds %s: %v", what, err)
		}
	}
}

// billingSeen is how many rows of a table a member sees with one more setting.
func billingSeen(t *testing.T, me store.Member, setting, value, table string) (n int) {
	t.Helper()
	tx, err := storetest.App(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	as(t, tx, me)
	if _, err := tx.Exec(t.Context(), `select set_config($1, $2, true)`, setting, value); err != nil {
		t.Fatal(err)
	}
	if err := tx.QueryRow(t.Context(), `select count(*) from `+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// The narrow functions of billing do nothing for people, for jobs that somebody caused, and
// in another agency. For the server without a person, and for its jobs in the agency, they do.
func TestNarrowFunctionsOfBilling(t *testing.T) {
	t.Parallel()
	a, agency, customer := billedAgency(t)
	b, other, _ := billedAgency(t)
	dana := a.Member(t, a.Dana, a.Agency)
	acme := a.Member(t, a.Dana, a.Acme).TenantID()
	for _, slug := range []string{a.Acme, b.Acme} { // one of each agency's clients used something
		if _, err := storetest.AdminPool().Exec(t.Context(), `insert into usage_hours (tenant_id, metric, hour, quantity) select id, 'ai_runs', '2020-01-01', 1 from tenants where slug = $1`, slug); err != nil {
			t.Fatal(err)
		}
	}
	event, due := "evt_"+store.NewID().String(), store.NewID()
	if _, err := storetest.AdminPool().Exec(t.Context(), `
insert into stripe_events (id, kind, created, received_at, customer_id, subscription_id, payload)
values ($1, 'invoice.paid', now(), now() - interval '90 minutes', $2, '', '{}')`, event, customer); err != nil {
		t.Fatal(err)
	}
	if _, err := storetest.AdminPool().Exec(t.Context(), `update billing set due_at = now() - interval '1 hour' where tenant_id = $1`, agency); err != nil {
		t.Fatal(err)
	}
	none := map[string]string{}
	job := func(tenant uuid.UUID) map[string]string {
		return map[string]string{"app.tenant_id": tenant.String(), "app.party": "system"}
	}
	caused := job(agency)
	caused["app.user_id"] = dana.ID().String()
	owner := map[string]string{"app.tenant_id": agency.String(), "app.party": "agency", "app.user_id": dana.ID().String(), "app.actor_id": dana.ID().String()}
	supported := map[string]string{"app.support_session_id": due.String()}
	for k, v := range owner {
		supported[k] = v
	}
	stranger := b.Member(t, b.Dana, b.Agency)
	theirs := map[string]string{"app.tenant_id": other.String(), "app.party": "agency", "app.user_id": stranger.ID().String(), "app.actor_id": stranger.ID().String()}
	contexts := map[string]map[string]string{"nobody": none, "a job": job(agency), "a job that somebody caused": caused, "a job of another agency": job(other),
		"a job in a client": job(acme), "the owner": owner, "the owner through support": supported, "another agency's owner": theirs,
		"a side without a person": {"app.tenant_id": agency.String(), "app.party": "agency"}, "a tenant alone": {"app.tenant_id": agency.String()}}
	for call, may := range map[string][]string{
		`select count(*) from lookup.stripe_event('` + event + `')`:                                           {"a job"},
		`select case when lookup.stripe_worked('` + event + `', 'x') then 1 else 0 end`:                       {"a job"},
		`select case when lookup.stripe_customer_ended('` + customer + `', now()) then 1 else 0 end`:          {"a job"},
		`select case when lookup.billing_applied('growth', null) is not null then 1 else 0 end`:               {"a job", "a job of another agency"},
		`select case when lookup.stripe_route('` + event + `') is not null then 1 else 0 end`:                 {"nobody"},
		`select case when lookup.stripe_received('evt_new', 'x', now(), '', '', '{}', 'x') then 1 else 0 end`: {"nobody"},
		`select coalesce(sum(quantity), 0)::int from lookup.my_use('{ai_runs}', '2020-01-01', '2020-01-02')`:  {"a job", "a job of another agency"},
		`select count(*) from lookup.billing_due(1000) x where x = '` + agency.String() + `'`:                 {"nobody"},
		`select count(*) from lookup.stripe_unworked(100) x where x = '` + event + `'`:                        {"nobody"},
		`select count(*) from lookup.billed_agencies(null, 1000) x where x = '` + agency.String() + `'`:       {"nobody"},
		`select count(*) from lookup.stripe_customers_of_mine(false) where id = '` + customer + `'`:           {"a job", "the owner", "a job that somebody caused"},
		`select count(*) from lookup.stripe_customers_of_mine(true)`:                                          {},
		`select case when lookup.stripe_bind('` + customer + `', false) then 1 else 0 end`:                    {"the owner"},
		`select case when lookup.stripe_bind('` + customer + `', true) then 1 else 0 end`:                     {},
	} {
		for who, settings := range contexts {
			want := 0
			for _, m := range may {
				if m == who {
					want = 1
				}
			}
			if got := inContext(t, settings, call); got != want {
				t.Errorf("%s for %s: %d, want %d", call, who, got, want)
			}
		}
	}
}

// inContext runs a query as the app under these settings, and takes back what it did.
func inContext(t *testing.T, settings map[string]string, sql string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), storetest.Server().AppURL("portico"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	for k, v := range settings {
		if _, err := tx.Exec(t.Context(), `select set_config($1, $2, true)`, k, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", sql, err))
	}
	return n
}

// What a webhook said is kept for 90 days. That it came is kept for ever, so that it does
// nothing when it comes again.
func TestPayloadsOfWebhooksAreForgotten(t *testing.T) {
	t.Parallel()
	id := "evt_" + store.NewID().String()
	e := store.StripeEvent{ID: id, Kind: "invoice.paid", Created: time.Now(), Payload: []byte(`{}`), Outcome: "not handled"}
	if fresh, err := storetest.Billed(t).StoreStripeEvent(t.Context(), e); err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	for _, days := range []int{89, 91} {
		kept := days < 90
		if _, err := storetest.AdminPool().Exec(t.Context(), `update stripe_events set received_at = now() - make_interval(days => $2) where id = $1`, id, days); err != nil {
			t.Fatal(err)
		}
		if _, err := storetest.DB().Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		var there bool
		if err := storetest.AdminPool().QueryRow(t.Context(), `select payload is not null from stripe_events where id = $1`, id).Scan(&there); err != nil || there != kept {
			t.Errorf("after %d days the payload is there: %v, %v", days, there, err)
		}
		if fresh, err := storetest.Billed(t).StoreStripeEvent(t.Context(), e); err != nil || fresh {
			t.Errorf("it comes again and is new: %v, %v", fresh, err)
		}
	}
}
