// Package handlers is the product as the web sees it: routes.go lists every
// route with who may enter, one file holds the handlers of each resource, and
// every answer, error or not, leaves through the same few functions.
package handlers

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"portico/files"
	"portico/handlers/metrics"
	"portico/handlers/signin"
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
	// TrustedProxies are the proxies whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// CountKey keys what is counted in the database: at least 32 bytes.
	CountKey []byte
	// TenantLimit keeps one tenant from taking up the whole process; each visitor
	// gets a quarter of it.
	TenantLimit web.RateLimit
	// AnswerTime is how long a page may take to be made; 0 is 14 seconds.
	AnswerTime time.Duration
	// Support is what the installation lets its own support do.
	Support SupportMode
}

// leastCountKey is how long a [Config]'s CountKey is at least, in bytes.
const leastCountKey = 32

// Deps are what the server is put together from.
type Deps struct {
	DB      *store.DB
	Files   *files.Storage // nil serves no files
	SignIn  *signin.Service
	Ready   *web.Readiness    // nil is always ready
	Metrics *metrics.Recorder // nil counts nothing
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

	visitors, tenants *web.RateLimiter
}

// New puts the server together. It fails without an address, or when the CountKey
// is too short.
func New(cfg Config, deps Deps) (*Server, error) {
	if cfg.URL == nil {
		return nil, errors.New("handlers: URL is missing")
	}
	if len(cfg.CountKey) < leastCountKey {
		return nil, fmt.Errorf("handlers: CountKey is shorter than %d bytes", leastCountKey)
	}
	cfg.AnswerTime = cmp.Or(cfg.AnswerTime, web.AnswerTimeout)
	var uploads *upload.Service
	if deps.Files != nil {
		var err error
		uploads, err = upload.New(upload.Config{DB: deps.DB, Storage: deps.Files, Metrics: deps.Metrics, Log: deps.Log})
		if err != nil {
			return nil, err
		}
	}
	return &Server{
		cfg: cfg, db: deps.DB, files: deps.Files, uploads: uploads, signin: deps.SignIn,
		ready:    cmp.Or(deps.Ready, &web.Readiness{}),
		metrics:  deps.Metrics,
		log:      deps.Log,
		visitors: web.NewRateLimiter(cfg.TenantLimit.Quarter()),
		tenants:  web.NewRateLimiter(cfg.TenantLimit),
	}, nil
}

// https says whether visitors reach the server with encryption.
func (s *Server) https() bool { return s.cfg.URL.Scheme == "https" }

// Handler is the whole of the public listener. The order of the chain matters:
// the request id comes first so that everything after can name it; the panic
// guard is inside the log so that a panic is a logged 500; the host is resolved
// last, because only the mux may see the rewritten path.
func (s *Server) Handler() http.Handler { return s.handler(s.routes()) }

func (s *Server) handler(routes []Route) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", logAs("/static/", static.Handler()))
	mux.Handle("GET /healthz", logAs("/healthz", http.HandlerFunc(web.Healthz)))
	mux.Handle("GET /readyz", logAs("/readyz", s.ready))
	for _, route := range routes {
		mux.Handle(route.pattern(), s.serve(route))
	}
	var h http.Handler = mux
	h = s.resolveHost(h)
	h = web.RefuseCrossOrigin(s.https(), s.refuse, h)
	h = web.LimitRequests(s.refuse, h)
	h = web.GuardPanics(s.log, s.refuse, h)
	h = web.SecurityHeaders(s.https(), h)
	h = web.TrustProxies(s.cfg.TrustedProxies, h)
	h = s.logRequests(h)
	h = s.ready.EndConnections(h)
	return web.WithRequestID(h)
}

// HTTPServer is the public listener's server. It is served on a [web.Listener].
func (s *Server) HTTPServer() *http.Server { return s.httpServer(s.Handler()) }

func (s *Server) httpServer(h http.Handler) *http.Server {
	return web.Server(h, s.log, s.unreadable)
}

// unreadable is the whole answer to what could not be read as a request.
func (s *Server) unreadable(status int, requestID string) []byte {
	var page bytes.Buffer
	if err := views.Error(views.ErrorProps{Status: status, RequestID: requestID}).Render(context.Background(), &page); err != nil {
		page.Reset() // the status says enough
	}
	h := http.Header{}
	web.SetSecurityHeaders(h, s.https())
	h.Set("X-Request-Id", requestID)
	h.Set("Cache-Control", "private, no-store")
	h.Set("Connection", "close")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(page.Len()))
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	_ = h.Write(&b) // to memory
	b.WriteString("\r\n")
	b.Write(page.Bytes())
	s.log.Info("request", "request_id", requestID, "route", "", "status", status, "bytes", page.Len())
	return b.Bytes()
}
