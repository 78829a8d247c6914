package handlers_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"portico/e2e/storetest"
	"portico/files"
	"portico/handlers"
	"portico/handlers/signin"
	"portico/handlers/stripe"
	"portico/handlers/web"
	"portico/store"
)

func TestMain(m *testing.M) { storetest.Main(m, stopGateway) }

// site is the whole product over a real database, with its log.
type site struct {
	server  *httptest.Server
	product *handlers.Server
	cookies *signin.Cookies
	logs    *logBook
	// transport is the site's own: every httptest.Server that closes also closes idle
	// connections of the one that all share.
	transport http.RoundTripper
}

// logBook collects log lines, for tests that search them for secrets.
type logBook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func newSite(t *testing.T) *site {
	t.Helper()
	return newSiteOver(t, storage(t))
}

// newSiteOver is the product over the given object storage, behind the given proxies.
func newSiteOver(t *testing.T, bucket *files.Storage, proxies ...netip.Prefix) *site {
	t.Helper()
	return newSiteWith(t, storetest.DB(), bucket, func(c *handlers.Config) { c.TrustedProxies = proxies })
}

// newSiteWith is the product over the given database, configured by the test.
func newSiteWith(t *testing.T, db *store.DB, bucket *files.Storage, edit func(*handlers.Config)) *site {
	t.Helper()
	return newSiteBeside(t, db, bucket, nil, edit)
}

// newSiteBeside starts the product with the readiness of its dependencies.
func newSiteBeside(t *testing.T, db *store.DB, bucket *files.Storage, ready *web.Readiness, edit func(*handlers.Config)) *site {
	t.Helper()
	return newSiteAt(t, db, bucket, ready, stripeAt(t, "http://127.0.0.1:1"), edit)
}

// stripeAt is a client of Stripe's API at an address. At port 1 nobody listens.
func stripeAt(t *testing.T, address string) *stripe.Client {
	t.Helper()
	return must(stripe.New(stripe.Config{Key: "sk_test_ofTheTestsOfPages", WebhookSecrets: []string{"whsec_ofTheTestsOfPages"}, URL: address}))
}

// newSiteAt starts the product with a client of Stripe, nil for BILLING=off.
func newSiteAt(t *testing.T, db *store.DB, bucket *files.Storage, ready *web.Readiness, paying *stripe.Client, edit func(*handlers.Config)) *site {
	t.Helper()
	keys, err := signin.NewKeys([]byte(rand.Text() + rand.Text()))
	if err != nil {
		t.Fatal(err)
	}
	s := &site{transport: &http.Transport{}, cookies: signin.NewCookies(keys), logs: &logBook{}}
	s.server = httptest.NewUnstartedServer(nil)
	// A host name, not an address, because passkeys are bound to one.
	_, port, err := net.SplitHostPort(s.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse("http://localhost:" + port)
	if err != nil {
		t.Fatal(err)
	}
	// Each site has its own key, so that rate limits do not add up: all tests come from one
	// address.
	config := handlers.Config{URL: at, TenantDomain: "portals.test", CountKey: []byte(rand.Text() + rand.Text()),
		SigningKeys: []ed25519.PrivateKey{ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}}
	edit(&config)
	log := web.NewLogger(s.logs, slog.LevelDebug)
	service := must(signin.New(signin.Config{DB: db, Keys: keys, URL: config.URL, TenantDomain: config.TenantDomain, AgentCodes: true, SignUp: store.SignUpOpen, Log: log}))
	s.product = must(handlers.New(config, handlers.Deps{DB: db, Files: bucket, SignIn: service, Ready: ready, Stripe: paying, Log: log}))
	s.server.Config = s.product.HTTPServer()
	s.server.Listener = web.Listener(s.server.Listener)
	s.server.Start()
	s.server.URL = at.String()
	t.Cleanup(s.server.Close)
	return s
}

// browser is a browser, signed in or not. It does not follow redirects.
type browser struct {
	site   *site
	cookie string
	header http.Header
	hosts  hosts // hosts of tenants; nil to use the main host
}

func (s *site) nobody() *browser { return &browser{site: s, header: http.Header{}} }

// as returns a browser in which somebody is signed in.
func (s *site) as(t *testing.T, email string) *browser {
	t.Helper()
	b := s.nobody()
	b.signIn(t, storetest.SignIn(t, email))
	return b
}

func (b *browser) signIn(t *testing.T, token store.Token) {
	t.Helper()
	rec := httptest.NewRecorder()
	if err := b.site.cookies.Write(rec, token); err != nil {
		t.Fatal(err)
	}
	c := rec.Result().Cookies()[0]
	b.cookie = c.Name + "=" + c.Value
}

// answer is a response with its whole body.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) location() string { return a.header.Get("Location") }

func (b *browser) do(t *testing.T, method, path string, body io.Reader, contentType string) answer {
	t.Helper()
	host, path := b.hosts.find(path)
	req, err := http.NewRequestWithContext(t.Context(), method, b.site.server.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = b.header.Clone()
	if named := req.Header.Get("Host"); named != "" {
		host = named
	}
	req.Host = host // "" is the host in the URL
	if b.cookie != "" {
		req.Header.Set("Cookie", b.cookie)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	client := http.Client{Transport: b.site.transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(all)}
}

func (b *browser) get(t *testing.T, path string) answer {
	return b.do(t, http.MethodGet, path, nil, "")
}

func (b *browser) post(t *testing.T, path string, form url.Values) answer {
	return b.do(t, http.MethodPost, path, strings.NewReader(form.Encode()), "application/x-www-form-urlencoded")
}

// withoutRequestID is the body without the request id, which differs in every answer.
func (a answer) withoutRequestID() string {
	return strings.ReplaceAll(a.body, a.header.Get("X-Request-Id"), "")
}

func want(t *testing.T, what string, a answer, status int) {
	t.Helper()
	if a.status != status {
		t.Errorf("%s: status %d, want %d; %.300s", what, a.status, status, a.body)
	}
}
