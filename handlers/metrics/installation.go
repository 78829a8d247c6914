package metrics

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"portico/store"
	"portico/store/queue"
)

// queryTimeout limits the database queries of a page or a scrape.
const queryTimeout = 3 * time.Second

func newDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("portico_"+name, help, labels, nil)
}

var (
	poolConns    = newDesc("db_connections", "Connections to PostgreSQL.", "state")
	poolMax      = newDesc("db_connections_max", "Maximum number of connections.")
	poolAcquired = newDesc("db_acquires_total", "Connections acquired from the pool.")
	poolWaited   = newDesc("db_acquire_waits_total", "Acquires that had to wait for a connection.")
	poolWait     = newDesc("db_acquire_seconds_total", "Time spent acquiring connections.")
	poolGivenUp  = newDesc("db_acquires_given_up_total", "Acquires cancelled before a connection was free.")
	dependencyUp = newDesc("dependency_up", "Whether a dependency answers, as on /readyz.", "dependency")
	queueJobs    = newDesc("queue_jobs", "Jobs in the queue.", "queue", "state")
	queueOldest  = newDesc("queue_oldest_seconds", "Age of the oldest job that is ready to run.", "queue")
)

// Ready reports which dependencies answer, by name.
type Ready func(context.Context) map[string]bool

// installationCollector collects the metrics that are read at each scrape instead of
// counted as events happen.
type installationCollector struct {
	db    *store.DB
	ready Ready
}

// Describe implements prometheus.Collector.
func (installationCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		poolConns, poolMax, poolAcquired, poolWaited, poolWait, poolGivenUp, dependencyUp, queueJobs, queueOldest,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (in installationCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), queryTimeout)
	defer cancel()
	in.collectPool(to)
	in.collectQueue(ctx, to)
	for name, up := range in.ready(ctx) {
		to <- prometheus.MustNewConstMetric(dependencyUp, prometheus.GaugeValue, zeroOrOne(up), name)
	}
}

func (in installationCollector) collectPool(to chan<- prometheus.Metric) {
	s := in.db.PoolStat()
	gauge := func(d *prometheus.Desc, n int32, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	counter := func(d *prometheus.Desc, n float64) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, n)
	}
	gauge(poolConns, s.AcquiredConns(), "busy")
	gauge(poolConns, s.IdleConns(), "idle")
	gauge(poolConns, s.ConstructingConns(), "opening")
	gauge(poolMax, s.MaxConns())
	counter(poolAcquired, float64(s.AcquireCount()))
	counter(poolWaited, float64(s.EmptyAcquireCount()))
	counter(poolWait, s.AcquireDuration().Seconds())
	counter(poolGivenUp, float64(s.CanceledAcquireCount()))
}

// collectQueue reports nothing if the database doesn't answer, because zero would be
// wrong.
func (in installationCollector) collectQueue(ctx context.Context, to chan<- prometheus.Metric) {
	lines, err := in.db.QueueLines(ctx)
	if err != nil {
		return
	}
	type place struct{ queue, state string }
	jobs, oldest := map[place]int64{}, map[string]time.Duration{}
	for _, l := range lines {
		name := knownQueue(l.Queue)
		jobs[place{name, l.State}] += l.Jobs
		oldest[name] = max(oldest[name], l.Waiting)
	}
	for p, n := range jobs {
		to <- prometheus.MustNewConstMetric(queueJobs, prometheus.GaugeValue, float64(n), p.queue, p.state)
	}
	for name, wait := range oldest {
		to <- prometheus.MustNewConstMetric(queueOldest, prometheus.GaugeValue, wait.Seconds(), name)
	}
}

// knownQueue keeps invented queue names out of the labels.
func knownQueue(name string) string {
	if slices.Contains(queue.Names, name) {
		return name
	}
	return "other"
}

func zeroOrOne(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
