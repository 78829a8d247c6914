// Package jobs works off the queue. A [Runner] takes them from the queue, in the
// process that serves or in one of its own, and runs each through one of two
// adapters, by the type of its arguments: a tenant job is believed only with a
// seal that fits, and then works inside its tenant alone; a platform job has no
// tenant and touches none. A job of any other type cannot be registered.
//
// Every effect inside a tenant is recorded under a key in its own transaction,
// so that a job which runs again finds it done. See docs/decisions/0002-jobs.md.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"portico/files"
	"portico/handlers/dnscheck"
	"portico/handlers/metrics"
	"portico/handlers/signin"
	"portico/handlers/upload"
	"portico/store"
	"portico/store/queue"
)

// Config is what jobs need to know of the installation.
type Config struct {
	// URL is PORTICO_URL, where the links in mails lead.
	URL *url.URL
	// Keys make the codes of sign-in mails.
	Keys signin.Keys
	// Mailer sends; required.
	Mailer *Mailer
	// Storage is where the bytes of files lie; nil leaves pictures to another process.
	Storage *files.Storage
	// DNS is asked about tenants' domains; nil is the system's.
	DNS *dnscheck.Resolver
	// AlertTo is told when a job is refused; "" tells the log and the counter alone.
	AlertTo string
	// Recorder counts jobs, unless nil.
	Metrics *metrics.Recorder
	// Log gets one line a job, of ids only.
	Log *slog.Logger
}

// Runner works the queue. Make one with [New].
type Runner struct {
	cfg     Config
	db      *store.DB
	log     *slog.Logger
	uploads *upload.Service // nil without Storage
	client  *river.Client[pgx.Tx]
	refused atomic.Int64
}

const (
	// Few workers: they share the pool of connections with the visitors, and
	// mostly wait for a mail server.
	urgentWorkers = 2
	otherWorkers  = 4
	// One, so that a heap of large pictures cannot fill the memory: the bound of
	// one, see maxDecoded, is that of all.
	pictureWorkers = 1

	// A job may wait for a mail server to answer, 10 and then 30 seconds.
	jobTimeout = 90 * time.Second
	// How long a stop waits for jobs before it hands them on.
	stopTimeout = 15 * time.Second
	// When a job whose process died is given to another.
	rescueAfter = 5 * time.Minute
)

// New puts the runner together; [Runner.Start] makes it work.
func New(db *store.DB, cfg Config) (*Runner, error) {
	if cfg.Mailer == nil || cfg.URL == nil {
		return nil, errors.New("jobs need a mailer and the installation's address")
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return newRunner(db, cfg, func(*Runner, *river.Config) {})
}

// newRunner lets tests have kinds and queues of their own.
func newRunner(db *store.DB, cfg Config, change func(*Runner, *river.Config)) (*Runner, error) {
	if cfg.DNS == nil {
		cfg.DNS = dnscheck.NewResolver("")
	}
	r := &Runner{cfg: cfg, db: db, log: cfg.Log}
	if cfg.Storage != nil {
		var err error
		if r.uploads, err = upload.New(upload.Config{DB: db, Storage: cfg.Storage, Metrics: cfg.Metrics, Log: cfg.Log}); err != nil {
			return nil, fmt.Errorf("job runner: %w", err)
		}
	}
	c := r.queueConfig()
	change(r, c)
	client, err := river.NewClient(riverpgxv5.New(db.JobPool()), c)
	if err != nil {
		return nil, fmt.Errorf("job runner: %w", err)
	}
	r.client = client
	return r, nil
}

func (r *Runner) queueConfig() *river.Config {
	workers := river.NewWorkers()
	r.register(workers)
	queues := map[string]river.QueueConfig{
		queue.Urgent:       {MaxWorkers: urgentWorkers},
		river.QueueDefault: {MaxWorkers: otherWorkers},
	}
	if r.cfg.Storage != nil {
		queues[queue.Pictures] = river.QueueConfig{MaxWorkers: pictureWorkers}
	}
	return &river.Config{
		Schema:               store.QueueSchema,
		Queues:               queues,
		Workers:              workers,
		PeriodicJobs:         periodicJobs(),
		ErrorHandler:         failures{r.log},
		RetryPolicy:          backoff{},
		JobTimeout:           jobTimeout,
		SoftStopTimeout:      stopTimeout,
		RescueStuckJobsAfter: rescueAfter,
		// The app's role owns nothing, and only an owner may rebuild an index.
		ReindexerSchedule: river.NeverSchedule(),
		Logger:            slog.New(riverLogFilter{r.log.Handler()}),
	}
}

// register is the list of everything that jobs do.
func (r *Runner) register(w *river.Workers) {
	platformJob(w, r, r.signInMail)
	platformJob(w, r, r.sweep)
	platformJob(w, r, r.dailyDigests)
	platformJob(w, r, r.dailyCleanup)
	platformJob(w, r, r.alertMail)
	platformJob(w, r, r.domainsDue)

	tenantJob(w, r, store.JobPolicy{}, r.projectDigest)
	tenantJob(w, r, store.JobPolicy{}, r.digestMail)
	tenantJob(w, r, store.JobPolicy{}, r.cleanUp)
	tenantJob(w, r, store.JobPolicy{RequesterMay: store.Publish}, r.versionPublished)
	tenantJob(w, r, store.JobPolicy{RequesterMay: store.Publish}, r.versionMail)
	// A domain is kept true whoever added it, in whatever state the tenant is.
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true, AnyTenantState: true}, r.domainCheck)
	// The picture was taken in while they might send it; it is no less there now.
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.filePreview)
	// Whoever of the agency invites need be no member here; an invitation that has
	// lost its ground is revoked, and then nothing is sent.
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.inviteMail)
	// What support did is told even when the person it looked as is gone.
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.supportStarted)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.supportEnded)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.supportExpiry)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.supportMail)
	// An agent who asks is no member.
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.accessRequested)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.accessRequestMail)
}

// Start begins to work the queue and returns. The end of ctx is a [Runner.Stop].
func (r *Runner) Start(ctx context.Context) error {
	if err := r.client.Start(ctx); err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	return nil
}

// Stop takes no more jobs and waits for those under way. After 15 seconds they
// are cancelled and put back, without the attempt being counted, for another
// process to take up. It returns when all is put away or ctx is done.
func (r *Runner) Stop(ctx context.Context) error {
	if err := r.client.Stop(ctx); err != nil {
		return fmt.Errorf("stop jobs: %w", err)
	}
	return nil
}

// Refused is how many jobs were refused since the start: a number that is not 0
// deserves a look at the table job_refusals.
func (r *Runner) Refused() int64 { return r.refused.Load() }

// CheckMail says whether the mail server answers, for the readiness page.
func (r *Runner) CheckMail(ctx context.Context) error { return r.cfg.Mailer.Check(ctx) }
