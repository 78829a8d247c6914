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
func (rec *Recorder) trace(ctx context.Context, endpoint string, log *slog.Logger) error {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimRight(endpoint, "/")+"/v1/traces"))
	if err != nil {
		return fmt.Errorf("traces: %w", err)
	}
	// OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence.
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "portico")), resource.WithFromEnv())
	if err != nil {
		return fmt.Errorf("traces: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		// Don't log the text: it may quote the data and the address.
		log.Warn("traces not taken", "kind", fmt.Sprintf("%T", err))
	}))
	rec.provider = sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	rec.tracer = rec.provider.Tracer("portico")
	return nil
}

// Close sends the remaining traces. It waits at most three seconds.
func (rec *Recorder) Close(ctx context.Context) {
	if rec == nil || rec.provider == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	_ = rec.provider.Shutdown(ctx) // the error handler logs errors
}

// StoreObserver returns the Observe function of store.Config. It traces a round trip
// or a transaction in a tenant. It is nil if tracing is off.
func (rec *Recorder) StoreObserver() func(ctx context.Context, what string, tenant uuid.UUID) (context.Context, func(error)) {
	if rec == nil || rec.tracer == nil {
		return nil
	}
	return func(ctx context.Context, what string, tenant uuid.UUID) (context.Context, func(error)) {
		ctx, span := rec.tracer.Start(ctx, what, trace.WithSpanKind(trace.SpanKindClient))
		if tenant != uuid.Nil {
			span.SetAttributes(attribute.String("portico.tenant_id", tenant.String()))
		}
		return ctx, endSpan(span)
	}
}

// FilesObserver returns the Observe function of files.Config. It traces one S3
// request by its operation. It is nil if tracing is off.
func (rec *Recorder) FilesObserver() func(ctx context.Context, operation string) (context.Context, func(error)) {
	if rec == nil || rec.tracer == nil {
		return nil
	}
	return func(ctx context.Context, operation string) (context.Context, func(error)) {
		ctx, span := rec.tracer.Start(ctx, "s3 "+operation, trace.WithSpanKind(trace.SpanKindClient))
		return ctx, endSpan(span)
	}
}

// Job starts the trace of a job. Call the returned function with the outcome at its
// end.
func (rec *Recorder) Job(ctx context.Context, kind string, id int64, attempt int) (context.Context, func(outcome string)) {
	if rec == nil {
		return ctx, func(string) {}
	}
	began := time.Now()
	if rec.tracer == nil {
		return ctx, func(outcome string) { rec.jobDone(kind, outcome, time.Since(began)) }
	}
	ctx, span := rec.tracer.Start(ctx, "job "+kind, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithNewRoot(),
		trace.WithAttributes(attribute.Int64("portico.job_id", id), attribute.Int("portico.job_attempt", attempt)))
	return ctx, func(outcome string) {
		rec.jobDone(kind, outcome, time.Since(began))
		span.SetAttributes(attribute.String("portico.job_outcome", outcome))
		if outcome != "done" {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// endSpan marks failed spans but omits the error's text, which may contain data.
func endSpan(span trace.Span) func(error) {
	return func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

func endRequestSpan(span trace.Span, a Request) {
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
