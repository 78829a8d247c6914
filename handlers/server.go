// Package handlers serves the product over HTTP. routes.go lists every route with who
// may enter, one file has the handlers of each resource, and errors.go turns errors
// into answers.
package handlers

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"portico/files"
	"portico/handlers/api"
	"portico/handlers/billing"
	"portico/handlers/frame"
	"portico/handlers/metrics"
	"portico/handlers/signin"
	"portico/handlers/stripe"
	"portico/handlers/support"
	"portico/handlers/upload"
	"portico/handlers/web"
	"portico/static"
	"portico/store"
	"portico/views"
)

// Config is how an installation sets the server up.
type Config struct {
	// URL is the main host's address, PORTICO_URL.
	URL *url.URL
	// TenantDomain is the domain under which every tenant has a host; "" for none.
	TenantDomain string
	// TrustedProxies are the proxies whose X-Forwarded-For header is used.
	TrustedProxies []netip.Prefix
	// CountKey is the HMAC key for rate limit counters in the database: at least 32 bytes.
	CountKey []byte
	// TenantLimit is the rate limit of one tenant in this process. Each visitor has a
	// quarter of it. So have all visitors of a network who are not signed in, together.
	TenantLimit web.RateLimit
	// AnswerTime is the time limit for a page; 0 is 14 seconds.
	AnswerTime time.Duration
	// SigningKeys are those of certificates of approval, the newest first.
	SigningKeys []ed25519.PrivateKey
	// Subprocessors are those whom the operator named, one a line of the trust page.
	Subprocessors []string
	// Support is what support agents may do on this installation.
	Support support.Mode
}

// minCountKeyLen is the minimum length of [Config] CountKey in bytes.
const minCountKeyLen = 32

// Deps are the services that a [Server] uses.
type Deps struct {
	DB      *store.DB
	Files   *files.Storage // nil serves no files
	SignIn  *signin.Service
	Ready   *web.Readiness    // nil is always ready
	Metrics *metrics.Recorder // nil counts nothing
	Stripe  *stripe.Client    // nil is BILLING=off
	Log     *slog.Logger
}

// Server serves the product. Make one with [New].
type Server struct {
	cfg     Config
	db      *store.DB
	files   *files.Storage
	uploads *upload.Service
	signin  *signin.Service
	ready   *web.Readiness
	metrics *metrics.Recorder
	log     *slog.Logger

	support           *support.Service
	attempts          frame.Attempts
	visitors, tenants *web.RateLimiter
	unproved          *web.RateLimiter // sessions and keys that weren't found yet, by network
	programs          *web.RateLimiter // by API key
	api               *api.Service
	billing           *billing.Service // nil with BILLING=off

	logoSlots, formSlots, checksumSlots, exportSlots *web.KeyedSemaphore
	// transfers are the requests that stream, by visitor, and all of a tenant.
	transfers, tenantTransfers *web.KeyedSemaphore
	transferred                transferMeter
}

// New makes a [Server]. It fails without a URL, or if the CountKey is too short.
func New(cfg Config, deps Deps) (*Server, error) {
	if cfg.URL == nil {
		return nil, errors.New("handlers: URL is missing")
	}
	if len(cfg.CountKey) < minCountKeyLen {
		return nil, fmt.Errorf("handlers: CountKey is shorter than %d bytes", minCountKeyLen)
	}
	cfg.AnswerTime = cmp.Or(cfg.AnswerTime, web.AnswerTimeout)
	attempts := frame.Attempts{DB: deps.DB, Key: cfg.CountKey}
	supporting, err := support.New(support.Config{
		DB: deps.DB, Mode: cfg.Support, Passkeys: deps.SignIn, Attempts: attempts, Metrics: deps.Metrics,
	})
	if err != nil {
		return nil, err
	}
	var uploads *upload.Service
	if deps.Files != nil {
		uploads, err = upload.New(upload.Config{DB: deps.DB, Storage: deps.Files, Metrics: deps.Metrics, Log: deps.Log})
		if err != nil {
			return nil, err
		}
	}
	s := &Server{
		cfg: cfg, db: deps.DB, files: deps.Files, uploads: uploads, signin: deps.SignIn, support: supporting,
		attempts:      attempts,
		ready:         cmp.Or(deps.Ready, &web.Readiness{}),
		metrics:       deps.Metrics,
		log:           deps.Log,
		visitors:      web.NewRateLimiter(cfg.TenantLimit.Quarter()),
		tenants:       web.NewRateLimiter(cfg.TenantLimit),
		logoSlots:     web.NewKeyedSemaphore(logosAtOnce),
		formSlots:     web.NewKeyedSemaphore(formsAtOnce),
		checksumSlots: web.NewKeyedSemaphore(1),
		exportSlots:   web.NewKeyedSemaphore(1),
		unproved:      web.NewRateLimiter(cfg.TenantLimit),
		programs:      web.NewRateLimiter(cfg.TenantLimit.Quarter()),

		transfers:       web.NewKeyedSemaphore(transfersAtOnce),
		tenantTransfers: web.NewKeyedSemaphore(tenantTransfersAtOnce),
		transferred:     transferMeter{db: deps.DB, log: deps.Log},
	}
	if deps.Stripe != nil {
		s.billing = billing.New(billing.Config{DB: deps.DB, Stripe: deps.Stripe, URL: cfg.URL, Log: deps.Log})
	}
	s.api, err = api.New(api.Config{DB: deps.DB, Home: func(t store.Tenant) string { return strings.TrimSuffix(s.addressOfTenant(t), "/") }})
	return s, err
}

// https reports whether visitors reach the server over HTTPS.
func (s *Server) https() bool { return s.cfg.URL.Scheme == "https" }

// ownsHost reports whether a host, and thus every name below it, belongs to the
// installation and not to a customer.
func (s *Server) ownsHost(host string) bool {
	slug, domain := s.tenantAt(web.HostName(host))
	return host == s.cfg.URL.Host || (slug != "" && domain == "")
}

// Handler is the handler of the public listener. The order of the middleware matters:
// the request id comes first, so that everything after it can log it; the panic guard
// is inside the request log, so that a panic is logged as a 500; the host is resolved
// last, because only the mux may see the rewritten path.
func (s *Server) Handler() http.Handler { return s.handler(s.routes()) }

func (s *Server) handler(routes []Route) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", logAs("/static/", static.Handler()))
	mux.Handle("GET /healthz", logAs("/healthz", http.HandlerFunc(web.Healthz)))
	mux.Handle("GET /readyz", logAs("/readyz", s.ready))
	for _, route := range routes {
		if route.Billing && s.billing == nil || route.SignUp && s.signin.SignUpRule() == store.SignUpOff {
			continue
		}
		mux.Handle(route.pattern(), s.serve(route))
	}
	var h http.Handler = mux
	h = s.resolveHost(h)
	h = s.knowMail(h)
	h = web.RefuseCrossOrigin(s.https(), s.refuse, h)
	h = web.LimitRequests(s.refuse, h)
	h = web.GuardPanics(s.log, s.refuse, h)
	h = web.SecurityHeaders(s.https(), s.ownsHost, h)
	h = web.NormalizeHost(s.cfg.URL.Host, h)
	h = web.TrustProxies(s.cfg.TrustedProxies, h)
	h = s.logRequests(h)
	h = s.ready.EndConnections(h)
	return web.WithRequestID(h)
}

// knowMail lets pages find out whether a mail that they promise can leave.
func (s *Server) knowMail(next http.Handler) http.Handler {
	answers := func(ctx context.Context) bool { return s.ready.Available(ctx, "smtp") }
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, frame.WithMail(r, answers)) })
}

// HTTPServer is the server of the public listener. Serve it on a [web.Listener].
func (s *Server) HTTPServer() *http.Server { return s.httpServer(s.Handler()) }

func (s *Server) httpServer(h http.Handler) *http.Server {
	return web.Server(h, s.log, s.malformedAnswer)
}

// malformedAnswer is the raw HTTP answer to bytes that net/http could not parse as a
// request.
func (s *Server) malformedAnswer(status int, requestID string) []byte {
	var page bytes.Buffer
	if err := views.Error(views.ErrorProps{Status: status, RequestID: requestID}, nil).Render(context.Background(), &page); err != nil {
		page.Reset() // the status says enough
	}
	h := http.Header{}
	web.SetSecurityHeaders(h, s.https(), false)
	h.Set("X-Request-Id", requestID)
	h.Set("Cache-Control", "private, no-store")
	h.Set("Connection", "close")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(page.Len()))
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	_ = h.Write(&b) // a buffer returns no errors
	b.WriteString("\r\n")
	b.Write(page.Bytes())
	s.log.Info("request", "request_id", requestID, "route", "", "status", status, "bytes", page.Len())
	return b.Bytes()
}
