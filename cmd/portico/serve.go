package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"portico/files"
	"portico/handlers"
	"portico/handlers/difference"
	"portico/handlers/dnscheck"
	"portico/handlers/jobs"
	"portico/handlers/media"
	"portico/handlers/metrics"
	"portico/handlers/pdf"
	"portico/handlers/signin"
	"portico/handlers/stripe"
	"portico/handlers/web"
	"portico/store"
	"portico/store/queue"
)

const (
	// startPatience is the time limit for all checks that can prevent a start.
	startPatience = 8 * time.Second
	// stopPatience is how long running requests and jobs get to finish.
	stopPatience = 20 * time.Second
)

func (p program) serve(ctx context.Context, args []string) error {
	fs := p.flags("serve [--jobs=false]", "Serves the portal on PORTICO_ADDR and runs its jobs. docs/configuration.md lists its settings.")
	jobs := fs.Bool("jobs", true, "run jobs in this process too")
	if help, err := p.parse(fs, args); help || err != nil {
		return err
	}
	in, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer in.close(ctx)
	stopJobs := func(context.Context) error { return nil }
	if *jobs {
		if err := in.runner.Start(context.WithoutCancel(ctx)); err != nil {
			return err
		}
		stopJobs = in.runner.Stop
	}
	return in.listen(ctx, stopJobs)
}

func (p program) work(ctx context.Context, args []string) error {
	fs := p.flags("work", "Runs jobs only, without serving the portal. It reads the environment of serve.")
	if help, err := p.parse(fs, args); help || err != nil {
		return err
	}
	in, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer in.close(ctx)
	if err := in.runner.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	in.log.Info("working")
	ready := web.NewReadiness(in.dependencies(nil))
	in.config.drain = 0 // this process gets no traffic from a balancer
	return in.run(ctx, ready, in.adminServers(ready), in.runner.Stop)
}

// installation holds everything that a running process uses.
type installation struct {
	config  config
	db      *store.DB
	storage *files.Storage
	runner  *jobs.Runner
	pdf     *pdf.Renderer
	stripe  *stripe.Client // nil is BILLING=off
	signer  queue.Signer
	watch   *metrics.Recorder
	log     *slog.Logger
}

// close closes what open opened.
func (in *installation) close(ctx context.Context) {
	in.db.Close()
	in.watch.Close(context.WithoutCancel(ctx))
	if in.pdf != nil {
		if err := in.pdf.Close(); err != nil {
			in.log.Warn("compiled code stays in the temporary directory", "err", err.Error())
		}
	}
}

// open checks the configuration and the database. Other services may be down:
// requests that need them get 503 until they are back.
func (p program) open(ctx context.Context) (*installation, error) {
	tuneMemory(p.getenv)
	c, err := loadConfig(p.getenv, p.environ)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	in := &installation{
		config: c, log: web.NewLogger(p.stderr, slog.LevelInfo),
		signer: queue.NewSigner(c.keys.For(signin.PurposeJobSignature)...),
	}
	// River and other libraries log through the same redactor.
	slog.SetDefault(in.log)
	if in.watch, err = metrics.New(ctx, metrics.Config{Traces: c.traces, Log: in.log}); err != nil {
		return nil, err
	}
	c.files.Observe = in.watch.FilesObserver()
	if in.storage, err = files.Open(c.files); err != nil {
		return nil, err
	}
	if c.billing != nil {
		if in.stripe, err = stripe.New(c.stripe); err != nil {
			return nil, err
		}
	}
	in.db, err = store.Open(ctx, store.Config{URL: c.databaseURL, Signer: in.signer, Plans: c.plans, Billing: c.billing, Observe: in.watch.StoreObserver()})
	if err != nil {
		return nil, fmt.Errorf("cannot start: %w", err)
	}
	if err := in.newRunner(); err != nil {
		in.close(ctx)
		return nil, err
	}
	return in, nil
}

// newRunner makes what runs the jobs.
func (in *installation) newRunner() error {
	c := in.config
	mailer, err := jobs.NewMailer(c.smtpURL, c.mailFrom)
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if in.pdf, err = pdf.New(program); err != nil {
		return err
	}
	recordings, err := media.New(program)
	if errors.Is(err, media.ErrMissing) {
		in.log.Info("ffmpeg is not installed, so video and sound have no pictures, times and copies here")
	} else if err != nil {
		return err
	}
	in.runner, err = jobs.New(in.db, jobs.Config{
		URL: c.url, TenantDomain: c.tenantDomain, Keys: c.keys, SigningKeys: c.signingKeys, Mailer: mailer, Storage: in.storage, PDF: in.pdf, Media: recordings, Differences: difference.New(program),
		DNS: dnscheck.NewResolver(c.dns), AlertTo: c.alertMail, Stripe: in.stripe, Metrics: in.watch, Log: in.log,
	})
	return err
}

// tuneMemory uses more memory to save time, because garbage collection is most of a
// page's cost. GOGC and GOMEMLIMIT, if the operator sets them, take precedence.
func tuneMemory(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(512 << 20)
	}
}

func (in *installation) listen(ctx context.Context, stopJobs func(context.Context) error) error {
	c := in.config
	providers, err := signin.NewProviders(c.providers...)
	if err != nil {
		return err
	}
	ready := web.NewReadiness(in.dependencies(providers))
	signIn, err := signin.New(signin.Config{
		DB: in.db, Keys: c.keys, URL: c.url, TenantDomain: c.tenantDomain, Providers: providers,
		AgentCodes: c.agentCodes, SignUp: c.signUp, Available: ready.Available, Metrics: in.watch, Log: in.log,
	})
	if err != nil {
		return err
	}
	site, err := handlers.New(handlers.Config{
		URL: c.url, TenantDomain: c.tenantDomain, TrustedProxies: c.trustedProxies,
		SigningKeys: c.signingKeys,
		CountKey:    c.keys.For(signin.PurposeRateLimit)[0],
		Support:     c.support,

		Subprocessors: c.subprocessors,
		TenantLimit:   web.RateLimit{PerSecond: float64(c.tenantRate), Burst: 4 * c.tenantRate},
	}, handlers.Deps{
		DB: in.db, Files: in.storage, SignIn: signIn, Ready: ready, Metrics: in.watch, Stripe: in.stripe, Log: in.log,
	})
	if err != nil {
		return err
	}
	public := site.HTTPServer()
	public.Addr = c.addr
	err = in.run(ctx, ready, append([]*http.Server{public}, in.adminServers(ready)...), stopJobs)
	count, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
	defer cancel()
	site.CountTransfers(count)
	return err
}

// adminServers returns the server of the admin listener, if it is configured.
func (in *installation) adminServers(ready *web.Readiness) []*http.Server {
	if in.config.adminAddr == "" {
		return nil
	}
	platform := dnscheck.Platform{MainHost: in.config.url.Hostname(), TenantDomain: in.config.tenantDomain}
	return []*http.Server{{
		Addr: in.config.adminAddr, Handler: in.watch.AdminHandler(in.db, ready.Check, platform.AllowCertificate(in.db), in.log),
		// Profiles take as long as the request says, so responses have no time
		// limit.
		ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}}
}

// run serves until ctx is done, and then shuts down: it reports that it is not
// ready, waits until balancers have noticed, accepts no more connections, and
// finishes running requests and jobs at the same time. Requests that don't finish
// in time are cut off; jobs are left to another process.
func (in *installation) run(ctx context.Context, ready *web.Readiness, servers []*http.Server, stopJobs func(context.Context) error) error {
	failed := make(chan error, len(servers))
	for _, s := range servers {
		l, err := net.Listen("tcp", s.Addr)
		if err != nil {
			failed <- fmt.Errorf("cannot listen on %s: %w", s.Addr, errors.Unwrap(err))
			break
		}
		in.log.Info("listening", "addr", s.Addr)
		go func() { failed <- s.Serve(web.Listener(l)) }()
	}
	var err error
	select {
	case <-ctx.Done():
		ready.Stop()
		in.log.Info("stopping", "drain", in.config.drain)
		time.Sleep(in.config.drain)
	case err = <-failed:
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
	defer cancel()
	var ends sync.WaitGroup
	for _, s := range servers {
		ends.Go(func() {
			if s.Shutdown(stop) != nil {
				_ = s.Close() // unfinished requests are cut off, and nothing else can be done about an error
			}
		})
	}
	err = errors.Join(err, stopJobs(stop))
	ends.Wait()
	in.log.Info("stopped")
	return err
}

// dependencies are the services that /readyz checks, by the names that operators
// know.
func (in *installation) dependencies(providers []signin.Provider) map[string]func(context.Context) error {
	asks := map[string]func(context.Context) error{
		"postgresql": in.db.Ping,
		"s3":         in.storage.Ping,
		"smtp":       in.runner.CheckMail,
	}
	for _, provider := range providers {
		if p, ok := provider.(*signin.OAuthProvider); ok && p.CanPing() {
			asks["auth:"+p.Name()] = p.Ping
		}
	}
	return asks
}
