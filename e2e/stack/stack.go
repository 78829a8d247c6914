package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sync/errgroup"
)

// Options configures a whole stack. The zero value is right for a test.
type Options struct {
	// Dir holds all data and is reused. Empty means temporary directories.
	Dir string
	// Transient lists files below Dir that belong to one run and not to its data.
	// They are removed when Dir is locked and when it is released.
	Transient []string
	// Durable makes PostgreSQL's commits survive a crash.
	Durable bool
	// Settings are added to PostgreSQL's settings and override them.
	Settings map[string]string
	// Addr is the address on which Portico will listen. Empty means a free loopback
	// port.
	Addr string
	// Front puts TLS before Portico, under https://portico.test and every
	// other name. Without it Portico is at http://localhost.
	Front bool
	// Proxied puts a proxy in front of each service, for tests that break the
	// network. Env contains the proxies' addresses.
	Proxied bool
	// Personas are on the sign-in page of the OpenID Connect provider.
	Personas []Persona
	// Log receives the services' output.
	Log io.Writer
}

// FrontDomain is Portico's host name behind a front.
const FrontDomain = "portico.test"

// Stack holds all services of one Portico.
type Stack struct {
	Postgres *Postgres
	S3       *S3
	OIDC     *OIDC
	Mail     *Mail
	Front    *Front // nil unless asked for

	// The proxy in front of each service; nil unless asked for.
	PostgresProxy, S3Proxy, OIDCProxy, MailProxy *Proxy

	opts     Options
	state    state
	stopping sync.Mutex // a caller and the end of ctx may both call Stop
	lock     *os.File   // held while Dir is in use, nil without Dir
}

// Start starts all services at once and returns when all of them answer. They run
// until Stop, the end of ctx, or the end of this process.
func Start(ctx context.Context, opts Options) (*Stack, error) {
	s := &Stack{opts: opts, state: newState()}
	if err := s.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("stack: %w", err), s.Stop())
	}
	if s.opts.Addr == "" {
		port, err := FreePort()
		if err != nil {
			return nil, errors.Join(err, s.Stop())
		}
		s.opts.Addr = loopback(port)
	}
	if s.opts.Proxied {
		if err := s.proxyOIDC(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("stack: %w", err), s.Stop())
		}
	}
	// Don't use errgroup.WithContext: its context ends with Wait, which would stop
	// the services.
	var group errgroup.Group
	group.Go(func() (err error) { s.Postgres, err = StartPostgres(ctx, s.postgresOptions()); return err })
	group.Go(func() (err error) { s.S3, err = StartS3(ctx, s.s3Options()); return err })
	group.Go(func() (err error) { s.OIDC, err = StartOIDC(ctx, s.oidcOptions()); return err })
	group.Go(func() (err error) { s.Mail, err = StartMail(ctx, s.mailOptions()); return err })
	if opts.Front {
		group.Go(func() (err error) { s.Front, err = StartFront(ctx, s.opts.Addr); return err })
	}
	if err := group.Wait(); err != nil {
		return nil, errors.Join(fmt.Errorf("stack: %w", err), s.Stop())
	}
	if s.opts.Proxied {
		if err := s.proxyOthers(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("stack: %w", err), s.Stop())
		}
	}
	if err := s.remember(); err != nil {
		return nil, errors.Join(fmt.Errorf("stack: %w", err), s.Stop())
	}
	context.AfterFunc(ctx, func() { _ = s.Stop() })
	return s, nil
}

// Stop stops all services and releases Dir.
func (s *Stack) Stop() error {
	s.stopping.Lock()
	defer s.stopping.Unlock()
	var errs []error
	for _, p := range []*Proxy{s.PostgresProxy, s.S3Proxy, s.OIDCProxy, s.MailProxy} {
		if p != nil {
			p.Stop()
		}
	}
	if s.Front != nil {
		errs = append(errs, s.Front.Stop())
	}
	if s.Mail != nil {
		errs = append(errs, s.Mail.Stop())
	}
	if s.OIDC != nil {
		errs = append(errs, s.OIDC.Stop())
	}
	if s.S3 != nil {
		errs = append(errs, s.S3.Stop())
	}
	if s.Postgres != nil {
		errs = append(errs, s.Postgres.Stop())
	}
	if s.lock != nil {
		errs = append(errs, s.removeTransient())
		// Closing the file is not enough: a child that another test is just
		// starting may still hold a copy of the descriptor, and with it the lock.
		errs = append(errs, syscall.Flock(int(s.lock.Fd()), syscall.LOCK_UN))
		_ = s.lock.Close()
		s.lock = nil
	}
	return errors.Join(errs...)
}

func (s *Stack) removeTransient() error {
	for _, name := range s.opts.Transient {
		if err := os.Remove(filepath.Join(s.opts.Dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// open locks Dir and reads what an earlier run left in it.
func (s *Stack) open() error {
	if s.opts.Dir == "" {
		return nil
	}
	var err error
	if s.opts.Dir, err = filepath.Abs(s.opts.Dir); err != nil {
		return err
	}
	if err := os.MkdirAll(s.opts.Dir, 0o755); err != nil {
		return err
	}
	s.lock, err = os.OpenFile(filepath.Join(s.opts.Dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(s.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = s.lock.Close()
		s.lock = nil // another process holds Dir, so Stop must not clear its files
		return fmt.Errorf("%s is in use by another run", s.opts.Dir)
	}
	if err := s.removeTransient(); err != nil {
		return err
	}
	if s.state, err = loadState(s.opts.Dir); err != nil {
		return err
	}
	// Save the secrets before they are used, so that a crash can't leave a cluster
	// whose password nobody knows.
	return s.state.save(s.opts.Dir)
}

// remember saves the ports for the next run.
func (s *Stack) remember() error {
	if s.opts.Dir == "" {
		return nil
	}
	s.state.PostgresPort, s.state.S3Port = s.Postgres.port, s.S3.port
	s.state.OIDCPort, s.state.MailPort = s.OIDC.port, s.Mail.port
	return s.state.save(s.opts.Dir)
}

// dir returns the directory of one service, or "" for a temporary one.
func (s *Stack) dir(name string) string {
	if s.opts.Dir == "" {
		return ""
	}
	return filepath.Join(s.opts.Dir, name)
}

func (s *Stack) postgresOptions() PostgresOptions {
	return PostgresOptions{
		Dir: s.dir("postgres"), Durable: s.opts.Durable, Settings: s.opts.Settings, Port: s.state.PostgresPort, Log: s.opts.Log,
		AdminPassword: s.state.AdminPassword, OwnerPassword: s.state.OwnerPassword, AppPassword: s.state.AppPassword,
	}
}

func (s *Stack) s3Options() S3Options {
	return S3Options{
		Dir: s.dir("s3"), Port: s.state.S3Port, Log: s.opts.Log,
		AccessKeyID: s.state.S3AccessKeyID, SecretAccessKey: s.state.S3SecretKey,
	}
}

func (s *Stack) oidcOptions() OIDCOptions {
	issuer := ""
	if s.OIDCProxy != nil {
		issuer = "http://" + s.OIDCProxy.Addr()
	}
	return OIDCOptions{
		Issuer: issuer, Port: s.state.OIDCPort, ClientSecret: s.state.OIDCClientSecret,
		Personas:     s.opts.Personas,
		RedirectURIs: []string{s.URL() + "/auth/demo", s.URL() + "/auth/demo/callback"},
	}
}

func (s *Stack) mailOptions() MailOptions {
	return MailOptions{Dir: s.dir("mail"), Port: s.state.MailPort}
}

// URL returns the address at which people reach Portico.
func (s *Stack) URL() string {
	if s.opts.Front {
		return "https://" + FrontDomain
	}
	return "http://" + publicAddr(s.opts.Addr)
}

// Env returns the environment of a Portico that uses this stack.
func (s *Stack) Env() Env {
	env := Env{
		"PORTICO_ADDR":            s.opts.Addr,
		"PORTICO_URL":             s.URL(),
		"PORTICO_AGENT_CODES":     "on",
		"PORTICO_TENANT_DOMAIN":   "localhost",
		"PORTICO_DRAIN":           "0s", // there is no balancer that must notice a shutdown
		"DATABASE_URL":            s.Postgres.AppURL(DatabaseName),
		"DATABASE_OWNER_URL":      s.Postgres.OwnerURL(DatabaseName),
		"S3_ENDPOINT":             s.S3.Endpoint(),
		"S3_REGION":               s.S3.Region(),
		"S3_BUCKET":               s.S3.Bucket(),
		"S3_ACCESS_KEY_ID":        s.S3.AccessKeyID(),
		"S3_SECRET_ACCESS_KEY":    s.S3.SecretAccessKey(),
		"SMTP_URL":                s.Mail.URL(),
		"MAIL_FROM":               "Portico <portico@portico.test>",
		"AUTH_DEMO_KIND":          "oidc",
		"AUTH_DEMO_ISSUER":        s.OIDC.Issuer(),
		"AUTH_DEMO_CLIENT_ID":     s.OIDC.ClientID(),
		"AUTH_DEMO_CLIENT_SECRET": s.OIDC.ClientSecret(),
		"SESSION_KEYS":            s.state.SessionKey,
		"SIGNING_KEYS":            s.state.SigningKey,
	}
	if s.opts.Proxied {
		env["DATABASE_URL"] = s.Postgres.appURLAt(s.PostgresProxy.Addr(), DatabaseName)
		env["S3_ENDPOINT"] = "http://" + s.S3Proxy.Addr()
		env["SMTP_URL"] = "smtp://" + s.MailProxy.Addr()
	}
	if s.opts.Front {
		env["PORTICO_TENANT_DOMAIN"] = FrontDomain
		env["PORTICO_TRUSTED_PROXIES"] = "127.0.0.1/32"
	}
	return env
}

// Env is the environment of a Portico, by variable name.
type Env map[string]string

// With returns a copy of env with one variable changed; an empty value removes
// it.
func (env Env) With(name, value string) Env {
	next := maps.Clone(env)
	next[name] = value
	if value == "" {
		delete(next, name)
	}
	return next
}

// List returns env as a list for a process. Of this process's own environment it
// includes only what programs need to run at all.
func (env Env) List() []string {
	list := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmp.Or(os.Getenv("HOME"), "/"), "TZ=UTC"}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}
