package metrics

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// trace sends traces to the collector at endpoint.
func (w *Recorder) trace(ctx context.Context, endpoint string, log *slog.Logger) error {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimRight(endpoint, "/")+"/v1/traces"))
	if err != nil {
		return fmt.Errorf("traces: %w", err)
	}
	// OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "portico")), resource.WithFromEnv())
	if err != nil {
		return fmt.Errorf("traces: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		// Not the text, which may quote what was sent and where.
		log.Warn("traces not taken", "kind", fmt.Sprintf("%T", err))
	}))
	w.provider = sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	w.tracer = w.provider.Tracer("portico")
	return nil
}

// Close sends what is left to send.
func (w *Recorder) Close(ctx context.Context) {
	if w == nil || w.provider == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	_ = w.provider.Shutdown(ctx) // the error handler has said it
}

// Store is for store.Config: what it traces is a round trip or a transaction in
// a tenant. It is nil while nobody wants traces, which then cost nothing.
func (w *Recorder) Store() func(ctx context.Context, what string, tenant uuid.UUID) (context.Context, func(error)) {
	if w == nil || w.tracer == nil {
		return nil
	}
	return func(ctx context.Context, what string, tenant uuid.UUID) (context.Context, func(error)) {
		ctx, span := w.tracer.Start(ctx, what, trace.WithSpanKind(trace.SpanKindClient))
		if tenant != uuid.Nil {
			span.SetAttributes(attribute.String("portico.tenant_id", tenant.String()))
		}
		return ctx, ending(span)
	}
}

// Files is for files.Config: what it traces is one call of S3, by its operation.
func (w *Recorder) Files() func(ctx context.Context, operation string) (context.Context, func(error)) {
	if w == nil || w.tracer == nil {
		return nil
	}
	return func(ctx context.Context, operation string) (context.Context, func(error)) {
		ctx, span := w.tracer.Start(ctx, "s3 "+operation, trace.WithSpanKind(trace.SpanKindClient))
		return ctx, ending(span)
	}
}

// Job is the beginning of a job; what it returns is its end, with the outcome.
func (w *Recorder) Job(ctx context.Context, kind string, id int64, attempt int) (context.Context, func(outcome string)) {
	if w == nil {
		return ctx, func(string) {}
	}
	began := time.Now()
	if w.tracer == nil {
		return ctx, func(outcome string) { w.worked(kind, outcome, time.Since(began)) }
	}
	ctx, span := w.tracer.Start(ctx, "job "+kind, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithNewRoot(),
		trace.WithAttributes(attribute.Int64("portico.job_id", id), attribute.Int("portico.job_attempt", attempt)))
	return ctx, func(outcome string) {
		w.worked(kind, outcome, time.Since(began))
		span.SetAttributes(attribute.String("portico.job_outcome", outcome))
		if outcome != "done" {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// ending marks what failed, without saying why: the text of an error may hold
// what it was about.
func ending(span trace.Span) func(error) {
	return func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

func endRequest(span trace.Span, a Answer) {
	span.SetName(a.Method + " " + a.Route)
	span.SetAttributes(
		attribute.String("http.request.method", a.Method),
		attribute.String("http.route", a.Route),
		attribute.Int("http.response.status_code", a.Status),
		attribute.String("portico.request_id", a.RequestID),
	)
	if a.Status >= 500 {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
