package metrics

import (
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"portico/store"
)

//go:embed *.html
var pages embed.FS

var templates = template.Must(template.ParseFS(pages, "*.html"))

// AdminHandler serves the admin listener on loopback: metrics, the queue, profiles,
// and certificate checks for the reverse proxy. Call it at most once.
func (rec *Recorder) AdminHandler(db *store.DB, ready Ready, allowCertificate http.Handler, log *slog.Logger) http.Handler {
	rec.registry.MustRegister(installationCollector{db, ready})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(rec.registry, promhttp.HandlerOpts{
		// If a dependency is down, only its own metrics are missing.
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4, Timeout: 10 * time.Second,
	}))
	mux.Handle("GET /.well-known/portico-ask", allowCertificate)
	mux.HandleFunc("GET /queue", queuePage(db, log))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { render(w, log, "index.html", nil) })
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return loopbackOnly(mux)
}

// loopbackOnly refuses requests for other hosts than loopback. It prevents DNS
// rebinding, by which a web page could read this listener through the operator's
// browser.
func loopbackOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		ip, err := netip.ParseAddr(host)
		if host != "localhost" && (err != nil || !ip.IsLoopback()) {
			http.Error(w, "this listener serves loopback only", http.StatusForbidden)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// queueProps is all that the queue page may show: counts and the reasons why jobs
// were refused, without data of tenants.
type queueProps struct {
	Lines   []store.QueueLine
	Refused []store.RefusedJob
}

const refusedShown = 20

func queuePage(db *store.DB, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), queryTimeout)
		defer cancel()
		var p queueProps
		var err error
		if p.Lines, err = db.QueueLines(ctx); err == nil {
			p.Refused, err = db.RefusedJobs(ctx, refusedShown)
		}
		if err != nil {
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		render(w, log, "queue.html", p)
	}
}

func render(w http.ResponseWriter, log *slog.Logger, page string, props any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := templates.ExecuteTemplate(w, page, props); err != nil {
		log.Error("page of the admin listener failed", "page", page, "error", err.Error())
	}
}
