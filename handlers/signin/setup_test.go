package signin_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/handlers"
	"portico/handlers/jobs"
	"portico/handlers/signin"
	"portico/store"
)

func TestMain(m *testing.M) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var err error
	if mails, err = stack.StartMail(ctx, stack.MailOptions{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	storetest.Main(m, func() {
		if runner != nil {
			_ = runner.Stop(ctx)
		}
		_ = mails.Stop()
	})
}

// All tests share one mail server and one job runner. Each test reads the mail of its own
// people.
var (
	mails     *stack.Mail
	runner    *jobs.Runner
	startOnce sync.Once
	mailsRead sync.Map // paths of messages that a test has read
)

// testKeys are the keys of the runner and of every site that does not rotate them.
var testKeys, _ = signin.NewKeys([]byte("the one session key of these tests"))

func startRunner(t testing.TB) {
	t.Helper()
	startOnce.Do(func() {
		mailer, err := jobs.NewMailer(mails.URL(), "Portico <portico@portico.test>")
		check(t, err)
		cfg := jobs.Config{
			URL: &url.URL{Scheme: "https", Host: "portico.test"}, Keys: testKeys, SigningKeys: []ed25519.PrivateKey{ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}, Mailer: mailer, Log: slog.New(slog.DiscardHandler),
		}
		runner, err = jobs.New(storetest.DB(), cfg)
		check(t, err)
		check(t, runner.Start(context.Background()))
	})
}

// site is the whole product, served over TLS because its cookies require it.
type site struct {
	url       string
	transport http.RoundTripper
}

func newSite(t testing.TB) *site { return build(t, storetest.DB(), testKeys) }

// build serves the product with a database and keys. It makes the providers once the
// address is known.
func build(t testing.TB, db *store.DB, keys signin.Keys, providers ...func(origin string) signin.Provider) *site {
	t.Helper()
	return open(t, signin.Config{DB: db, Keys: keys, AgentCodes: true}, providers...)
}

// open serves the product with that configuration of sign-in.
func open(t testing.TB, cfg signin.Config, providers ...func(origin string) signin.Provider) *site {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	// A name instead of an IP address, because passkeys need one.
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	check(t, err)
	h := &site{url: "https://localhost:" + port}
	at, err := url.Parse(h.url)
	check(t, err)
	cfg.URL = at
	for _, provider := range providers {
		cfg.Providers = append(cfg.Providers, provider(h.url))
	}
	service, err := signin.New(cfg)
	check(t, err)
	product, err := handlers.New(
		handlers.Config{URL: at, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, CountKey: make([]byte, 32)},
		handlers.Deps{DB: cfg.DB, SignIn: service, Log: slog.New(slog.DiscardHandler)})
	check(t, err)
	server.Config.Handler = product.Handler()
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := server.Client().Transport.(*http.Transport)
	transport.TLSClientConfig.ServerName = "example.com" // the name in httptest's certificate
	h.transport = transport
	return h
}

// browser is a client with its own cookies and its own network.
type browser struct {
	t     testing.TB
	url   string
	http  *http.Client
	from  string
	extra http.Header // added to each request
}

var networks atomic.Uint32

// newAddress returns an address in a network that no other test uses.
func newAddress() string {
	n := networks.Add(1)
	return fmt.Sprintf("10.%d.%d.7", n>>8&0xff, n&0xff)
}

func (h *site) browser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	check(t, err)
	return &browser{t: t, url: h.url, from: newAddress(), http: &http.Client{
		Jar:           jar,
		Transport:     h.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is the response that a browser got.
type answer struct {
	status   int
	body     string
	location string
	header   http.Header
}

func (b *browser) get(path string) answer { return b.send(http.MethodGet, path, nil) }

func (b *browser) post(path string, pairs ...string) answer {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.send(http.MethodPost, path, form)
}

func (b *browser) send(method, path string, form url.Values) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(form.Encode()))
	check(b.t, err)
	r.Header.Set("X-Forwarded-For", b.from)
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	maps.Copy(r.Header, b.extra)
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := b.http.Do(r)
	check(b.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	check(b.t, err)
	return answer{res.StatusCode, string(body), res.Header.Get("Location"), res.Header}
}

// cookie returns the value of a cookie in the browser, or "".
func (b *browser) cookie(name string) string {
	home, err := url.Parse(b.url)
	check(b.t, err)
	for _, c := range b.http.Jar.Cookies(home) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// plant sets a cookie in the browser.
func (b *browser) plant(name, value string) {
	home, err := url.Parse(b.url)
	check(b.t, err)
	b.http.Jar.SetCookies(home, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
}

// signedIn reports whether the account page opens.
func (b *browser) signedIn() bool {
	b.t.Helper()
	a := b.get("/account")
	if a.status != http.StatusOK && a.status != http.StatusFound {
		b.t.Errorf("account page: %d", a.status)
	}
	return a.status == http.StatusOK
}

// requestMail requests a sign-in mail and returns its link and code.
func (b *browser) requestMail(email string) mail {
	b.t.Helper()
	b.want(b.post("/login", "email", email), http.StatusSeeOther)
	return mailed(b.t, email)
}

// signIn signs the person in with a mailed code.
func (b *browser) signIn(email string) *browser {
	b.t.Helper()
	b.want(b.post("/login/code", "code", b.requestMail(email).code), http.StatusSeeOther)
	return b
}

func (b *browser) want(a answer, status int) answer {
	b.t.Helper()
	if a.status != status {
		b.t.Errorf("status = %d, want %d", a.status, status)
	}
	return a
}

// mail is the link and the code in a mail of ours.
type mail struct{ link, code string }

var (
	linkIn = regexp.MustCompile(`https://portico\.test(/login/[A-Za-z0-9_-]+)`)
	codeIn = regexp.MustCompile(`(?m)^\s*(\d{6})\s*$`)
)

// mailed waits for a mail to an address that no test has read yet and returns its link
// and code.
func mailed(t testing.TB, email string) mail {
	t.Helper()
	startRunner(t)
	msg, err := mails.Wait(storetest.Within(t, time.Minute), email, func(m stack.Message) bool {
		_, read := mailsRead.LoadOrStore(m.Path, true)
		return !read
	})
	check(t, err)
	var found mail
	if link := linkIn.FindStringSubmatch(msg.Text()); link != nil {
		found.link = link[1]
	}
	if code := codeIn.FindStringSubmatch(msg.Text()); code != nil {
		found.code = code[1]
	}
	return found
}

// asAdmin runs fn with a superuser's connection.
func asAdmin(t testing.TB, fn func(context.Context, *pgx.Conn) error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), storetest.Server().AdminURL(stack.DatabaseName))
	check(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	check(t, fn(t.Context(), conn))
}

// age runs an update as a superuser. It must change at least one row.
func age(t testing.TB, sql string, args ...any) {
	t.Helper()
	asAdmin(t, func(ctx context.Context, conn *pgx.Conn) error {
		tag, err := conn.Exec(ctx, sql, args...)
		if err == nil && tag.RowsAffected() < 1 {
			err = errors.New("nothing to age")
		}
		return err
	})
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sessionIDs returns the ids of a person's sessions in the database.
func sessionIDs(t testing.TB, email string) (ids []string) {
	t.Helper()
	asAdmin(t, func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `select s.id::text from sessions s join users u on u.id = s.user_id where u.email = $1`, email)
		if err == nil {
			ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
		}
		return err
	})
	return ids
}

// newestFlow returns the latest flow, for tests without a mail job.
func newestFlow(ctx context.Context, adminURL string) (id uuid.UUID, err error) {
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return id, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, `select id from sign_in_flows order by created_at desc limit 1`).Scan(&id)
	return id, err
}
