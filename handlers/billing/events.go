package billing

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"portico/handlers/stripe"
	"portico/store"
)

// handled are the kinds of webhooks that change something, or name a subscription.
var handled = map[string]func(json.RawMessage) (store.BillingChange, error){
	"checkout.session.completed":    noted,
	"customer.subscription.created": subscription(store.SubscriptionCreated),
	"customer.subscription.updated": subscription(store.SubscriptionUpdated),
	"customer.subscription.paused":  subscription(store.SubscriptionUpdated),
	"customer.subscription.resumed": subscription(store.SubscriptionUpdated),
	"customer.subscription.deleted": subscription(store.SubscriptionDeleted),
	"invoice.paid":                  invoice(false),
	"invoice.payment_failed":        invoice(true),
	"invoice.voided":                invoice(false),
	"invoice.marked_uncollectible":  invoice(false),
	"customer.deleted": func(json.RawMessage) (store.BillingChange, error) {
		return store.BillingChange{CustomerDeleted: true}, nil
	},
}

// Kinds are the kinds of webhooks to choose for the endpoint at Stripe.
func Kinds() (kinds []string) {
	for kind := range handled {
		kinds = append(kinds, kind)
	}
	return kinds
}

// names are the customer and the subscription that the object of a webhook is about, in
// the places where Stripe's versions have them.
type names struct {
	ID           string   `json:"id"`
	Object       string   `json:"object"`
	Customer     expanded `json:"customer"`
	Subscription expanded `json:"subscription"` // of a checkout, and of an invoice before 2025
	Parent       struct {
		Details struct {
			Subscription expanded `json:"subscription"`
		} `json:"subscription_details"`
	} `json:"parent"`
}

// expanded is an id, or an object with one.
type expanded string

// UnmarshalJSON implements json.Unmarshaler.
func (e *expanded) UnmarshalJSON(b []byte) error {
	var id *string
	if json.Unmarshal(b, &id) == nil {
		if id != nil {
			*e = expanded(*id)
		}
		return nil
	}
	var in struct {
		ID string `json:"id"`
	}
	err := json.Unmarshal(b, &in)
	*e = expanded(in.ID)
	return err
}

// subscriptionID is what the database takes as the id of a subscription.
var subscriptionID = regexp.MustCompile(`^sub_[A-Za-z0-9]{1,250}$`)

// isID says whether the database can keep an id of Stripe's. It keeps no NUL.
func isID(id string) bool {
	return id != "" && len(id) <= 255 && !strings.ContainsRune(id, 0)
}

func namesIn(object json.RawMessage) (customer, sub string, err error) {
	var n names
	if err := json.Unmarshal(object, &n); err != nil {
		return "", "", err
	}
	customer = string(n.Customer)
	switch n.Object {
	case "customer":
		customer = n.ID
	case "subscription":
		sub = n.ID
	default:
		sub = string(n.Subscription)
		if sub == "" {
			sub = string(n.Parent.Details.Subscription)
		}
	}
	if customer != "" && !isID(customer) || sub != "" && !subscriptionID.MatchString(sub) {
		return "", "", fmt.Errorf("a strange id: %w", store.ErrUnreadable)
	}
	return customer, sub, nil
}

// ReadChange reads what a stored webhook says, for [store.Tx.WorkStripeEvent].
func ReadChange(kind string, payload []byte) (customer string, c store.BillingChange, err error) {
	e, err := stripe.ReadEvent(payload)
	read, known := handled[kind]
	if err != nil || !known || e.Kind != kind {
		return "", c, store.ErrUnreadable
	}
	if customer, _, err = namesIn(e.Object); err == nil {
		c, err = read(e.Object)
	}
	if err != nil {
		return "", store.BillingChange{}, fmt.Errorf("%w: %T", store.ErrUnreadable, err)
	}
	return customer, c, nil
}

// noted is for a checkout: it says that a customer has a subscription, and the webhooks of
// that one say which.
func noted(json.RawMessage) (store.BillingChange, error) { return store.BillingChange{}, nil }

// maxPrices is how many items of a subscription are read.
const maxPrices = 50

func subscription(change store.SubscriptionChange) func(json.RawMessage) (store.BillingChange, error) {
	return func(object json.RawMessage) (store.BillingChange, error) {
		var in struct {
			ID                string                   `json:"id"`
			Status            store.SubscriptionStatus `json:"status"`
			CancelAt          int64                    `json:"cancel_at"`
			CancelAtPeriodEnd bool                     `json:"cancel_at_period_end"`
			EndedAt           int64                    `json:"ended_at"`
			PeriodEnd         int64                    `json:"current_period_end"` // before 2025
			Items             struct {
				Data []struct {
					PeriodEnd int64 `json:"current_period_end"`
					Price     struct {
						ID string `json:"id"`
					} `json:"price"`
				} `json:"data"`
			} `json:"items"`
		}
		if err := json.Unmarshal(object, &in); err != nil {
			return store.BillingChange{}, err
		}
		if in.ID == "" || !in.Status.IsKnown() || len(in.Items.Data) > maxPrices {
			return store.BillingChange{}, store.ErrUnreadable
		}
		latest := max(in.CancelAt, in.EndedAt, in.PeriodEnd)
		s := store.SubscriptionSeen{ID: in.ID, Status: in.Status, Prices: []string{}, Change: change}
		end := in.PeriodEnd
		for _, item := range in.Items.Data {
			if !isID(item.Price.ID) {
				return store.BillingChange{}, store.ErrUnreadable
			}
			s.Prices = append(s.Prices, item.Price.ID)
			end = max(end, item.PeriodEnd)
		}
		if max(latest, end) > stripe.MaxTime {
			return store.BillingChange{}, store.ErrUnreadable
		}
		s.PeriodEnd = second(end)
		switch {
		case in.EndedAt > 0:
			s.EndsAt = second(in.EndedAt)
		case in.CancelAt > 0:
			s.EndsAt = second(in.CancelAt)
		case in.CancelAtPeriodEnd:
			s.EndsAt = s.PeriodEnd
		}
		return store.BillingChange{Subscription: &s}, nil
	}
}

func invoice(failed bool) func(json.RawMessage) (store.BillingChange, error) {
	return func(object json.RawMessage) (store.BillingChange, error) {
		var in struct {
			ID            string `json:"id"`
			BillingReason string `json:"billing_reason"`
		}
		if err := json.Unmarshal(object, &in); err != nil {
			return store.BillingChange{}, err
		}
		_, sub, err := namesIn(object)
		if err != nil || !isID(in.ID) {
			return store.BillingChange{}, store.ErrUnreadable
		}
		if sub == "" {
			return store.BillingChange{}, nil // an invoice that somebody wrote by hand
		}
		return store.BillingChange{Invoice: &store.InvoiceSeen{
			ID: in.ID, Subscription: sub, First: in.BillingReason == "subscription_create", Failed: failed,
		}}, nil
	}
}

// second is a time of Stripe's, nil for none.
func second(unix int64) *time.Time {
	if unix <= 0 {
		return nil
	}
	t := time.Unix(unix, 0).UTC()
	return &t
}
