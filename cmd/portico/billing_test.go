package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portico/e2e/stack"
)

// planForSale is a PLANS with a price and a price by use.
const planForSale = `{"plans": [
  {"name": "starter", "limits": {"users": 5, "projects": 20, "storage": 10, "clients": 5, "ai_runs": 5},
   "hourly": {"invitation mail": 20, "new client": 10, "claimed domain": 20, "domain check": 60, "new project": 60, "new deliverable": 120, "publication": 60}},
  {"name": "growth", "price": "price_growth", "metered": {"ai_runs": {"meter": "runs", "price": "price_runs"}}, "limits": {"users": 5, "projects": 20, "storage": 10, "clients": 5},
   "hourly": {"invitation mail": 20, "new client": 10, "claimed domain": 20, "domain check": 60, "new project": 60, "new deliverable": 120, "publication": 60}},
  {"name": "enterprise", "limits": {"users": 5, "projects": 20, "storage": 10, "clients": 5},
   "hourly": {"invitation mail": 20, "new client": 10, "claimed domain": 20, "domain check": 60, "new project": 60, "new deliverable": 120, "publication": 60}}],
 "metrics": []}`

// forSale is an environment with BILLING=stripe. Nobody answers there.
func forSale(env map[string]string) map[string]string {
	env["BILLING"], env["PLANS"] = "stripe", planForSale
	env["STRIPE_SECRET_KEY"], env["STRIPE_WEBHOOK_SECRET"], env["STRIPE_URL"] = "sk_test_secret-word", "whsec_secret-word-one,whsec_secret-word-two", "http://127.0.0.1:1"
	return env
}

// Every mistake in the settings of billing is named at the start, without its value.
// Without BILLING none of them is read.
func TestMistakesInBillingAreNamed(t *testing.T) {
	t.Parallel()
	load := func(env map[string]string) (config, error) {
		return loadConfig(func(name string) string { return env[name] }, nil)
	}
	for name, bad := range map[string]map[string]string{
		"BILLING":               {"BILLING": "paypal"},
		"STRIPE_SECRET_KEY":     {"STRIPE_SECRET_KEY": "pk_test_secret-word"},
		"STRIPE_WEBHOOK_SECRET": {"STRIPE_WEBHOOK_SECRET": "secret-word"},
		"STRIPE_URL":            {"STRIPE_URL": "https://stripe.secret-word.example"},
		"BILLING_GRACE":         {"BILLING_GRACE": "0"},
		"PLANS":                 {"PLANS": ""},
	} {
		env := forSale(good())
		for k, v := range bad {
			env[k] = v
		}
		_, err := load(env)
		if err == nil || !strings.HasPrefix(err.Error(), name+" ") || strings.Contains(err.Error(), "secret-word") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, missing := range []string{"STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"} {
		env := forSale(good())
		delete(env, missing)
		if _, err := load(env); err == nil || !strings.Contains(err.Error(), missing+" is not set") {
			t.Errorf("without %s: %v", missing, err)
		}
	}
	env := forSale(good())
	for _, name := range []string{"STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(env[name]+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		delete(env, name)
		env[name+"_FILE"] = file
	}
	c, err := load(env)
	if err != nil || c.billing == nil || c.stripe.Key != "sk_test_secret-word" || len(c.stripe.WebhookSecrets) != 2 || c.billing.Grace.Hours() != 14*24 {
		t.Errorf("from files: %+v, %v", c.billing, err)
	}
	env = forSale(good())
	env["BILLING"], env["STRIPE_SECRET_KEY"] = "off", "nonsense"
	if c, err := load(env); err != nil || c.billing != nil {
		t.Errorf("BILLING=off: %+v, %v", c.billing, err)
	}
}

// priced is the test's own end of the line: it answers like Stripe documents, to a doctor
// who reads and to nobody who writes.
func priced(t *testing.T, prices map[string]string, status int) (url string, writes *int) {
	t.Helper()
	writes = new(int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			*writes++
		}
		price, known := prices[strings.TrimPrefix(r.URL.Path, "/v1/prices/")]
		switch {
		case status != http.StatusOK:
			w.WriteHeader(status)
			fmt.Fprint(w, `{"error":{"type":"invalid_request_error","message":"sk_test_secret-word"}}`)
		case r.URL.Path == "/v1/billing/meters":
			fmt.Fprint(w, `{"object":"list","data":[{"id":"mtr_1","object":"billing.meter","event_name":"runs"}]}`)
		case !known:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error":{"type":"invalid_request_error","code":"resource_missing"}}`)
		default:
			fmt.Fprint(w, price)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, writes
}

// The doctor reads each price and meter at Stripe, changes nothing, and says what is wrong
// and how to fix it.
func TestDoctorChecksPricesAndMeters(t *testing.T) {
	t.Parallel()
	const growth, runs = `{"object":"price","active":true,"recurring":{"interval":"month"}}`, `{"object":"price","active":true,"recurring":{"interval":"month","meter":"mtr_1"}}`
	good := map[string]string{"price_growth": growth, "price_runs": runs}
	with := func(id, price string) map[string]string {
		changed := map[string]string{"price_growth": growth, "price_runs": runs}
		changed[id] = price
		if price == "" {
			delete(changed, id)
		}
		return changed
	}
	for what, c := range map[string]struct {
		prices map[string]string
		status int
		says   string
	}{
		"all is well":           {good, 200, ""},
		"an unknown price":      {with("price_growth", ""), 200, "price that Stripe doesn't know"},
		"an archived price":     {with("price_growth", `{"object":"price","active":false,"recurring":{"interval":"month"}}`), 200, "archived"},
		"a price paid once":     {with("price_growth", `{"object":"price","active":true}`), 200, "archived, or that isn't paid again"},
		"a price of live mode":  {with("price_growth", `{"object":"price","active":true,"livemode":true,"recurring":{"interval":"month"}}`), 200, "other mode"},
		"a price without meter": {with("price_runs", growth), 200, "isn't counted by its meter"},
		"a refused key":         {good, 401, "refuses the key"},
		"a key without rights":  {good, 403, "refuses the key"},
	} {
		env := forSale(healthy(t))
		var writes *int
		env["STRIPE_URL"], writes = priced(t, c.prices, c.status)
		e, err := examine(t, env)
		var said string
		for _, f := range e.Checks {
			if f.Check == "stripe" {
				said += f.Says + f.Fix
				if (f.State == ill) != (c.says != "") || f.State == ill && f.Fix == "" {
					t.Errorf("%s: %+v", what, f)
				}
			}
		}
		if said == "" || !strings.Contains(said, c.says) || (err != nil) != (c.says != "") || strings.Contains(said, "secret-word") || *writes != 0 {
			t.Errorf("%s: %q, %v, %d writes", what, said, err, *writes)
		}
	}
	env := forSale(healthy(t))
	if e, err := examine(t, env); err == nil || e.Well {
		t.Errorf("nobody answers, and all is well: %v", err)
	}
}

// stripe-mock has an example for every price, so the doctor can be tried without Stripe;
// its examples are no price by use.
func TestDoctorTalksToStripeMock(t *testing.T) {
	t.Parallel()
	mock := must(stack.StartStripe(t.Context()))
	env := forSale(healthy(t))
	env["STRIPE_URL"] = mock.URL()
	e, _ := examine(t, env)
	for _, f := range e.Checks {
		if f.Check == "stripe" && strings.Contains(f.Says, "refuses") {
			t.Errorf("%+v", f)
		}
	}
}

// The command needs BILLING=stripe, and without customers it finds no difference.
func TestBillingCheck(t *testing.T) {
	t.Parallel()
	if _, _, err := call(t, healthy(t), "billing", "check"); err == nil || !strings.Contains(err.Error(), "BILLING is off") {
		t.Errorf("with BILLING=off: %v", err)
	}
	out, _, err := call(t, forSale(healthy(t)), "billing", "check")
	if err != nil || !strings.Contains(out, "0 agencies compared, 0 differences") {
		t.Errorf("%q, %v", out, err)
	}
}
