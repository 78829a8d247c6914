package stripe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/e2e/stack"
	"portico/handlers/stripe"
)

var mock *stack.Stripe

func TestMain(m *testing.M) {
	ctx, cancel := context.WithCancel(context.Background())
	var err error
	if mock, err = stack.StartStripe(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = mock.Stop()
	cancel()
	os.Exit(code)
}

const key = "sk_test_ofTheTestsOfTheClient"

// book notes what the client sends to stripe-mock, which checks it.
type book struct {
	mu    sync.Mutex
	sent  []sent
	proxy *httputil.ReverseProxy
}

type sent struct {
	method, path, idempotencyKey string
	form                         url.Values
}

func (b *book) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	b.mu.Lock()
	b.sent = append(b.sent, sent{r.Method, r.URL.Path, r.Header.Get("Idempotency-Key"), form})
	b.mu.Unlock()
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	b.proxy.ServeHTTP(w, r)
}

func (b *book) last() sent { b.mu.Lock(); defer b.mu.Unlock(); return b.sent[len(b.sent)-1] }

func client(t *testing.T, address string) *stripe.Client {
	t.Helper()
	c, err := stripe.New(stripe.Config{Key: key, WebhookSecrets: []string{"whsec_ofTheTestsOfTheClient"}, URL: address})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func watched(t *testing.T) (*stripe.Client, *book) {
	t.Helper()
	target, err := url.Parse(mock.URL())
	if err != nil {
		t.Fatal(err)
	}
	b := &book{proxy: httputil.NewSingleHostReverseProxy(target)}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	return client(t, server.URL), b
}

// stripe-mock accepts every request that the client makes: paths, parameters and their
// types are those of Stripe's own description. What Stripe itself would do is not tried.
func TestRequestsAreAsStripeDescribes(t *testing.T) {
	t.Parallel()
	c, b := watched(t)
	ctx, day := t.Context(), time.Now().UTC().Truncate(24*time.Hour)
	id, err := c.CreateCustomer(ctx, stripe.NewCustomer{Name: "Northwind", Email: "dana@northwind.test", Agency: "agency-1", IdempotencyKey: "once"})
	if err != nil || !strings.HasPrefix(id, "cus_") {
		t.Errorf("customer %q, %v", id, err)
	}
	if s := b.last(); s.path != "/v1/customers" || s.idempotencyKey != "once" || s.form.Get("metadata[portico_agency]") != "agency-1" {
		t.Errorf("sent %+v", s)
	}
	_, _, err = c.StartCheckout(ctx, stripe.Checkout{Customer: "cus_1", Prices: []string{"price_1", "price_2"}, ByUse: 1, SuccessURL: "https://p.test/s", CancelURL: "https://p.test/c"})
	if err != nil && !errors.Is(err, stripe.ErrUnreachable) { // its example has no page
		t.Errorf("checkout: %v", err)
	}
	if s := b.last(); s.path != "/v1/checkout/sessions" || s.form.Get("mode") != "subscription" || s.form.Get("line_items[0][quantity]") != "1" ||
		s.form.Get("line_items[1][price]") != "price_2" || s.form.Has("line_items[1][quantity]") || s.idempotencyKey == "" {
		t.Errorf("sent %+v", s)
	}
	if err := c.EndCheckouts(ctx, "cus_1", ""); err != nil {
		t.Errorf("end checkouts: %v", err)
	}
	if s := b.last(); !strings.HasSuffix(s.path, "/expire") {
		t.Errorf("sent %+v", s)
	}
	if there, err := c.OpenPortal(ctx, "cus_1", "https://p.test/"); err != nil || !strings.HasPrefix(there, "https://") {
		t.Errorf("portal %q, %v", there, err)
	}
	if err := c.SendUsage(ctx, stripe.Usage{Meter: "ai_runs", Customer: "cus_1", Value: 7, At: day, Identifier: "a:ai_runs:1:0"}); err != nil {
		t.Errorf("usage: %v", err)
	}
	if s := b.last(); s.form.Get("identifier") != "a:ai_runs:1:0" || s.form.Get("payload[value]") != "7" || s.form.Get("payload[stripe_customer_id]") != "cus_1" || s.form.Get("timestamp") != fmt.Sprint(day.Unix()) {
		t.Errorf("sent %+v", s)
	}
	if _, err := c.GetPrice(ctx, "price_1"); err != nil {
		t.Errorf("price: %v", err)
	}
	meters, err := c.Meters(ctx)
	if err != nil || len(meters) == 0 {
		t.Errorf("meters %v, %v", meters, err)
	}
	if _, err := c.DaysOf(ctx, "mtr_1", "cus_1", day.AddDate(0, 0, -3), day); err != nil {
		t.Errorf("days: %v", err)
	}
	if states, err := c.Subscriptions(ctx, "cus_1"); err != nil || len(states) == 0 {
		t.Errorf("subscriptions %v, %v", states, err)
	}
}

// The client follows no redirect, and its errors hold neither the key nor what was sent.
func TestClientFollowsNoRedirectAndKeepsSecrets(t *testing.T) {
	t.Parallel()
	var followed, asked int
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed++ }))
	t.Cleanup(elsewhere.Close)
	redirecting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, elsewhere.URL+"/stolen", http.StatusTemporaryRedirect)
	}))
	t.Cleanup(redirecting.Close)
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":{"type":"invalid_request_error","code":"email_invalid","message":%q}}`, string(body)+r.Header.Get("Authorization"))
	}))
	t.Cleanup(refusing.Close)
	for what, address := range map[string]string{"a redirect": redirecting.URL, "a refusal": refusing.URL, "nobody": "http://127.0.0.1:1"} {
		_, err := client(t, address).CreateCustomer(t.Context(), stripe.NewCustomer{Name: "Northwind", Email: "dana@northwind.test"})
		if err == nil || strings.Contains(err.Error(), "dana") || strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "Northwind") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if followed != 0 || asked != 1 {
		t.Errorf("a redirect was followed %d times, and asked for %d times", followed, asked)
	}
}

// Only addresses on this machine stand in for Stripe, and only secret keys are keys.
func TestOddSettingsAreRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"https://api.stripe.com", "http://stripe.example", "http://127.0.0.1@evil.example", "http://localhost/path", "ftp://localhost", "http://10.0.0.1"} {
		if stripe.Loopback(address) {
			t.Errorf("%s is taken for this machine", address)
		}
	}
	for _, address := range []string{"http://localhost:12111", "http://127.0.0.1:12111", "https://[::1]:1"} {
		if !stripe.Loopback(address) {
			t.Errorf("%s is not taken for this machine", address)
		}
	}
	for k, ok := range map[string]bool{"sk_test_abc": true, "rk_live_abc": true, "pk_test_abc": false, "sk_abc": false, "": false, "sk_test_": false, "sk_live_a b c": false} {
		if stripe.ValidKey(k) != ok {
			t.Errorf("%q is a key: %v", k, !ok)
		}
	}
}
