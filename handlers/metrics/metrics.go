// Package metrics is what the operator of an installation sees of a running
// process: numbers, traces, and the listener on loopback that shows them.
//
// Labels and attributes come from short lists: patterns of routes, kinds of
// jobs, names of ways to sign in. No number carries an id; traces carry ids and
// nothing else of anybody.
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

// Recorder counts and, once [Recorder.Trace] was called, traces. Make one with [New];
// a nil Watch sees nothing, so that tests need none.
type Recorder struct {
	registry *prometheus.Registry
	meters
	provider *sdktrace.TracerProvider // nil unless traces are asked for
	tracer   trace.Tracer
}

// Config says what is recorded beyond counts.
type Config struct {
	// Traces is what OTEL_EXPORTER_OTLP_ENDPOINT says: an OpenTelemetry collector
	// over HTTP; "" sends none. A collector that is away costs its traces and
	// nothing else.
	Traces string
	// Log is told of traces that the collector did not take.
	Log *slog.Logger
}

// New returns a Recorder that counts and, if asked to, traces. An endpoint or a
// resource that cannot be used is an error.
func New(ctx context.Context, c Config) (*Recorder, error) {
	w := &Recorder{registry: prometheus.NewRegistry(), meters: newMeters()}
	w.registry.MustRegister(w.all()...)
	w.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	if c.Traces == "" {
		return w, nil
	}
	return w, w.trace(ctx, c.Traces, c.Log)
}

// Answer is a request that was answered.
type Answer struct {
	RequestID string
	Route     string // the pattern, "" when no route took it
	Method    string
	Status    int
	Download  int64 // bytes of files that went out
	Took      time.Duration
}

// Begin is the beginning of a request; [Recorder.Answered] is its end, with the
// context that Begin returned.
func (w *Recorder) Begin(ctx context.Context) context.Context {
	if w == nil || w.tracer == nil {
		return ctx
	}
	// What a visitor sends along as their own trace is not believed: ours begin here.
	ctx, _ = w.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer), trace.WithNewRoot())
	return ctx
}

// Answered counts a request and ends its trace.
func (w *Recorder) Answered(ctx context.Context, a Answer) {
	if w == nil {
		return
	}
	if a.Route == "" {
		a.Route = "none"
	}
	a.Method = knownMethod(a.Method)
	w.requests.WithLabelValues(a.Route, a.Method, statusClass(a.Status)).Inc()
	w.took.WithLabelValues(a.Route, a.Method).Observe(a.Took.Seconds())
	if a.Download > 0 {
		w.bytes.WithLabelValues("download").Add(float64(a.Download))
	}
	if w.tracer != nil {
		endRequest(trace.SpanFromContext(ctx), a)
	}
}

// knownMethod keeps what visitors invent out of the labels.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// statusClass is 2xx and so on; "aborted" when the connection was cut before an answer.
func statusClass(status int) string {
	classes := [...]string{"aborted", "1xx", "2xx", "3xx", "4xx", "5xx"}
	if class := status / 100; class > 0 && class < len(classes) {
		return classes[class]
	}
	return classes[0]
}
