package faults

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
	"portico/handlers/signin"
	"portico/store"
	"portico/store/queue"
)

// The agency of a world and its owner.
const (
	agency = "northwind"
	dana   = "dana@northwind.test"
)

// world is one installation with its own dependencies, each behind a proxy, and one agency
// whose owner is signed in.
type world struct {
	*stack.Stack
	t      *testing.T
	env    stack.Env
	cookie string
	draft  uuid.UUID // a version that takes files
	admin  *pgx.Conn // a superuser's, bypasses the proxy; unusable after PostgreSQL was stopped
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s := must(stack.Start(t.Context(), stack.Options{Proxied: true, Durable: true, Personas: []stack.Persona{
		{Email: dana, Name: "Dana", EmailVerified: true},
	}}))(t)
	t.Cleanup(func() { _ = s.Stop() })
	w := &world{Stack: s, t: t, env: s.Env()}
	ctx := t.Context()
	adminURL, ownerURL, appURL := s.Postgres.AdminURL(stack.DatabaseName), s.Postgres.OwnerURL(stack.DatabaseName), s.Postgres.AppURL(stack.DatabaseName)
	check(t, store.Bootstrap(ctx, adminURL, ownerURL, appURL))
	_ = must(store.Migrate(ctx, ownerURL))(t)
	w.admin = must(pgx.Connect(ctx, adminURL))(t)
	t.Cleanup(func() { _ = w.admin.Close(context.Background()) })
	op := must(store.OpenOperator(ctx, ownerURL))(t)
	defer op.Close(ctx)
	_ = must(op.CreateAgency(ctx, agency, "Northwind", dana, "Dana", "starter"))(t)
	w.signIn(appURL)
	return w
}

// signIn signs the owner in and creates a draft version.
func (w *world) signIn(appURL string) {
	w.t.Helper()
	ctx := w.t.Context()
	secret := must(base64.RawURLEncoding.DecodeString(w.env["SESSION_KEYS"]))(w.t)
	keys := must(signin.NewKeys(secret))(w.t)
	db := must(store.Open(ctx, store.Config{URL: appURL, Signer: queue.NewSigner(keys.For(signin.PurposeJobSignature)...)}))(w.t)
	defer db.Close()
	cookie, link, code, flow := store.Secret(rand.Text()), store.Secret(rand.Text()), store.Secret(rand.Text()), store.NewID()
	hash := sha256.Sum256(cookie)
	_, err := w.admin.Exec(ctx, `select lookup.flow_begin($1, 'mail', $2, $3, null, '/', '', null, '', '')`, flow, hash[:], dana)
	check(w.t, err)
	_ = must(db.MintFlow(ctx, flow, link, code))(w.t)
	var token store.Token
	_, _ = rand.Read(token[:])
	_ = must(db.SignInByCode(ctx, store.MailedCode{Flow: flow, Cookie: cookie, Codes: []store.Secret{code}}, store.NewSession{Token: token}))(w.t)
	rec := httptest.NewRecorder()
	check(w.t, signin.NewCookies(keys).Write(rec, token))
	c := rec.Result().Cookies()[0]
	w.cookie = c.Name + "=" + c.Value

	v := must(db.Identify(ctx, store.Credentials{Token: &token, Slug: agency}))(w.t)
	me, _ := v.Member()
	var deliverable uuid.UUID
	check(w.t, db.Write(ctx, me, func(tx *store.Tx) error {
		project, err := tx.CreateProject(ctx, store.ProjectInput{Name: "Spring"})
		if err == nil {
			deliverable, err = tx.CreateDeliverable(ctx, project, store.DeliverableInput{Title: "Poster"})
		}
		return err
	}))
	var versions []store.Version
	check(w.t, db.Read(ctx, me, store.ListVersions(deliverable, &versions)))
	w.draft = versions[0].ID
}

// serve starts the binary and returns when it is ready for visitors.
func (w *world) serve(env stack.Env, args ...string) *stack.Portico {
	w.t.Helper()
	p := must(stack.StartPortico(w.t.Context(), stack.PorticoOptions{Binary: binary, Env: env, Args: append([]string{"serve"}, args...)}))(w.t)
	w.t.Cleanup(func() {
		p.Kill()
		if w.t.Failed() {
			w.t.Logf("the server said:\n%s", p.Tail())
		}
	})
	return p
}

// answer is a complete response.
type answer struct {
	status int
	header http.Header
	closes bool // the connection, afterwards
	body   []byte
}

var client = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	// Longer than any request may take.
	Timeout: 3 * time.Minute,
}

// request sends a request as the owner to a server or balancer.
func (w *world) request(at, method, path string, body io.Reader, header ...string) (answer, error) {
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+at+path, body)
	if err != nil {
		return answer{}, err
	}
	r.Host = must(url.Parse(w.env["PORTICO_URL"]))(w.t).Host
	r.Header.Set("Cookie", w.cookie)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, res.Close, all}, err
}

func (w *world) addr() string { return w.env["PORTICO_ADDR"] }

func (w *world) get(path string) answer {
	w.t.Helper()
	return must(w.request(w.addr(), http.MethodGet, path, nil))(w.t)
}

func (w *world) post(path string, form url.Values) answer {
	w.t.Helper()
	return must(w.request(w.addr(), http.MethodPost, path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded"))(w.t)
}

// check checks the status of an answer. A 503 must have Retry-After.
func (a answer) check(t *testing.T, what string, status int) {
	t.Helper()
	if a.status != status {
		t.Errorf("%s: %d, want %d: %.300s", what, a.status, status, a.body)
	}
	if a.status == http.StatusServiceUnavailable && !a.hasRetryAfter() {
		t.Errorf("%s: 503 and no word on when to come again", what)
	}
}

func (a answer) hasRetryAfter() bool {
	after, err := strconv.Atoi(a.header.Get("Retry-After"))
	return err == nil && after > 0
}

// projectsPath is the path of the list of projects.
const projectsPath = "/w/" + agency + "/projects"

// upload is an upload as a browser does it.
type upload struct {
	w       *world
	at      string // host:port
	content []byte
	plan    struct {
		ID     string `json:"id"`
		Put    string `json:"put"`
		Finish string `json:"finish"`
	}
}

func (w *world) newUpload(content []byte) *upload {
	return &upload{w: w, at: w.addr(), content: content}
}

// begin, put and finish are the three steps of an upload. A refusal is an error.
func (u *upload) begin() error {
	a, err := u.w.request(u.at, http.MethodPost, "/w/"+agency+"/versions/"+u.w.draft.String()+"/uploads",
		strings.NewReader(fmt.Sprintf(`{"name": "poster.txt", "size": %d}`, len(u.content))), "Content-Type", "application/json")
	if err == nil && a.status != http.StatusCreated {
		err = refused(a)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(a.body, &u.plan)
}

func (u *upload) put() error {
	sum := sha256.Sum256(u.content)
	a, err := u.w.request(u.at, http.MethodPut, strings.ReplaceAll(u.plan.Put, "{n}", "1"), strings.NewReader(string(u.content)),
		"Content-Type", "application/octet-stream", "Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
	if err == nil && a.status/100 != 2 {
		err = refused(a)
	}
	return err
}

func (u *upload) finish() error {
	a, err := u.w.request(u.at, http.MethodPost, u.plan.Finish, nil, "Content-Type", "application/json")
	if err == nil && a.status/100 != 2 {
		err = refused(a)
	}
	return err
}

func (u *upload) all() error {
	err := u.begin()
	if err == nil {
		err = u.put()
	}
	if err == nil {
		err = u.finish()
	}
	return err
}

func (u *upload) path() string { return "/w/" + agency + "/files/" + u.plan.ID }

// refusal is an answer without success, as an error.
type refusal struct{ answer }

func refused(a answer) error { return refusal{a} }

func (r refusal) Error() string { return fmt.Sprintf("%d: %.300s", r.status, r.body) }

// until polls a condition. It fails the test after a minute.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(90 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	check(w.t, w.admin.QueryRow(w.t.Context(), sql, args...).Scan(&n))
	return n
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		check(t, err)
		return v
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
