package jobs

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/handlers/stripe"
	"portico/store"
	"portico/store/queue"
)

// counter is the test's own end of the line: it takes meter events as Stripe documents
// them, counts an identifier once, and says what it counted. It proves what is sent, not
// what Stripe does.
type counter struct {
	mu       sync.Mutex
	attempts []string         // identifiers, in the order in which they came
	counted  map[string]int64 // by identifier
	days     map[string]float64
	states   map[string]string
	breaks   int            // so many answers are lost after they were counted
	refuses  map[string]int // the status with which events of a meter are refused
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case r.URL.Path == "/v1/billing/meter_events":
		_ = r.ParseForm()
		var value int64
		fmt.Sscan(r.Form.Get("payload[value]"), &value)
		id := r.Form.Get("identifier")
		c.attempts = append(c.attempts, id)
		if status := c.refuses[r.Form.Get("event_name")]; status != 0 {
			w.Header().Set("Stripe-Should-Retry", "false")
			w.WriteHeader(status)
			fmt.Fprint(w, `{"error":{"type":"invalid_request_error","message":"No such meter"}}`)
			return
		}
		if _, again := c.counted[id]; again {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error":{"type":"invalid_request_error","message":"An event already exists with identifier %s."}}`, id)
			return
		}
		c.counted[id] = value
		if c.breaks > 0 {
			c.breaks--
			w.Header().Set("Stripe-Should-Retry", "false")
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, `{"error":{"type":"api_error"}}`)
			return
		}
		fmt.Fprint(w, `{"object":"billing.meter_event"}`)
	case r.URL.Path == "/v1/billing/meters":
		fmt.Fprint(w, `{"object":"list","data":[{"id":"mtr_1","object":"billing.meter","event_name":"ai_runs"}]}`)
	case strings.HasSuffix(r.URL.Path, "/event_summaries"):
		var data []map[string]any
		for day, n := range c.days {
			at, _ := time.Parse(time.DateOnly, day)
			data = append(data, map[string]any{"id": day, "start_time": at.Unix(), "aggregated_value": n})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"object": "list", "data": data})
	case r.URL.Path == "/v1/subscriptions":
		var data []map[string]any
		for id, state := range c.states {
			data = append(data, map[string]any{"id": id, "object": "subscription", "status": state})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"object": "list", "data": data})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// billedRunner is a runner that sends to the counter, and an agency that is a customer since
// ten days.
func billedRunner(t *testing.T) (*Runner, *counter, *storetest.Tenants, store.Job) {
	t.Helper()
	return billedRunnerOf(t, storetest.Billed(t))
}

func billedRunnerOf(t *testing.T, db *store.DB) (*Runner, *counter, *storetest.Tenants, store.Job) {
	t.Helper()
	c := &counter{counted: map[string]int64{}, days: map[string]float64{}, states: map[string]string{}, refuses: map[string]int{}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	cfg := testConfig(t, mails.URL(), &lockedBuffer{})
	client, err := stripe.New(stripe.Config{Key: "sk_test_ofTheTestsOfJobs", WebhookSecrets: []string{"whsec_ofTheTestsOfJobs"}, URL: server.URL})
	check(t, err)
	cfg.Stripe = client
	a, customer := storetest.Agency(t), customerID()
	dana := a.Member(t, a.Dana, a.Agency)
	check(t, storetest.Billed(t).Write(t.Context(), dana, func(tx *store.Tx) error { return tx.BindStripeCustomer(t.Context(), customer) }))
	storetest.Plan(t, a.Agency, "growth")
	do(t, admin(t), `update stripe_customers set bound_at = now() - interval '10 days' where id = $1`, customer)
	j, err := storetest.Billed(t).BillingJob(dana.TenantID())
	check(t, err)
	return newTestRunner(t, db, cfg, nil), c, a, j
}

func customerID() string { return "cus_" + strings.ReplaceAll(store.NewID().String(), "-", "") }

// used sets what a tenant used in an hour.
func used(t *testing.T, slug, metric string, hour time.Time, n int64) {
	t.Helper()
	do(t, admin(t), `
insert into usage_hours (tenant_id, metric, hour, quantity)
select id, $2, $3, $4 from tenants where slug = $1
on conflict (tenant_id, metric, hour) do update set quantity = excluded.quantity`, slug, metric, hour, n)
}

// What an agency's clients used is rolled up to it, hour by hour, and sent once: again,
// after a lost answer, and when an hour grew.
func TestUseIsSentOnce(t *testing.T) {
	t.Parallel()
	r, c, a, j := billedRunner(t)
	other := storetest.Agency(t)
	now := time.Now()
	hour := now.UTC().Truncate(time.Hour).Add(-5 * time.Hour)
	id := func(at time.Time, already int) string {
		return fmt.Sprintf("%s:ai_runs:%d:%d", j.TenantID(), at.Unix(), already)
	}
	used(t, a.Acme, "ai_runs", hour, 5)
	used(t, a.Globex, "ai_runs", hour, 7)
	used(t, a.Acme, "transfer", hour, 1000)                       // not paid by use
	used(t, a.Acme, "ai_runs", now.UTC().Truncate(time.Hour), 50) // not over yet
	used(t, a.Acme, "ai_runs", hour.AddDate(0, 0, -11), 50)       // before the agency was a customer
	used(t, other.Acme, "ai_runs", hour, 100)                     // of another agency
	send := func() error { return r.sendUsage(t.Context(), j, now) }
	c.breaks = 1
	if err := send(); err == nil {
		t.Error("a lost answer is taken for a success")
	}
	check(t, send())
	check(t, send())
	if len(c.attempts) != 2 || c.attempts[0] != id(hour, 0) || c.attempts[1] != id(hour, 0) || c.counted[id(hour, 0)] != 12 {
		t.Errorf("attempts %q, counted %v", c.attempts, c.counted)
	}
	used(t, a.Acme, "ai_runs", hour, 8)
	check(t, send())
	if c.counted[id(hour, 12)] != 3 {
		t.Errorf("an hour that grew by 3: %v", c.counted)
	}
	used(t, a.Acme, "ai_runs", hour, 1)
	check(t, send())
	if len(c.counted) != 2 || len(c.attempts) != 3 {
		t.Errorf("an hour that shrank: %v", c.counted)
	}
}

// What was used under a plan before it ended is noted then, and sent although the plan of
// afterwards isn't paid by use. What is used afterwards isn't.
func TestUseBeforeAPlanEndsIsSent(t *testing.T) {
	t.Parallel()
	r, c, a, j := billedRunner(t)
	now := time.Now()
	hour := now.UTC().Truncate(time.Hour).Add(-5 * time.Hour)
	used(t, a.Acme, "ai_runs", hour, 5)
	do(t, admin(t), `
insert into billing_subscriptions (tenant_id, id, customer_id, status, prices, ends_at, event_at, event_rank, event_id)
select agency_id, 'sub_was', id, 'canceled', '{price_growth,price_growthRuns}', now(), now(), 0, 'evt_1' from stripe_customers where agency_id = $1`, j.TenantID())
	check(t, storetest.Billed(t).Work(t.Context(), j, func(tx *store.Tx) error { return tx.PassBillingTime(t.Context(), now.Add(time.Minute)) }))
	if plan := ask[string](t, admin(t), `select plan from tenants where id = $1`, j.TenantID()); plan != "starter" {
		t.Fatalf("the plan is %s", plan)
	}
	used(t, a.Acme, "ai_runs", hour.Add(time.Hour), 50)
	check(t, r.sendUsage(t.Context(), j, now))
	if id := fmt.Sprintf("%s:ai_runs:%d:0", j.TenantID(), hour.Unix()); len(c.counted) != 1 || c.counted[id] != 5 {
		t.Errorf("counted %v", c.counted)
	}
}

// What may have arrived is not sent again when Stripe no longer tells repeats apart. The
// comparison names it.
func TestUncertainUseIsNotSentAgain(t *testing.T) {
	t.Parallel()
	r, c, a, j := billedRunner(t)
	now := time.Now()
	day := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -3)
	used(t, a.Acme, "ai_runs", day.Add(time.Hour), 5)
	c.breaks = 1
	if r.sendUsage(t.Context(), j, now) == nil {
		t.Fatal("a lost answer is taken for a success")
	}
	do(t, admin(t), `update billing_sent set noted_at = now() - interval '21 hours' where tenant_id = $1`, j.TenantID())
	check(t, r.sendUsage(t.Context(), j, now))
	if len(c.attempts) != 1 {
		t.Errorf("attempts %q", c.attempts)
	}
	found, err := r.compareBilling(t.Context(), j, now)
	check(t, err)
	if want := "ai_runs on " + day.Format(time.DateOnly) + ": here 5, at Stripe 0"; len(found) != 1 || found[0].String() != want {
		t.Errorf("found %v, want %s", found, want)
	}
}

// One meter that Stripe refuses stops no other one. What it refused is named, and sent when
// the meter is there, however much later. What may have arrived is not.
func TestRefusedUseIsSentLater(t *testing.T) {
	t.Parallel()
	r, c, a, j := billedRunnerOf(t, storetest.BilledWith(t, store.Billing{Grace: storetest.Grace}, func(plans string) string {
		return strings.Replace(plans, `"metered": {"ai_runs"`, `"metered": {"transfer": {"meter": "bytes", "price": "price_growthBytes"}, "ai_runs"`, 1)
	}))
	now := time.Now()
	hour := now.UTC().Truncate(time.Hour).Add(-5 * time.Hour)
	for i := range 3 {
		used(t, a.Acme, "ai_runs", hour.Add(time.Duration(i)*time.Hour), 5)
		used(t, a.Acme, "transfer", hour.Add(time.Duration(i)*time.Hour), 7)
	}
	counted := func(metric string) (sum int64) {
		for id, n := range c.counted {
			if strings.Contains(id, ":"+metric+":") {
				sum += n
			}
		}
		return sum
	}
	named := func() string {
		found, err := r.compareBilling(t.Context(), j, now)
		check(t, err)
		return fmt.Sprint(found)
	}
	for _, status := range []int{http.StatusBadRequest, http.StatusNotFound, http.StatusForbidden} {
		c.refuses["ai_runs"] = status
		err := r.sendUsage(t.Context(), j, now)
		if err == nil || !strings.Contains(err.Error(), "meter ai_runs") || !strings.Contains(err.Error(), fmt.Sprint(status)) || strings.Contains(err.Error(), "bytes") {
			t.Errorf("%d: %v", status, err)
		}
		if counted("transfer") != 21 || counted("ai_runs") != 0 {
			t.Errorf("%d: counted %v", status, c.counted)
		}
		if got, want := named(), "use of ai_runs that was refused: here 15, at Stripe 0"; !strings.Contains(got, want) {
			t.Errorf("%d: named %s, want %s", status, got, want)
		}
		// The day after, Stripe tells repeats apart no more.
		do(t, admin(t), `update billing_sent set noted_at = now() - interval '3 days' where tenant_id = $1`, j.TenantID())
	}
	c.refuses["ai_runs"] = 0
	c.breaks = 1 // counted, and nobody knows
	if err := r.sendUsage(t.Context(), j, now); err == nil || counted("ai_runs") != 5 {
		t.Errorf("a lost answer: %v, counted %v", err, c.counted)
	}
	check(t, r.sendUsage(t.Context(), j, now))
	check(t, r.sendUsage(t.Context(), j, now))
	if counted("ai_runs") != 15 || counted("transfer") != 21 || strings.Contains(named(), "refused") {
		t.Errorf("counted %v, named %s", c.counted, named())
	}
}

// Use is sent every hour, and compared once a day.
func TestUseIsSentEveryHour(t *testing.T) {
	t.Parallel()
	day, compared := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC), 0
	hours := map[string]bool{}
	for at := (hourly{after: 30 * time.Minute}).Next(day); at.Before(day.AddDate(0, 0, 1)); at = (hourly{after: 30 * time.Minute}).Next(at) {
		job := billingHour(at).(queue.HourlyBilling)
		hours[job.Hour] = at.Minute() == 30
		if job.Compare {
			compared++
		}
	}
	if len(hours) != 24 || compared != 1 {
		t.Errorf("%d hours, %d compared: %v", len(hours), compared, hours)
	}
}

// The comparison names each difference: a day, and a subscription, here and there. Its
// trail has each once, and a client's people don't see it.
func TestDifferencesAreNamed(t *testing.T) {
	t.Parallel()
	r, c, a, j := billedRunner(t)
	now := time.Now()
	day := func(n int) time.Time { return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, n) }
	used(t, a.Acme, "ai_runs", day(-4).Add(time.Hour), 5)
	used(t, a.Globex, "ai_runs", day(-4).Add(2*time.Hour), 5)
	used(t, a.Acme, "ai_runs", day(-3), 4)
	used(t, a.Acme, "ai_runs", day(-1), 8) // Stripe may still add it up
	used(t, a.Acme, "ai_runs", day(0), 9)  // today isn't over
	c.days[day(-4).Format(time.DateOnly)] = 10
	c.days[day(-3).Format(time.DateOnly)] = 6
	c.days[day(-2).Format(time.DateOnly)] = 1.5
	c.states["sub_there"], c.states["sub_tried"], c.states["sub_was"] = "active", "incomplete", "canceled"
	do(t, admin(t), `
insert into billing_subscriptions (tenant_id, id, customer_id, status, prices, event_at, event_rank, event_id)
select agency_id, 'sub_bare', id, 'active', '{price_growth}', now(), 0, 'evt_1' from stripe_customers where agency_id = $1`, j.TenantID())
	c.states["sub_bare"] = "active"
	want := []string{
		"prices of subscription sub_bare: here not all of a plan, at Stripe price_growth",
		"subscription sub_there: here unknown, at Stripe active",
		"subscription sub_tried: here unknown, at Stripe incomplete",
		"subscription sub_was: here unknown, at Stripe canceled",
		"subscriptions that haven't ended: here at most 1, at Stripe sub_bare sub_there sub_tried",
		"ai_runs on " + day(-3).Format(time.DateOnly) + ": here 4, at Stripe 6",
		"ai_runs on " + day(-2).Format(time.DateOnly) + ": here 0, at Stripe 1.5",
	}
	for range 2 {
		found, err := r.compareBilling(t.Context(), j, now)
		check(t, err)
		if fmt.Sprint(found) != fmt.Sprint(want) {
			t.Errorf("found %v, want %v", found, want)
		}
	}
	if n := ask[int](t, admin(t), `select count(*) from audit_events where tenant_id = $1 and verb = 'billing.difference_found'`, j.TenantID()); n != len(want) {
		t.Errorf("%d differences in the trail, want %d", n, len(want))
	}
	checked := map[uuid.UUID]int{}
	if _, err := r.CheckBilling(t.Context(), func(agency uuid.UUID, _ store.BillingDifference) { checked[agency]++ }); err != nil || checked[j.TenantID()] != len(want) {
		t.Errorf("the command finds %v, %v", checked, err)
	}
}

// A webhook goes through the queue to the agency's owners: the plan changes, and each
// owner gets a mail. Nobody else does.
func TestWebhookChangesThePlanAndMailsOwners(t *testing.T) {
	t.Parallel()
	r, a, customer := theRunner(t), storetest.Agency(t), customerID()
	dana := a.Member(t, a.Dana, a.Agency)
	check(t, storetest.Billed(t).Write(t.Context(), dana, func(tx *store.Tx) error { return tx.BindStripeCustomer(t.Context(), customer) }))
	storetest.Plan(t, a.Agency, "starter")
	now := time.Now()
	send := func(kind, object, sub string) {
		id := "evt_" + store.NewID().String()
		payload := fmt.Sprintf(`{"id":%q,"object":"event","type":%q,"created":%d,"data":{"object":%s}}`, id, kind, now.Unix(), object)
		_, err := storetest.Billed(t).StoreStripeEvent(t.Context(), store.StripeEvent{ID: id, Kind: kind, Created: now, Customer: customer, Subscription: sub, Payload: []byte(payload)})
		check(t, err)
	}
	sub := "sub_" + a.Suffix
	send("customer.subscription.created", fmt.Sprintf(`{"id":%q,"object":"subscription","customer":%q,"status":"active","items":{"data":[{"price":{"id":"price_enterprise"},"current_period_end":%d}]}}`, sub, customer, now.AddDate(0, 1, 0).Unix()), sub)
	waitFor(t, r, `select plan = 'enterprise' from tenants where id = $1`, dana.TenantID())
	if m := mailTo(t, a.Dana, "The plan is Enterprise now"); strings.Contains(m.Text(), "More is in use") {
		t.Errorf("the mail of a larger plan warns: %s", m.Text())
	}
	send("invoice.payment_failed", fmt.Sprintf(`{"id":"in_%s","object":"invoice","customer":%q,"subscription":%q,"billing_reason":"subscription_cycle"}`, a.Suffix, customer, sub), sub)
	m := mailTo(t, a.Dana, "A payment failed")
	if !strings.Contains(m.Text(), "https://portico.test/w/"+a.Agency+"/settings/billing") || strings.Contains(m.Text(), customer) {
		t.Errorf("the mail says %s", m.Text())
	}
	for _, other := range []string{a.Ravi, a.Mia, a.Gus} {
		for _, m := range mailsTo(t, other) {
			if strings.Contains(m.Subject(), "payment") || strings.Contains(m.Subject(), "The plan") {
				t.Errorf("%s gets %q", other, m.Subject())
			}
		}
	}
}
