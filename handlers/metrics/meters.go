package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// meters are the metrics that are counted as events happen. docs/operate.md says
// which to watch.
type meters struct {
	requests, refusals, bytes, signIns, support, jobs *prometheus.CounterVec
	duration, jobDuration                             *prometheus.HistogramVec
}

func newMeters() meters {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "portico", Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "portico", Name: name, Help: help, Buckets: buckets}, labels)
	}
	return meters{
		requests: counter("http_requests_total", "Requests answered.", "route", "method", "status"),
		duration: histogram("http_request_duration_seconds", "Time from a request's header to the end of its response.",
			[]float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, "route", "method"),
		refusals:    counter("refusals_total", "Requests refused or failed, by response status.", "status"),
		bytes:       counter("file_bytes_total", "Bytes of files uploaded or downloaded.", "direction"),
		signIns:     counter("sign_ins_total", "Sign-in attempts, by way and outcome.", "way", "outcome"),
		support:     counter("support_sessions_total", "Support sessions started, refused, stopped by the agent, and ended by the tenant.", "event"),
		jobs:        counter("jobs_total", "Jobs run, by outcome.", "kind", "outcome"),
		jobDuration: histogram("job_duration_seconds", "Time to run a job.", []float64{.01, .05, .25, 1, 5, 15, 60}, "kind"),
	}
}

func (m meters) all() []prometheus.Collector {
	return []prometheus.Collector{m.requests, m.refusals, m.bytes, m.signIns, m.support, m.jobs, m.duration, m.jobDuration}
}

// Refused counts a request that was refused or failed with this status.
func (rec *Recorder) Refused(status int) {
	if rec != nil {
		rec.refusals.WithLabelValues(strconv.Itoa(status)).Inc()
	}
}

// Uploaded counts bytes of files that were received and stored.
func (rec *Recorder) Uploaded(bytes int64) {
	if rec != nil {
		rec.bytes.WithLabelValues("upload").Add(float64(bytes))
	}
}

// SignIn counts a sign-in attempt. The way is "code", "link", "step_up" or the name
// of a configured provider.
func (rec *Recorder) SignIn(way, outcome string) {
	if rec != nil {
		rec.signIns.WithLabelValues(way, outcome).Inc()
	}
}

// Support counts an event of support sessions: "started", "view_as", "refused",
// "stopped" or "ended".
func (rec *Recorder) Support(event string) {
	if rec != nil {
		rec.support.WithLabelValues(event).Inc()
	}
}

func (rec *Recorder) jobDone(kind, outcome string, took time.Duration) {
	rec.jobs.WithLabelValues(kind, outcome).Inc()
	rec.jobDuration.WithLabelValues(kind).Observe(took.Seconds())
}
