// Package handlers is the product as the web sees it: routes.go lists every
// route with who may enter, one file holds the handlers of each resource, and
// every answer, error or not, leaves through the same few functions.
package handlers

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"portico/files"
	"portico/handlers/metrics"
	"portico/handlers/signin"
	"portico/static"
	"portico/store"
)

// Config is what the server needs to know about where it stands.
type Config struct {
	// URL is the main host's address, PORTICO_URL.
	URL *url.URL
	// TenantDomain is the domain under which every tenant has a host; "" for none.
	TenantDomain string
	// TrustedProxies are whose X-Forwarded-For and -Proto count.
	TrustedProxies []netip.Prefix
	// CountKey keys what is counted in the database: at least 32 bytes.
	CountKey []byte
	// TenantShare keeps one tenant from taking up the whole process.
	TenantShare Share
	// AnswerTime is how long a page may take to be made, whatever it waits for; 0
	// is 14 seconds.
	AnswerTime time.Duration
	// Support is what the installation lets its own support do.
	Support SupportMode
}

// Rooms are what the server is put together from.
type Rooms struct {
	DB     *store.DB
	Files  *files.Storage
	SignIn *signin.Room
	Ready  *Readiness        // nil is always ready
	Watch  *metrics.Recorder // nil counts nothing
	Log    *slog.Logger
}

// Server serves the product. Make one with [New].
type Server struct {
	cfg    Config
	db     *store.DB
	files  *files.Storage
	signin *signin.Room
	ready  *Readiness
	watch  *metrics.Recorder
	log    *slog.Logger

	visitors, tenants *shares
}

// New puts the server together.
func New(cfg Config, rooms Rooms) *Server {
	if len(cfg.CountKey) < 32 {
		panic("handlers: CountKey is shorter than 32 bytes")
	}
	cfg.AnswerTime = cmp.Or(cfg.AnswerTime, answerTime)
	if rooms.Ready == nil {
		rooms.Ready = &Readiness{}
	}
	if rooms.SignIn != nil {
		rooms.SignIn.At(cfg.URL, cfg.TenantDomain)
	}
	return &Server{cfg: cfg, db: rooms.DB, files: rooms.Files, signin: rooms.SignIn, ready: rooms.Ready, watch: rooms.Watch, log: rooms.Log,
		visitors: newShares(cfg.TenantShare.quarter()), tenants: newShares(cfg.TenantShare)}
}

// Handler is the whole of the public listener. The order of the chain matters:
// the request id comes first so that everything after can name it; the panic
// guard stands inside the log so that a panic is a logged 500; the host is
// resolved last, for the rewritten path is the mux's business alone.
func (s *Server) Handler() http.Handler { return s.handler(s.routes()) }

func (s *Server) handler(routes []Route) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", beside("/static/", static.Handler()))
	mux.Handle("GET /healthz", beside("/healthz", http.HandlerFunc(healthz)))
	mux.Handle("GET /readyz", beside("/readyz", http.HandlerFunc(s.ready.serve)))
	for _, route := range routes {
		mux.Handle(route.pattern(), s.serve(route))
	}
	var h http.Handler = mux
	h = s.resolveHost(h)
	h = s.refuseCrossOrigin(h)
	h = s.limitRequests(h)
	h = s.guardPanics(h)
	h = s.securityHeaders(h)
	h = s.trustProxies(h)
	h = s.logRequests(h)
	h = s.ready.endConnections(h)
	return withRequestID(h)
}
