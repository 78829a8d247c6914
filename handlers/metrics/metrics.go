// Package metrics gives the operator metrics and traces of a running process, and
// the admin listener on loopback.
//
// Labels and attributes come from short lists: route patterns, kinds of jobs,
// sign-in methods. Metrics carry no ids. Traces carry ids but no other data of
// tenants or people.
package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Recorder records metrics and, with a collector, traces. Create one with [New]. A nil Recorder records nothing, so tests don't need one.
type Recorder struct {
	registry *prometheus.Registry
	meters
	provider *sdktrace.TracerProvider // nil unless tracing is enabled
	tracer   trace.Tracer
}

// Config says what is recorded besides metrics.
type Config struct {
	// Traces is OTEL_EXPORTER_OTLP_ENDPOINT, an OpenTelemetry collector over HTTP;
	// "" turns tracing off. Without the collector only traces are lost.
	Traces string
	// Log gets a warning for traces that the collector didn't accept.
	Log *slog.Logger
}

// New returns a Recorder. It fails if the traces' endpoint or resource can't be used.
func New(ctx context.Context, c Config) (*Recorder, error) {
	rec := &Recorder{registry: prometheus.NewRegistry(), meters: newMeters()}
	rec.registry.MustRegister(rec.all()...)
	rec.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	if c.Traces == "" {
		return rec, nil
	}
	return rec, rec.trace(ctx, c.Traces, c.Log)
}

// Request is a request that has been answered.
type Request struct {
	RequestID string
	Route     string // the pattern, "" if no route matched
	Method    string
	Status    int
	Download  int64 // bytes of files sent
	Duration  time.Duration
}

// StartRequest starts the trace of a request. Pass the returned context to
// [Recorder.EndRequest].
func (rec *Recorder) StartRequest(ctx context.Context) context.Context {
	if rec == nil || rec.tracer == nil {
		return ctx
	}
	// Ignore a trace id that the visitor sent. Start a new root.
	ctx, _ = rec.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer), trace.WithNewRoot())
	return ctx
}

// EndRequest counts a request and ends its trace.
func (rec *Recorder) EndRequest(ctx context.Context, a Request) {
	if rec == nil {
		return
	}
	if a.Route == "" {
		a.Route = "none"
	}
	a.Method = knownMethod(a.Method)
	rec.requests.WithLabelValues(a.Route, a.Method, statusClass(a.Status)).Inc()
	rec.duration.WithLabelValues(a.Route, a.Method).Observe(a.Duration.Seconds())
	if a.Download > 0 {
		rec.bytes.WithLabelValues("download").Add(float64(a.Download))
	}
	if rec.tracer != nil {
		endRequestSpan(trace.SpanFromContext(ctx), a)
	}
}

// knownMethod keeps invented methods out of the labels.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// statusClass returns "2xx" and so on, or "aborted" if the connection closed before an
// answer.
func statusClass(status int) string {
	classes := [...]string{"aborted", "1xx", "2xx", "3xx", "4xx", "5xx"}
	if class := status / 100; class > 0 && class < len(classes) {
		return classes[class]
	}
	return classes[0]
}
