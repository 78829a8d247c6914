package jobs

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/handlers/difference"
	"portico/handlers/media"
	"portico/handlers/pdf"
	"portico/handlers/signin"
	"portico/handlers/stripe"
	"portico/store"
	"portico/store/queue"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == media.Child {
		fmt.Fprintln(os.Stderr, media.RunChild(os.Args[2:])) // it returns only if it failed
		os.Exit(1)
	}
	if len(os.Args) > 1 && os.Args[1] == pdf.Child {
		if err := pdf.RunChild(os.Args[2:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) > 1 && os.Args[1] == difference.Child {
		if err := difference.RunChild(os.Args[2:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
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
		previews.stop(ctx)
	})
}

// All tests share one runner and one mail server, so that each runs among the jobs of
// the others. Tests recognise their own mail by the suffix of their agency.
var (
	mails     *stack.Mail
	runner    *Runner
	runnerLog lockedBuffer
	startOnce sync.Once
)

const alertTo = "operators@portico.test"

var (
	sessionKey = []byte("a session key for the tests of jobs!")
	signingKey = ed25519.NewKeyFromSeed([]byte("a signing key for tests of jobs!"))
)

func theRunner(t *testing.T) *Runner {
	t.Helper()
	startOnce.Do(func() {
		runner = newTestRunner(t, storetest.Billed(t), testConfig(t, mails.URL(), &runnerLog), func(_ *Runner, c *river.Config) {
			delete(c.Queues, queue.Seals) // tests of the seal seal their tenants themselves
		})
		if err := runner.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
	})
	if runner == nil {
		t.Fatal("the runner of the tests did not start")
	}
	return runner
}

func testConfig(t *testing.T, smtpURL string, log *lockedBuffer) Config {
	t.Helper()
	mailer, err := NewMailer(smtpURL, "Portico <portico@portico.test>")
	check(t, err)
	keys, err := signin.NewKeys(sessionKey)
	check(t, err)
	// At this Stripe nobody listens.
	paying, err := stripe.New(stripe.Config{Key: "sk_test_ofTheTestsOfJobs", WebhookSecrets: []string{"whsec_ofTheTestsOfJobs"}, URL: "http://127.0.0.1:1"})
	check(t, err)
	return Config{
		Stripe:      paying,
		URL:         &url.URL{Scheme: "https", Host: "portico.test"},
		Keys:        keys,
		Mailer:      mailer,
		SigningKeys: []ed25519.PrivateKey{signingKey},
		AlertTo:     alertTo,
		Log:         slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

func newTestRunner(t *testing.T, db *store.DB, cfg Config, change func(*Runner, *river.Config)) *Runner {
	t.Helper()
	r, err := newRunner(db, cfg, func(r *Runner, c *river.Config) {
		c.TestOnly = true
		c.FetchPollInterval = 100 * time.Millisecond
		if change != nil {
			change(r, c)
		}
	})
	check(t, err)
	return r
}

// endsOf subscribes to the ends of jobs and returns a function that waits for one.
func endsOf(t *testing.T, r *Runner) func(id int64) *rivertype.JobRow {
	t.Helper()
	events, stop := r.client.SubscribeConfig(&river.SubscribeConfig{
		ChanSize: 10_000,
		Kinds:    []river.EventKind{river.EventKindJobCompleted, river.EventKindJobCancelled, river.EventKindJobFailed},
	})
	t.Cleanup(stop)
	ctx := storetest.Within(t, time.Minute)
	seen := map[int64]*rivertype.JobRow{}
	return func(id int64) *rivertype.JobRow {
		t.Helper()
		for seen[id] == nil {
			select {
			case e := <-events:
				if e.Kind != river.EventKindJobFailed || e.Job.State == rivertype.JobStateDiscarded {
					seen[e.Job.ID] = e.Job
				}
			case <-ctx.Done():
				t.Fatalf("job %d did not end", id)
			}
		}
		return seen[id]
	}
}

// waitFor waits until a query returns true. It queries again whenever a job ends.
func waitFor(t *testing.T, r *Runner, sql string, args ...any) {
	t.Helper()
	conn, ctx := admin(t), storetest.Within(t, time.Minute)
	events, stop := r.client.Subscribe(river.EventKindJobCompleted, river.EventKindJobCancelled)
	defer stop()
	for !ask[bool](t, conn, sql, args...) {
		select {
		case <-events:
		case <-ctx.Done():
			t.Fatalf("never came true: %s", sql)
		}
	}
}

// insert adds a job to the queue as it is, as an attacker with access to it could.
func insert(t *testing.T, r *Runner, job river.JobArgs) int64 {
	t.Helper()
	res, err := r.client.Insert(t.Context(), job, nil)
	check(t, err)
	return res.Job.ID
}

// admin returns a superuser's connection, to bypass the policies and to change what the
// product cannot.
func admin(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), storetest.Server().AdminURL(stack.DatabaseName))
	check(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func ask[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) T {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, args...)
	check(t, err)
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	check(t, err)
	return v
}

func do(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	_, err := conn.Exec(t.Context(), sql, args...)
	check(t, err)
}

// mailTo waits for a mail that contains a text.
func mailTo(t *testing.T, addr, text string) stack.Message {
	t.Helper()
	msg, err := mails.Wait(storetest.Within(t, 30*time.Second), addr, func(m stack.Message) bool {
		return strings.Contains(m.Subject()+m.Text(), text)
	})
	check(t, err)
	return msg
}

// mailsTo returns all mails to an address so far, except sign-in mails, which fixtures
// cause too.
func mailsTo(t *testing.T, addr string) []stack.Message {
	t.Helper()
	all, err := mails.To(addr)
	check(t, err)
	return slices.DeleteFunc(all, func(m stack.Message) bool { return linkIn.MatchString(m.Text()) })
}

// published creates a project with one published version and returns the version.
func published(t *testing.T, me store.Member, title string) uuid.UUID {
	t.Helper()
	version := draft(t, me, title)
	publish(t, me, version)
	return version
}

// draft creates a project with one version that can be published.
func draft(t *testing.T, me store.Member, title string) uuid.UUID {
	t.Helper()
	conn := admin(t)
	deliverable := storetest.Deliverable(t, me, storetest.Project(t, me, "Project of "+title), title)
	version := ask[uuid.UUID](t, conn, `select id from versions where deliverable_id = $1`, deliverable)
	do(t, conn, `insert into files (tenant_id, id, version_id, name, state, declared_size, size, sha256, content_type, object_key, created_by)
		values ($1::uuid, $2::uuid, $3, 'a.txt', 'ready', 1, 1, sha256('a'), 'text/plain', 'tenants/' || $1::uuid || '/files/' || $2::uuid, $4)`,
		me.TenantID(), store.NewID(), version, me.ID())
	return version
}

func publish(t *testing.T, me store.Member, version uuid.UUID) {
	t.Helper()
	deliverable := ask[uuid.UUID](t, admin(t), `select deliverable_id from versions where id = $1`, version)
	check(t, storetest.DB().Write(t.Context(), me, func(tx *store.Tx) error {
		return tx.Publish(t.Context(), deliverable, 1, "")
	}))
}

// logged returns the lines of a log that accept selects.
func (b *lockedBuffer) logged(t *testing.T, accept func(map[string]any) bool) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for line := range strings.Lines(b.String()) {
		var record map[string]any
		check(t, json.Unmarshal([]byte(line), &record))
		if accept(record) {
			lines = append(lines, record)
		}
	}
	return lines
}

// lockedBuffer is a log that many goroutines can write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
