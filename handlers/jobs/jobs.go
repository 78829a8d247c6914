// Package jobs works the queue. A [Runner], in the serving process or in one of its
// own, runs each job through one of two adapters, by the type of its arguments. A
// tenant job runs only with a valid signature, and then only inside its tenant. A
// platform job has no tenant and touches none. No other type can be registered.
//
// Every effect inside a tenant is recorded under a key in the same transaction, so
// that a job which runs again does nothing twice. See docs/decisions/0002-jobs.md.
package jobs

import (
	"context"
	"crypto/ed25519"
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
	"portico/handlers/difference"
	"portico/handlers/dnscheck"
	"portico/handlers/media"
	"portico/handlers/metrics"
	"portico/handlers/pdf"
	"portico/handlers/signin"
	"portico/handlers/stripe"
	"portico/handlers/upload"
	"portico/store"
	"portico/store/queue"
)

// Config is what jobs need to know of the installation.
type Config struct {
	// URL is PORTICO_URL, the base of the links in mails.
	URL *url.URL
	// TenantDomain is the domain under which every tenant has a host; "" for none.
	TenantDomain string
	// Keys are for the codes of sign-in mails.
	Keys signin.Keys
	// SigningKeys sign certificates of approval and the audit trail, newest first; at least one.
	SigningKeys []ed25519.PrivateKey
	// Mailer sends all mail; required.
	Mailer *Mailer
	// Storage holds the content of files; with nil, another process makes the previews.
	Storage *files.Storage
	// PDF draws the pages of documents; with nil, another process draws them.
	PDF *pdf.Renderer
	// Differences finds where pictures differ; required with Storage.
	Differences *difference.Finder
	// Media looks at recordings and copies them; with nil, another process does.
	Media *media.Tool
	// DNS resolves tenants' domains; nil means the system's resolver.
	DNS *dnscheck.Resolver
	// AlertTo gets a mail when a job is refused; "" sends none.
	AlertTo string
	// Stripe is asked for billing; nil means BILLING=off, and then there are no jobs of it.
	Stripe *stripe.Client
	// Metrics counts jobs; nil counts nothing.
	Metrics *metrics.Recorder
	// Log gets one line for each job, with ids only.
	Log *slog.Logger
}

// Runner runs the jobs of the queue. Make one with [New].
type Runner struct {
	cfg     Config
	db      *store.DB
	log     *slog.Logger
	uploads *upload.Service // nil without Storage
	client  *river.Client[pgx.Tx]
	refused atomic.Int64
}

const (
	// Few workers, because they share the connection pool with the visitors and mostly
	// wait for a mail server.
	urgentWorkers = 2
	otherWorkers  = 4
	// One, so that a backlog of large pictures cannot fill the memory: the limit for one
	// picture, maxDecoded in package thumbnail, is the limit for all.
	pictureWorkers = 1
	// One, because it takes a core and half a gigabyte.
	documentWorkers = 1
	// One each, because ffmpeg takes two cores, and up to three gigabytes for the largest
	// pictures.
	mediaWorkers, copyWorkers = 1, 1
	// Sealing waits for nothing but the database, and may not wait for anything else.
	sealWorkers = 1

	// A job may wait for a mail server: 10 seconds to connect and 30 to send.
	jobTimeout = 90 * time.Second
	// How long a stop waits for running jobs before it returns them to the queue.
	stopTimeout = 15 * time.Second
	// When a job whose process died is started again.
	rescueAfter = 5 * time.Minute
)

// New returns a runner, which [Runner.Start] starts. It fails without a mailer, a signing key or a URL.
func New(db *store.DB, cfg Config) (*Runner, error) {
	if cfg.Mailer == nil || cfg.URL == nil || len(cfg.SigningKeys) == 0 {
		return nil, errors.New("jobs need a mailer, a signing key and the installation's address")
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return newRunner(db, cfg, func(*Runner, *river.Config) {})
}

// newRunner lets tests change the configuration, for job kinds and queues of their own.
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
		queue.Seals:        {MaxWorkers: sealWorkers},
		river.QueueDefault: {MaxWorkers: otherWorkers},
	}
	if r.cfg.Storage != nil {
		queues[queue.Pictures] = river.QueueConfig{MaxWorkers: pictureWorkers}
	}
	if r.cfg.Storage != nil && r.cfg.PDF != nil {
		queues[queue.Documents] = river.QueueConfig{MaxWorkers: documentWorkers}
	}
	if r.cfg.Storage != nil && r.cfg.Media != nil {
		queues[queue.Media] = river.QueueConfig{MaxWorkers: mediaWorkers}
		queues[queue.Copies] = river.QueueConfig{MaxWorkers: copyWorkers}
	}
	return &river.Config{
		Schema:               store.QueueSchema,
		Queues:               queues,
		Workers:              workers,
		PeriodicJobs:         r.periodicJobs(),
		ErrorHandler:         errorHandler{r.log},
		RetryPolicy:          retryPolicy{},
		JobTimeout:           jobTimeout,
		SoftStopTimeout:      stopTimeout,
		RescueStuckJobsAfter: rescueAfter,
		// The app's role owns no index, so it may not rebuild one.
		ReindexerSchedule: river.NeverSchedule(),
		Logger:            slog.New(riverLogFilter{r.log.Handler()}),
	}
}

// register registers the worker of every kind of job.
func (r *Runner) register(w *river.Workers) {
	platformJob(w, r, r.signInMail)
	platformJob(w, r, r.sweep)
	platformJob(w, r, r.dailyDigests)
	platformJob(w, r, r.dailyCleanup)
	platformJob(w, r, r.hourlyUsage)
	platformJob(w, r, r.hourlyProofs)
	platformJob(w, r, r.alertMail)
	platformJob(w, r, r.domainsDue)
	platformJob(w, r, r.sealDue)

	tenantJob(w, r, store.JobPolicy{}, r.projectDigest)
	tenantJob(w, r, store.JobPolicy{}, r.digestMail)
	tenantJob(w, r, store.JobPolicy{}, r.cleanUp)
	tenantJob(w, r, store.JobPolicy{}, r.addUpUsage)
	tenantJob(w, r, store.JobPolicy{RequesterMay: store.Publish}, r.versionPublished)
	tenantJob(w, r, store.JobPolicy{RequesterMay: store.Publish}, r.versionMail)
	// What was asked and decided stands even if the person who caused the mail was removed.
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.reviewMail)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.decisionMail)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.passedOnMail)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.certify)
	// What somebody wrote stays, even if they were removed.
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.notesWritten)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.noteMail)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.mentionMail)
	// Domains are checked in every state of the tenant, even if the person who added one
	// was removed.
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true, AnyTenantState: true}, r.domainCheck)
	// What happened is sealed in every state of the tenant.
	tenantJob(w, r, store.JobPolicy{AnyTenantState: true}, r.seal)
	// The person was allowed to upload the file, which stays if they are removed.
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.filePreview)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.filePages)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.fileDifference)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.fileMedia)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.filePlayable)
	// The inviter may be agency staff who aren't members of this tenant. If an inviter
	// loses the right to invite, the invitation is revoked and nothing is sent.
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.inviteMail)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.inviteRefusedMail)
	// Owners are told what support did even if the person it viewed as was removed.
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.supportStarted)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.supportEnded)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.supportExpiry)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.supportMail)
	// What somebody reported stays, even if they were removed or the workspace suspended.
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true, AnyTenantState: true}, r.supportFlagged)
	// Agents who request access aren't members.
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.accessRequested)
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.accessRequestMail)
	// An answer stands even if the person who gave it was removed.
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.accessAnswered)
	// Owners are told of a key even if its maker was removed.
	tenantJob(w, r, store.JobPolicy{IgnoreRequester: true}, r.keyMail)
	if r.cfg.Stripe == nil {
		return
	}
	// What Stripe says counts in every state of the agency. Nobody here caused it.
	platformJob(w, r, r.stripeEvent)
	platformJob(w, r, r.billingDue)
	platformJob(w, r, r.hourlyBilling)
	tenantJob(w, r, store.JobPolicy{AnyTenantState: true}, r.billingUsage)
	tenantJob(w, r, store.JobPolicy{AnyTenantState: true}, r.billingEvent)
	tenantJob(w, r, store.JobPolicy{AnyTenantState: true}, r.billingTime)
	tenantJob(w, r, store.JobPolicy{AnyTenantState: true}, r.billingMail)
}

// Start starts to run jobs and returns. When ctx ends, the runner stops as by
// [Runner.Stop].
func (r *Runner) Start(ctx context.Context) error {
	if err := r.client.Start(ctx); err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	return nil
}

// Stop takes no more jobs and waits for those running. After 15 seconds it cancels
// them and returns them to the queue, without counting the attempt. It returns when no
// job runs any more or ctx is done.
func (r *Runner) Stop(ctx context.Context) error {
	if err := r.client.Stop(ctx); err != nil {
		return fmt.Errorf("stop jobs: %w", err)
	}
	return nil
}

// Refused returns the number of jobs refused since the start. If it is not 0, the
// table job_refusals says why.
func (r *Runner) Refused() int64 { return r.refused.Load() }

// CheckMail returns an error unless the mail server answers, for readiness.
func (r *Runner) CheckMail(ctx context.Context) error { return r.cfg.Mailer.Check(ctx) }
