package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// meters are everything that is counted. docs/operate.md says what to watch.
type meters struct {
	requests, refusals, bytes, signIns, support, jobs *prometheus.CounterVec
	took, jobTook                                     *prometheus.HistogramVec
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
		took: histogram("http_request_duration_seconds", "Time from a request's header to the end of its response.",
			[]float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, "route", "method"),
		refusals: counter("refusals_total", "Requests refused or failed, by response status.", "status"),
		bytes:    counter("file_bytes_total", "Bytes of files uploaded or downloaded.", "direction"),
		signIns:  counter("sign_ins_total", "Sign-in attempts, by way and outcome.", "way", "outcome"),
		support:  counter("support_sessions_total", "Support sessions started, refused, stopped by the agent, and ended by the tenant.", "event"),
		jobs:     counter("jobs_total", "Jobs run, by outcome.", "kind", "outcome"),
		jobTook:  histogram("job_duration_seconds", "Time to run a job.", []float64{.01, .05, .25, 1, 5, 15, 60}, "kind"),
	}
}

func (m meters) all() []prometheus.Collector {
	return []prometheus.Collector{m.requests, m.refusals, m.bytes, m.signIns, m.support, m.jobs, m.took, m.jobTook}
}

// Refused counts a request that was refused, or failed, with this status.
func (w *Recorder) Refused(status int) {
	if w != nil {
		w.refusals.WithLabelValues(strconv.Itoa(status)).Inc()
	}
}

// Uploaded counts bytes of files that came in and were kept.
func (w *Recorder) Uploaded(bytes int64) {
	if w != nil {
		w.bytes.WithLabelValues("upload").Add(float64(bytes))
	}
}

// SignIn counts what came of a proof shown at the door. The way is "code",
// "link", "step_up" or the name of a configured provider.
func (w *Recorder) SignIn(way, outcome string) {
	if w != nil {
		w.signIns.WithLabelValues(way, outcome).Inc()
	}
}

// Support counts what became of support sessions: "started", "view_as", "refused",
// "stopped" or "ended".
func (w *Recorder) Support(event string) {
	if w != nil {
		w.support.WithLabelValues(event).Inc()
	}
}

func (w *Recorder) worked(kind, outcome string, took time.Duration) {
	w.jobs.WithLabelValues(kind, outcome).Inc()
	w.jobTook.WithLabelValues(kind).Observe(took.Seconds())
}
