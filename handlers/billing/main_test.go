package billing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v85/webhook"

	"portico/e2e/storetest"
	"portico/handlers/billing"
	"portico/handlers/stripe"
	"portico/handlers/web"
	"portico/store"
	"portico/store/queue"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// The secrets of the tests. Nobody else has them, so Stripe never signed anything here.
const (
	webhookSecret = "whsec_ofTheTestsOfBilling"
	olderSecret   = "whsec_ofTheTestsBeforeThat"
)

// service is the room over a Stripe at which nobody listens.
func service(t *testing.T, log *bytes.Buffer) *billing.Service {
	t.Helper()
	client, err := stripe.New(stripe.Config{Key: "sk_test_ofTheTestsOfBilling", WebhookSecrets: []string{webhookSecret, olderSecret}, URL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	return billing.New(billing.Config{DB: storetest.Billed(t), Stripe: client, URL: &url.URL{Scheme: "http", Host: "localhost"}, Log: web.NewLogger(log, slog.LevelDebug)})
}

// payer is an agency that is a customer of Stripe.
type payer struct {
	*storetest.Tenants
	t        *testing.T
	customer string
	tenant   uuid.UUID
	service  *billing.Service
	log      *bytes.Buffer
}

var ids atomic.Int64

// stripeID is an id that no other test has.
func stripeID(kind string) string {
	return fmt.Sprintf("%s_%s%d", kind, strings.ReplaceAll(store.NewID().String(), "-", ""), ids.Add(1))
}

func newPayer(t *testing.T) *payer {
	t.Helper()
	p := &payer{Tenants: storetest.Agency(t), t: t, customer: stripeID("cus"), log: &bytes.Buffer{}}
	p.service = service(t, p.log)
	dana := p.Member(t, p.Dana, p.Agency)
	p.tenant = dana.TenantID()
	storetest.Plan(t, p.Agency, "starter")
	if err := bind(t, dana, p.customer); err != nil {
		t.Fatal(err)
	}
	return p
}

func bind(t *testing.T, me store.Member, customer string) error {
	t.Helper()
	return storetest.Billed(t).Write(t.Context(), me, func(tx *store.Tx) error { return tx.BindStripeCustomer(t.Context(), customer) })
}

// event is a webhook as Stripe documents it.
type event struct {
	id, kind string
	created  time.Time
	live     bool
	account  string
	object   map[string]any
}

func (e event) payload(t *testing.T) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{"id": e.id, "object": "event", "api_version": "2026-03-25.dahlia", "type": e.kind,
		"created": e.created.Unix(), "livemode": e.live, "account": e.account, "data": map[string]any{"object": e.object}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func signed(payload []byte, secret string, at time.Time) string {
	return fmt.Sprintf("t=%d,v1=%x", at.Unix(), webhook.ComputeSignature(at, payload, secret))
}

// post sends a webhook and returns the status of the answer.
func (p *payer) post(payload []byte, signature string) int {
	p.t.Helper()
	r := httptest.NewRequestWithContext(p.t.Context(), http.MethodPost, "/billing/stripe", bytes.NewReader(payload))
	if signature != "" {
		r.Header.Set("Stripe-Signature", signature)
	}
	w := httptest.NewRecorder()
	err := p.service.Webhook(w, r, store.Visitor{})
	switch problem := (*web.Problem)(nil); {
	case err == nil:
		return w.Code
	case asProblem(err, &problem):
		return problem.Status
	case strings.Contains(err.Error(), "too large"):
		return http.StatusRequestEntityTooLarge
	default:
		p.t.Fatal(err)
		return 0
	}
}

func asProblem(err error, to **web.Problem) bool {
	p, ok := err.(*web.Problem)
	*to = p
	return ok
}

// deliver sends a webhook, signed as Stripe would sign it now, and works it off.
func (p *payer) deliver(e event, now time.Time) {
	p.t.Helper()
	payload := e.payload(p.t)
	if got := p.post(payload, signed(payload, webhookSecret, time.Now())); got != http.StatusOK {
		p.t.Fatalf("%s: %d", e.kind, got)
	}
	p.work(e.id, now)
}

// work runs the jobs of a webhook as they were queued.
func (p *payer) work(id string, now time.Time) {
	p.t.Helper()
	if err := storetest.Billed(p.t).RouteStripeEvent(p.t.Context(), id); err != nil {
		p.t.Fatal(err)
	}
	rows, err := storetest.AdminPool().Query(p.t.Context(), `select args from river.river_job where kind = 'billing_event' and args ->> 'event' = $1`, id)
	if err != nil {
		p.t.Fatal(err)
	}
	defer rows.Close()
	var jobs []queue.BillingEvent
	for rows.Next() {
		var args []byte
		var job queue.BillingEvent
		if err := rows.Scan(&args); err != nil {
			p.t.Fatal(err)
		}
		if err := json.Unmarshal(args, &job); err != nil {
			p.t.Fatal(err)
		}
		jobs = append(jobs, job)
	}
	for _, job := range jobs {
		if job.Tenant != p.tenant {
			p.t.Errorf("%s leads to another tenant", id)
		}
		p.inTenant(&job, func(ctx context.Context, tx *store.Tx) error {
			return tx.WorkStripeEvent(ctx, job.Event, now, billing.ReadChange)
		})
	}
}

// inTenant runs what a signed job does.
func (p *payer) inTenant(args queue.TenantJob, do func(context.Context, *store.Tx) error) {
	p.t.Helper()
	j, err := storetest.Billed(p.t).VerifyJob(args, store.JobPolicy{AnyTenantState: true})
	if err != nil {
		p.t.Fatal(err)
	}
	if err := storetest.Billed(p.t).Work(p.t.Context(), j, func(tx *store.Tx) error { return do(p.t.Context(), tx) }); err != nil {
		p.t.Fatal(err)
	}
}

// wait lets time alone pass, up to now.
func (p *payer) wait(now time.Time) {
	p.t.Helper()
	job := &queue.BillingTime{Signature: queue.Signature{Tenant: p.tenant}}
	if err := queue.NewSigner(storetest.SigningKey).Sign(job); err != nil {
		p.t.Fatal(err)
	}
	p.inTenant(job, func(ctx context.Context, tx *store.Tx) error { return tx.PassBillingTime(ctx, now) })
}

// state is everything that follows from the webhooks: the row of billing, the plan, and
// whether the agency is read-only.
func (p *payer) state() string {
	p.t.Helper()
	return ask[string](p.t, `
select jsonb_build_object('plan', t.plan, 'read_only', t.read_only_since, 'billing', to_jsonb(b) - 'changed_at' - 'tenant_id')::text
from tenants t
left join billing b on b.tenant_id = t.id
where t.id = $1`, p.tenant)
}

func (p *payer) plan() string {
	p.t.Helper()
	return ask[string](p.t, `select plan from tenants where id = $1`, p.tenant)
}

func (p *payer) readOnly() bool {
	p.t.Helper()
	return ask[bool](p.t, `select read_only_since is not null from tenants where id = $1`, p.tenant)
}

// outcome is what came of a webhook, "" while it isn't worked off.
func outcome(t *testing.T, id string) string {
	t.Helper()
	return ask[string](t, `select coalesce((select outcome from stripe_events where id = $1), 'not stored')`, id)
}

// forget lets the agency be as before all webhooks.
func (p *payer) forget() {
	p.t.Helper()
	for _, sql := range []string{
		`delete from billing where tenant_id = $1`, `delete from billing_subscriptions where tenant_id = $1`, `delete from billing_invoices where tenant_id = $1`,
		`delete from stripe_subscriptions s using stripe_customers c where c.id = s.customer_id and c.agency_id = $1`,
		`delete from stripe_events e using stripe_customers c where c.id = e.customer_id and c.agency_id = $1`,
		`update stripe_customers set ended_at = null where agency_id = $1`,
		`update tenants set plan = 'starter', read_only_since = null where id = $1`,
	} {
		if _, err := storetest.AdminPool().Exec(p.t.Context(), sql, p.tenant); err != nil {
			p.t.Fatal(err)
		}
	}
}

func ask[T any](t *testing.T, sql string, args ...any) (v T) {
	t.Helper()
	if err := storetest.AdminPool().QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// mails are the notices that the owners were sent, in order.
func (p *payer) mails() (notices []string) {
	p.t.Helper()
	rows, err := storetest.AdminPool().Query(p.t.Context(), `select args ->> 'notice' from river.river_job where kind = 'billing_mail' and args ->> 'tenant' = $1 order by id`, p.tenant.String())
	if err != nil {
		p.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var notice string
		if err := rows.Scan(&notice); err != nil {
			p.t.Fatal(err)
		}
		notices = append(notices, notice)
	}
	return notices
}

// verbs are the acts of billing in the agency's trail, in order.
func (p *payer) verbs() string {
	p.t.Helper()
	return ask[string](p.t, `
select coalesce(string_agg(verb, ' ' order by at, id), '')
from audit_events
where tenant_id = $1
  and (starts_with(verb, 'billing.') or verb = 'plan.changed')
  and verb <> 'billing.customer_bound'`, p.tenant)
}

// subscriptionOf is a subscription as Stripe shows it in a webhook. With the price of a plan
// it has the prices by use of the plan.
func (p *payer) subscriptionOf(id, status, price string, periodEnd time.Time) map[string]any {
	items := []any{}
	for _, of := range append([]string{price}, byUse[price]...) {
		items = append(items, map[string]any{"current_period_end": periodEnd.Unix(), "price": map[string]any{"id": of}})
	}
	return map[string]any{"id": id, "object": "subscription", "customer": p.customer, "status": status, "items": map[string]any{"data": items}}
}

// byUse are the prices by use that belong to the price of a plan of [storetest.Billed].
var byUse = map[string][]string{"price_growth": {"price_growthRuns"}}

func (p *payer) invoiceOf(id, subscription, reason string) map[string]any {
	return map[string]any{"id": id, "object": "invoice", "customer": p.customer, "billing_reason": reason,
		"parent": map[string]any{"subscription_details": map[string]any{"subscription": subscription}}}
}

func newEvent(kind string, created time.Time, object map[string]any) event {
	return event{id: stripeID("evt"), kind: kind, created: created, object: object}
}

func errorsIs(err, target error) bool { return errors.Is(err, target) }

func errorsAs[T error](err error, to *T) bool { return errors.As(err, to) }
