// Package billing is paying by Stripe: the pages of an agency's owners, and the webhooks
// that decide its plan. Nothing that a browser sends does.
package billing

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"unicode/utf8"

	"portico/handlers/stripe"
	"portico/handlers/web"
	"portico/store"
)

// Config is what a [Service] works with.
type Config struct {
	DB     *store.DB
	Stripe *stripe.Client
	URL    *url.URL // PORTICO_URL, to which Stripe leads people back
	Log    *slog.Logger
}

// Service serves the pages of billing, and Stripe's webhooks.
type Service struct {
	db     *store.DB
	stripe *stripe.Client
	url    *url.URL
	log    *slog.Logger
}

// New makes a [Service].
func New(c Config) *Service { return &Service{db: c.DB, stripe: c.Stripe, url: c.URL, log: c.Log} }

// Webhook stores what Stripe sends, once its signature is verified, and queues its work. A
// repeat is answered like the first, so that Stripe stops to send it. The answer has no
// body, so it tells nobody anything.
func (s *Service) Webhook(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, stripe.MaxEvent))
	if err != nil {
		return err
	}
	e, err := s.stripe.Verify(payload, r.Header.Get("Stripe-Signature"))
	if errors.Is(err, stripe.ErrForged) {
		return &web.Problem{Status: http.StatusBadRequest, Sentence: "The signature is missing, wrong or too old.", Cause: err}
	}
	if err != nil || !utf8.Valid(payload) {
		return &web.Problem{Status: http.StatusBadRequest, Sentence: "That is no event.", Cause: err}
	}
	if payload, err = kept(payload); err != nil {
		return err
	}
	stored := store.StripeEvent{ID: e.ID, Kind: e.Kind, Created: e.Created, Payload: payload}
	_, known := handled[e.Kind]
	switch {
	case e.Live != s.stripe.Live():
		stored.Outcome = "other mode"
	case e.Account != "":
		stored.Outcome = "connected account"
	case !known:
		stored.Outcome = "not handled"
	default:
		if stored.Customer, stored.Subscription, err = namesIn(e.Object); err != nil {
			stored.Customer, stored.Subscription, stored.Outcome = "", "", "unreadable"
		}
	}
	fresh, err := s.db.StoreStripeEvent(r.Context(), stored)
	if err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "webhook", "request_id", web.RequestID(r), "event", e.ID, "type", e.Kind, "fresh", fresh, "outcome", stored.Outcome)
	w.WriteHeader(http.StatusOK)
	return nil
}
