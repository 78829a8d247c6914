package billing

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"portico/handlers/frame"
	"portico/handlers/stripe"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// account is what the page of billing shows.
type account struct {
	now       store.BillingState
	plan      store.TenantPlan
	used      []store.Usage
	customers []store.StripeCustomer
	fresh     bool
}

func (a *account) reads(me store.Member, live bool) []store.Read {
	return []store.Read{store.GetBilling(&a.now), store.GetPlan(&a.plan), store.ListUsage(&a.used), store.ListStripeCustomers(live, &a.customers), store.FreshStepUp(me, &a.fresh)}
}

// customer is the customer in use, "" for none.
func (a *account) customer() string {
	if len(a.customers) == 0 || a.customers[0].EndedAt != nil {
		return ""
	}
	return a.customers[0].ID
}

// mayChoose returns why the agency can't choose a plan now, nil if it can. Stripe is asked
// too, before anybody pays: it knows of subscriptions that no webhook told yet.
func (a *account) mayChoose() error {
	switch {
	case a.now.Subscriptions > 0:
		return errSubscribed
	case a.now.OwedSince != nil:
		return errOwed
	}
	return nil
}

// Show is the page of what an agency pays. Coming back from Stripe changes nothing on it:
// only a webhook does.
func (s *Service) Show(w http.ResponseWriter, r *http.Request, me store.Member) error {
	return s.page(w, r, me, http.StatusOK, "")
}

func (s *Service) page(w http.ResponseWriter, r *http.Request, me store.Member, status int, wrong string) error {
	var a account
	if err := s.db.Read(r.Context(), me, a.reads(me, s.stripe.Live())...); err != nil {
		return err
	}
	c, came := frame.Tenant(r, me), r.URL.Query()
	p := views.BillingProps{
		Plan: frame.PlanName(a.plan.Plan), Status: statusWords[a.now.Status], NextInvoice: frame.OrZero(a.now.PeriodEnd), EndsAt: frame.OrZero(a.now.EndsAt),
		Owed: a.now.OwedSince != nil, GraceUntil: frame.OrZero(a.now.GraceUntil), ReadOnly: a.now.ReadOnlySince != nil,
		Twice: a.now.Subscriptions > 1, UnknownPrice: a.now.UnknownPrice, Subscribed: a.now.Subscriptions > 0,
		Back: came.Has("back"), NotPaid: came.Has("not_paid"), Wrong: wrong,
		CanPay: me.May(store.PayBills), Fresh: a.fresh, HasCustomer: a.customer() != "", Over: Over(s.db.Plans(), a.plan, a.used),
		First: frame.PlanName(s.db.Plans().First()),
	}
	if p.CanPay && a.mayChoose() == nil && !p.Back {
		p.Plans = s.offered(a.plan.Plan)
	}
	return views.Render(w, r, status, views.Billing(c, p))
}

// offered are the plans that can be bought, and before them the one that the agency has.
func (s *Service) offered(now string) (offered []views.BillingPlan) {
	for _, plan := range s.db.Plans().All() {
		if plan.Price != "" || plan.Name == now {
			offered = append(offered, views.BillingPlan{
				Name: plan.Name, Label: frame.PlanName(plan.Name), Allows: allows(plan), ByUse: s.paidByUse(plan), Now: plan.Name == now,
			})
		}
	}
	return offered
}

// paidByUse names what of a plan is paid by use, "" for nothing.
func (s *Service) paidByUse(plan store.Plan) string {
	var names []string
	for m := range plan.Metered {
		names = append(names, frame.MetricName(s.db.Plans(), m))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// statusWords are the states of a subscription in the words of the page.
var statusWords = map[store.SubscriptionStatus]string{
	store.NoSubscription:       "No subscription",
	store.SubscriptionTrialing: "On trial",
	store.SubscriptionActive:   "Active",
	store.SubscriptionPastDue:  "A payment failed",
	store.SubscriptionUnpaid:   "Not paid",
	store.SubscriptionPaused:   "Paused",
	store.SubscriptionCanceled: "Cancelled",
}

// allows says what a plan allows an agency.
func allows(plan store.Plan) string {
	return ui.Count(int(plan.Limits[store.Clients]), "client", "clients") + ", a team of " + ui.Number(plan.Limits[store.Users]) + ", " +
		ui.Size(plan.Limits[store.Storage]) + " of files in each client"
}

// Over says what an agency uses more of than its plan allows: "7 of 5 people".
func Over(plans store.Plans, plan store.TenantPlan, use []store.Usage) (over []string) {
	for _, m := range []store.Metric{store.Users, store.Clients} {
		used := store.UsedNow(use, m)
		if limit, limited := plans.Limit(plan, m); limited && used > limit {
			noun := "people"
			if m == store.Clients {
				noun = "clients"
			}
			over = append(over, fmt.Sprintf("%s of %s %s", ui.Number(used), ui.Number(limit), noun))
		}
	}
	return over
}

var (
	errNoPlan     = errors.New("no plan that can be bought")
	errSubscribed = errors.New("there is a subscription")
	errOwed       = errors.New("an invoice is open")
	errNoCustomer = errors.New("no customer of Stripe")
)

// Checkout leads an owner to Stripe, to subscribe to a plan. The browser names the plan;
// its prices are the installation's. The plan changes when Stripe says that it is paid.
func (s *Service) Checkout(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	name := f.Raw("plan")
	prices, ok := s.db.Plans().ToBuy(name)
	var a account
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		if err := tx.RequirePayer(r.Context(), "billing.checkout_opened", name); err != nil {
			return err
		}
		if !ok {
			return errNoPlan
		}
		for _, read := range a.reads(me, s.stripe.Live()) {
			if err := tx.Read(r.Context(), read); err != nil {
				return err
			}
		}
		return a.mayChoose()
	})
	var there string
	if err == nil {
		there, err = s.startCheckout(r.Context(), me, a, prices)
	}
	switch {
	case errors.Is(err, store.ErrStepUp):
		return frame.StepUpFirst(w, r, frame.Base(r, me).Billing())
	case errors.Is(err, errNoPlan):
		return s.page(w, r, me, http.StatusUnprocessableEntity, "Choose one of the plans.")
	case errors.Is(err, errSubscribed):
		return s.page(w, r, me, http.StatusConflict, "There is a subscription already. Change its plan under Manage payment.")
	case errors.Is(err, errOwed):
		return s.page(w, r, me, http.StatusConflict, "An invoice is open. Pay it under Manage payment, then choose a plan.")
	case err != nil:
		return s.unanswered(r, err)
	}
	return toStripe(w, r, there)
}

// startCheckout makes a page at Stripe and returns its address, or [errSubscribed] if there
// is a subscription. Stripe is asked once more when all other pages are ended: until then
// somebody could pay on one of them. So of two owners at once, at most one can pay.
func (s *Service) startCheckout(ctx context.Context, me store.Member, a account, prices []string) (there string, err error) {
	customer, err := s.customerOf(ctx, me, a)
	if err != nil {
		return "", err
	}
	if err := s.refuseSecond(ctx, customer); err != nil {
		return "", err
	}
	base := views.Base(s.url.String()) + views.PathBase(me.Tenant.Slug)
	id, there, err := s.stripe.StartCheckout(ctx, stripe.Checkout{
		Customer: customer, Prices: prices, ByUse: len(prices) - 1, SuccessURL: base.BillingBack(), CancelURL: base.BillingNotPaid(),
	})
	if err != nil {
		return "", err
	}
	if err := s.stripe.EndCheckouts(ctx, customer, id); err != nil {
		return "", err
	}
	if err := s.refuseSecond(ctx, customer); err != nil {
		return "", errors.Join(err, s.stripe.EndCheckouts(ctx, customer, ""))
	}
	return there, nil
}

// refuseSecond returns [errSubscribed] if Stripe knows a subscription of the customer that
// hasn't ended, whatever the webhooks told.
func (s *Service) refuseSecond(ctx context.Context, customer string) error {
	states, err := s.stripe.Subscriptions(ctx, customer)
	if err != nil {
		return err
	}
	for _, state := range states {
		if !stripe.HasEnded(state) {
			return errSubscribed
		}
	}
	return nil
}

// customerOf is the agency's customer at Stripe. If it has none, it makes one, and binds it
// before anybody can pay, so that every webhook about it leads to this agency.
func (s *Service) customerOf(ctx context.Context, me store.Member, a account) (string, error) {
	if id := a.customer(); id != "" {
		return id, nil
	}
	id, err := s.stripe.CreateCustomer(ctx, stripe.NewCustomer{
		Name: me.Tenant.Name, Email: me.Email, Agency: me.TenantID().String(),
		IdempotencyKey: customerKey(me, len(a.customers), time.Now()),
	})
	if err != nil {
		return "", err
	}
	return id, s.db.Write(ctx, me.DespiteUnpaid(), func(tx *store.Tx) error { return tx.BindStripeCustomer(ctx, id) })
}

// customerKey is the idempotency key of a new customer. The same owner who tries again
// within the hour gets the same customer. Stripe refuses a key with other data than before,
// so another name or address has another key. Of two owners at once, one is told that
// something changed, and their customer stays unused at Stripe.
func customerKey(me store.Member, before int, now time.Time) string {
	data := sha256.Sum256([]byte(me.Tenant.Name + "\x00" + me.Email))
	return fmt.Sprintf("portico-customer-%s-%d-%s-%x-%s", me.TenantID(), before, me.ID(), data[:8], now.UTC().Format("2006010215"))
}

// Portal leads an owner to Stripe's pages for the card, the plan, invoices and the end.
func (s *Service) Portal(w http.ResponseWriter, r *http.Request, me store.Member) error {
	var a account
	err := s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		if err := tx.RequirePayer(r.Context(), "billing.portal_opened", ""); err != nil {
			return err
		}
		if err := tx.Read(r.Context(), store.ListStripeCustomers(s.stripe.Live(), &a.customers)); err != nil {
			return err
		}
		if a.customer() == "" {
			return errNoCustomer
		}
		return nil
	})
	switch {
	case errors.Is(err, store.ErrStepUp):
		return frame.StepUpFirst(w, r, frame.Base(r, me).Billing())
	case errors.Is(err, errNoCustomer):
		return s.page(w, r, me, http.StatusConflict, "Choose a plan first.")
	case err != nil:
		return err
	}
	base := views.Base(s.url.String()) + views.PathBase(me.Tenant.Slug)
	there, err := s.stripe.OpenPortal(r.Context(), a.customer(), base.BillingBack())
	if err != nil {
		return s.unanswered(r, err)
	}
	return toStripe(w, r, there)
}

// toStripe shows a page that goes on to Stripe: our content security policy refuses a
// redirect to another host after a form.
func toStripe(w http.ResponseWriter, r *http.Request, there string) error {
	w.Header().Set("Refresh", "0; url="+there)
	return views.Render(w, r, http.StatusOK, views.ToProvider(views.ToProviderProps{Label: "Stripe", URL: there}))
}

// unanswered says that Stripe doesn't answer, or refuses. What it said goes to the log,
// without what was sent.
func (s *Service) unanswered(r *http.Request, err error) error {
	_, refused := errors.AsType[*stripe.Error](err)
	if !refused && !errors.Is(err, stripe.ErrUnreachable) {
		return err
	}
	return &web.Problem{
		Status: http.StatusServiceUnavailable, Title: "Stripe doesn't answer", Cause: err,
		Sentence: "Try again in a few minutes.", Saved: "Nothing was paid and nothing changed.",
		Link: web.Link{URL: cmp.Or(web.CameFrom(r), views.PathHome), Label: "Go back"},
	}
}
