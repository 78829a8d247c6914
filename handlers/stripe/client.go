// Package stripe asks Stripe for what billing needs, and verifies what Stripe sends. It
// knows nothing of tenants: package billing does.
package stripe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v85"
)

// Config says how to reach Stripe.
type Config struct {
	// Key is STRIPE_SECRET_KEY, a secret or restricted key.
	Key string
	// WebhookSecrets are STRIPE_WEBHOOK_SECRET, newest first.
	WebhookSecrets []string
	// URL is where Stripe's API is; "" is api.stripe.com. Only tests and a mock on this
	// machine have another.
	URL string
}

const (
	// requestTimeout is the time limit of one request, and timeout that of all attempts.
	requestTimeout = 8 * time.Second
	timeout        = 12 * time.Second
	retries        = 2
)

// Client asks Stripe. It is safe for concurrent use. It follows no redirects and logs
// nothing; its errors hold neither secrets nor people's data.
type Client struct {
	api     *sdk.Client
	secrets []string
	live    bool
}

// New makes a [Client] and connects to nothing.
func New(c Config) (*Client, error) {
	if !ValidKey(c.Key) {
		return nil, errors.New("stripe: the key is no secret or restricted key")
	}
	if len(c.WebhookSecrets) == 0 {
		return nil, errors.New("stripe: the secret of webhooks is missing")
	}
	backend := &sdk.BackendConfig{
		EnableTelemetry:   sdk.Bool(false),
		HTTPClient:        httpClient(),
		LeveledLogger:     &sdk.LeveledLogger{Level: sdk.LevelNull},
		MaxNetworkRetries: sdk.Int64(retries),
	}
	if c.URL != "" {
		if !Loopback(c.URL) {
			return nil, errors.New("stripe: the address is not on this machine")
		}
		backend.URL = sdk.String(strings.TrimSuffix(c.URL, "/"))
	}
	return &Client{
		api:     sdk.NewClient(c.Key, sdk.WithBackends(sdk.NewBackendsWithConfig(backend))),
		secrets: c.WebhookSecrets,
		live:    IsLive(c.Key),
	}, nil
}

// httpClient is the client for Stripe. The text of its refusal is the one that the library
// doesn't try again.
func httpClient() *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Client{
		Timeout: requestTimeout,
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           dialer.DialContext,
			ForceAttemptHTTP2:     true,
			TLSHandshakeTimeout:   5 * time.Second,
			ResponseHeaderTimeout: requestTimeout,
			IdleConnTimeout:       time.Minute,
			MaxIdleConns:          4,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("stopped after 0 redirects") },
	}
}

// ValidKey says whether a key has the form of a secret or restricted key of Stripe.
func ValidKey(key string) bool {
	kind, rest, _ := strings.Cut(key, "_")
	mode, random, _ := strings.Cut(rest, "_")
	return (kind == "sk" || kind == "rk") && (mode == "live" || mode == "test") && len(random) >= 3 && !strings.ContainsAny(random, " \t\r\n,")
}

// IsLive says whether a key is for real money.
func IsLive(key string) bool { return strings.Contains(key, "_live_") }

// Loopback says whether an address is http or https on this machine, without a path.
func Loopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// Live says whether the key is for real money.
func (c *Client) Live() bool { return c.live }

// Error is a refusal by Stripe.
type Error struct {
	What      string // what was asked
	Status    int
	Type      string
	Code      string
	RequestID string
}

func (e *Error) Error() string {
	return fmt.Sprintf("stripe: %s: %d %s %s (%s)", e.What, e.Status, e.Type, e.Code, e.RequestID)
}

// ErrUnreachable means that Stripe didn't answer.
var ErrUnreachable = errors.New("stripe doesn't answer")

// named drops the message of an error of the library, which may quote what was sent.
func named(what string, err error) error {
	if err == nil {
		return nil
	}
	if refused, ok := errors.AsType[*sdk.Error](err); ok {
		return &Error{what, refused.HTTPStatusCode, string(refused.Type), string(refused.Code), refused.RequestID}
	}
	return fmt.Errorf("%s: %w", what, ErrUnreachable)
}

// IsMissing says whether Stripe knows nothing by that id.
func IsMissing(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == http.StatusNotFound
}

// IsRefused says whether Stripe refused for certain, and so changed nothing. It may have
// changed something if it answered too late, with a fault of its own, or that it has too much
// to do.
func IsRefused(err error) bool {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok || e.Status < 400 || e.Status >= 500:
		return false
	case e.Status == http.StatusRequestTimeout, e.Status == http.StatusConflict, e.Status == http.StatusTooManyRequests:
		return false
	}
	return true
}

// IsUnauthorized says whether Stripe refuses the key itself, or what it is used for.
func IsUnauthorized(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden)
}

// NewCustomer is a customer to create.
type NewCustomer struct {
	Name  string
	Email string // gets invoices
	// Agency is the tenant's id, for people who look at Stripe's pages. Nothing here reads
	// it back.
	Agency string
	// IdempotencyKey: the same key makes the same customer, for 24 hours.
	IdempotencyKey string
}

// CreateCustomer makes a customer and returns its id.
func (c *Client) CreateCustomer(ctx context.Context, in NewCustomer) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	p := &sdk.CustomerCreateParams{Name: sdk.String(in.Name), Email: sdk.String(in.Email)}
	p.AddMetadata("portico_agency", in.Agency)
	p.IdempotencyKey = sdk.String(in.IdempotencyKey)
	made, err := c.api.V1Customers.Create(ctx, p)
	if err != nil {
		return "", named("create a customer", err)
	}
	return made.ID, nil
}

// Checkout is a page of Stripe's on which a customer subscribes.
type Checkout struct {
	Customer string
	// Prices are the price of the plan and those by use, which have no quantity.
	Prices     []string
	ByUse      int // how many of the last prices are by use
	SuccessURL string
	CancelURL  string
}

// StartCheckout returns the id of the page and its address.
func (c *Client) StartCheckout(ctx context.Context, in Checkout) (id, address string, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	p := &sdk.CheckoutSessionCreateParams{
		Mode: sdk.String("subscription"), Customer: sdk.String(in.Customer),
		SuccessURL: sdk.String(in.SuccessURL), CancelURL: sdk.String(in.CancelURL),
	}
	for i, price := range in.Prices {
		item := &sdk.CheckoutSessionCreateLineItemParams{Price: sdk.String(price)}
		if i < len(in.Prices)-in.ByUse {
			item.Quantity = sdk.Int64(1)
		}
		p.LineItems = append(p.LineItems, item)
	}
	made, err := c.api.V1CheckoutSessions.Create(ctx, p)
	if err != nil {
		return "", "", named("start a checkout", err)
	}
	address, err = c.pageOf(made.URL)
	return made.ID, address, err
}

// EndCheckouts ends the open pages of a customer but one, so that nobody can pay on them any
// more; "" spares none. One that was paid or ended meanwhile is as good as ended.
func (c *Client) EndCheckouts(ctx context.Context, customer, spare string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	p := &sdk.CheckoutSessionListParams{Customer: sdk.String(customer), Status: sdk.String(string(sdk.CheckoutSessionStatusOpen))}
	p.Limit = sdk.Int64(100)
	for s, err := range c.api.V1CheckoutSessions.List(ctx, p).All(ctx) {
		if err != nil {
			return named("list checkouts", err)
		}
		if s.ID == spare {
			continue
		}
		if _, err := c.api.V1CheckoutSessions.Expire(ctx, s.ID, nil); err != nil {
			if refused, ok := errors.AsType[*sdk.Error](err); !ok || refused.HTTPStatusCode != http.StatusBadRequest {
				return named("end a checkout", err)
			}
		}
	}
	return nil
}

// OpenPortal returns the address of the page on which a customer changes the plan, the card
// and ends the subscription.
func (c *Client) OpenPortal(ctx context.Context, customer, back string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	made, err := c.api.V1BillingPortalSessions.Create(ctx, &sdk.BillingPortalSessionCreateParams{Customer: sdk.String(customer), ReturnURL: sdk.String(back)})
	if err != nil {
		return "", named("open the portal", err)
	}
	return c.pageOf(made.URL)
}

// pageOf checks that people are sent to a page over https.
func (c *Client) pageOf(address string) (string, error) {
	if u, err := url.Parse(address); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return "", fmt.Errorf("the page: %w", ErrUnreachable)
	}
	return address, nil
}

// Usage is how much of a metric was used in an hour.
type Usage struct {
	Meter    string // the event name
	Customer string
	Value    int64
	At       time.Time
	// Identifier: Stripe counts it once, within at least 24 hours.
	Identifier string
}

// SendUsage sends a meter event. The same identifier again counts nothing: Stripe refuses
// it, and that is as good as accepting it. It has no idempotency key, because Stripe would
// repeat a failure under the same one.
func (c *Client) SendUsage(ctx context.Context, u Usage) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	p := &sdk.BillingMeterEventCreateParams{
		EventName: sdk.String(u.Meter), Identifier: sdk.String(u.Identifier), Timestamp: sdk.Int64(u.At.Unix()),
		Payload: map[string]string{"stripe_customer_id": u.Customer, "value": strconv.FormatInt(u.Value, 10)},
	}
	_, err := c.api.V1BillingMeterEvents.Create(ctx, p)
	if refused, ok := errors.AsType[*sdk.Error](err); ok && refused.HTTPStatusCode == http.StatusBadRequest && strings.Contains(refused.Msg, "already exists with identifier") {
		return nil
	}
	return named("send usage", err)
}

// Subscriptions returns the states of all subscriptions of a customer by their ids, ended
// ones included.
func (c *Client) Subscriptions(ctx context.Context, customer string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	p := &sdk.SubscriptionListParams{Customer: sdk.String(customer), Status: sdk.String("all")}
	p.Limit = sdk.Int64(100)
	states := map[string]string{}
	for s, err := range c.api.V1Subscriptions.List(ctx, p).All(ctx) {
		if err != nil {
			return nil, named("list subscriptions", err)
		}
		states[s.ID] = string(s.Status)
	}
	return states, nil
}

// HasEnded says whether a subscription in that state charges nobody any more, for ever.
func HasEnded(state string) bool {
	return state == string(sdk.SubscriptionStatusCanceled) || state == string(sdk.SubscriptionStatusIncompleteExpired)
}

// Price is what a price of Stripe's is.
type Price struct {
	Active    bool
	Recurring bool
	Meter     string // the id of the meter that it is paid by; "" for a fixed price
	Live      bool
}

// GetPrice reads a price.
func (c *Client) GetPrice(ctx context.Context, id string) (Price, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	got, err := c.api.V1Prices.Retrieve(ctx, id, nil)
	if err != nil {
		return Price{}, named("read a price", err)
	}
	p := Price{Active: got.Active, Recurring: got.Recurring != nil, Live: got.Livemode}
	if p.Recurring {
		p.Meter = got.Recurring.Meter
	}
	return p, nil
}

// Meters returns the ids of the active meters by their event names.
func (c *Client) Meters(ctx context.Context) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	p := &sdk.BillingMeterListParams{Status: sdk.String("active")}
	p.Limit = sdk.Int64(100)
	meters := map[string]string{}
	for m, err := range c.api.V1BillingMeters.List(ctx, p).All(ctx) {
		if err != nil {
			return nil, named("list meters", err)
		}
		meters[m.EventName] = m.ID
	}
	return meters, nil
}

// DaysOf returns what a meter counted for a customer on each day from the first to the
// last, which is not included. Both are midnight, UTC. Days without use are left out.
func (c *Client) DaysOf(ctx context.Context, meter, customer string, from, until time.Time) (map[time.Time]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	p := &sdk.BillingMeterEventSummaryListParams{
		ID: sdk.String(meter), Customer: sdk.String(customer), ValueGroupingWindow: sdk.String("day"),
		StartTime: sdk.Int64(from.Unix()), EndTime: sdk.Int64(until.Unix()),
	}
	p.Limit = sdk.Int64(100)
	days := map[time.Time]float64{}
	for s, err := range c.api.V1BillingMeterEventSummaries.List(ctx, p).All(ctx) {
		if err != nil {
			return nil, named("read what a meter counted", err)
		}
		if s.AggregatedValue != 0 {
			days[time.Unix(s.StartTime, 0).UTC()] += s.AggregatedValue
		}
	}
	return days, nil
}
