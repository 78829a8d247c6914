package signin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
	"portico/handlers/signin"
	"portico/store"
	"portico/store/storetest"
	"portico/views"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// house is a room behind a small front door of its own, served over TLS because
// the cookies are.
type house struct {
	url       string
	room      *signin.Room
	transport http.RoundTripper
}

// testKeys are those of every house that does not rotate them.
var testKeys, _ = signin.NewKeys([]byte("the one session key of these tests"))

type (
	public  = func(http.ResponseWriter, *http.Request, store.Visitor) error
	private = func(http.ResponseWriter, *http.Request, store.Person) error
)

func newHouse(t *testing.T, keys signin.Keys, ways ...signin.Way) *house {
	t.Helper()
	room := signin.New(storetest.DB(), keys, ways...)
	h := &house{room: room}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]public{
		"GET /login":          room.Show,
		"POST /login":         room.Begin,
		"GET /login/sent":     room.Sent,
		"POST /login/code":    room.Code,
		"GET /login/{token}":  room.Link,
		"POST /login/{token}": room.SpendLink,
		"POST /logout":        room.SignOut,
		"GET /signed-out":     room.SignedOut,
	} {
		mux.Handle(pattern, h.door(handle))
	}
	for pattern, handle := range map[string]private{
		"GET /account":                         room.Account,
		"POST /account/name":                   room.AccountName,
		"POST /account/browsers/{id}/sign-out": room.SignOutBrowser,
		"POST /account/sign-out-everywhere":    room.SignOutEverywhere,
		"GET /step-up":                         room.StepUp,
		"POST /step-up":                        room.StepUpBegin,
		"POST /step-up/code":                   room.StepUpCode,
	} {
		mux.Handle(pattern, h.door(func(w http.ResponseWriter, r *http.Request, v store.Visitor) error {
			me, ok := v.Person()
			if !ok {
				http.Redirect(w, r, views.LoginTo(r.URL.RequestURI()), http.StatusFound)
				return nil
			}
			return handle(w, r, me)
		}))
	}
	server := httptest.NewUnstartedServer(mux)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	h.url, h.transport = server.URL, server.Client().Transport
	return h
}

// door does what the access adapter does: the first round trip, then the error.
func (h *house) door(handle public) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from := r.Header.Get("X-Forwarded-For"); from != "" {
			r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(from), 1).String()
		}
		w.Header().Set("X-Request-Id", "test")
		v, err := storetest.DB().Who(r.Context(), store.Ask{Token: h.room.Token(w, r), RequestID: "test"})
		if err == nil {
			err = handle(w, r, v)
		}
		if err == nil {
			return
		}
		status := http.StatusInternalServerError
		var own interface{ HTTPStatus() int }
		switch {
		case errors.As(err, &own):
			status = own.HTTPStatus()
		case errors.Is(err, store.ErrNotFound):
			status = http.StatusNotFound
		}
		var later tooMany
		if errors.As(err, &later) {
			w.Header().Set("Retry-After", fmt.Sprint(int(later.RetryAfter().Seconds())))
		}
		http.Error(w, err.Error(), status)
	})
}

type tooMany interface{ RetryAfter() time.Duration }

// browser is one browser of one person, in a network of its own.
type browser struct {
	t    testing.TB
	url  string
	http *http.Client
	from string
}

var networks atomic.Uint32

// newAddress is in a network that nobody else in the tests comes from.
func newAddress() string {
	n := networks.Add(1)
	return fmt.Sprintf("10.%d.%d.7", n>>8&0xff, n&0xff)
}

func (h *house) browser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	check(t, err)
	return &browser{t: t, url: h.url, from: newAddress(), http: &http.Client{
		Jar:           jar,
		Transport:     h.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is what a browser got.
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

// cookie is the value of a cookie in the browser, "" for none.
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

// plant puts a cookie into the browser.
func (b *browser) plant(name, value string) {
	home, err := url.Parse(b.url)
	check(b.t, err)
	b.http.Jar.SetCookies(home, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
}

// signedIn says whether the account page opens.
func (b *browser) signedIn() bool {
	b.t.Helper()
	a := b.get("/account")
	if a.status != http.StatusOK && a.status != http.StatusFound {
		b.t.Errorf("account page: %d", a.status)
	}
	return a.status == http.StatusOK
}

// askMail asks for a sign-in mail and returns what it says.
func (b *browser) askMail(email string) signin.Proof {
	b.t.Helper()
	b.want(b.post("/login", "email", email), http.StatusSeeOther)
	return mailed(b.t, email)
}

// signIn signs the person in with a mailed code.
func (b *browser) signIn(email string) *browser {
	b.t.Helper()
	mail := b.askMail(email)
	b.want(b.post("/login/code", "code", mail.Code), http.StatusSeeOther)
	return b
}

func (b *browser) want(a answer, status int) answer {
	b.t.Helper()
	if a.status != status {
		b.t.Errorf("status = %d, want %d", a.status, status)
	}
	return a
}

// mailed does what the mail job does for the newest flow of an address, and
// reads the mail.
func mailed(t testing.TB, email string) signin.Proof {
	t.Helper()
	var id uuid.UUID
	asAdmin(t, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `
select f.id from sign_in_flows f left join users u on u.id = f.user_id
where coalesce(f.email, u.email) = $1 and f.purpose <> 'oidc'
order by f.created_at desc limit 1`, email).Scan(&id)
	})
	proof := signin.NewProof(testKeys, id)
	_, err := storetest.DB().MintFlow(t.Context(), id, proof.Link, proof.CodeSecret)
	check(t, err)
	return proof
}

// asAdmin looks at or ages rows as nobody in the product could.
func asAdmin(t testing.TB, fn func(context.Context, *pgx.Conn) error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), storetest.Server().AdminURL(stack.DatabaseName))
	check(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	check(t, fn(t.Context(), conn))
}

// age runs an update as nobody in the product could; it must change one row.
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
