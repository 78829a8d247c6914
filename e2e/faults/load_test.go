package faults

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
)

// load is people who create projects and note which were acknowledged.
type load struct {
	w    *world
	stop chan struct{}
	all  sync.WaitGroup

	mu         sync.Mutex
	served     int
	retryLater int      // answers with Retry-After
	acked      []string // names of projects that were acknowledged
	wrong      []string // every other answer
}

// loadEnv is an environment without limits for one person, who sends the whole load.
func (w *world) loadEnv() stack.Env {
	w.t.Helper()
	_, err := w.admin.Exec(w.t.Context(), `update tenants set plan = 'enterprise'`)
	check(w.t, err)
	return w.env.With("PORTICO_TENANT_RATE", "0")
}

// startLoad starts that many people at an address. They work until stopAndCheck.
func (w *world) startLoad(at string, people int) *load {
	l := &load{w: w, stop: make(chan struct{})}
	for person := range people {
		l.all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-l.stop:
					return
				default:
					l.createProject(at, fmt.Sprintf("Project %d of %d", n, person))
				}
			}
		})
	}
	return l
}

func (l *load) createProject(at, name string) {
	a, err := l.w.request(at, http.MethodPost, projectsPath, strings.NewReader("name="+strings.ReplaceAll(name, " ", "+")), "Content-Type", "application/x-www-form-urlencoded")
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil && a.status == http.StatusSeeOther:
		l.served++
		l.acked = append(l.acked, name)
	case err == nil && a.status == http.StatusServiceUnavailable && a.hasRetryAfter():
		l.retryLater++
	default:
		l.wrong = append(l.wrong, fmt.Sprintf("%v %d %.200s", err, a.status, a.body))
	}
}

func (l *load) servedCount() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.served
}

// waitForProgress waits until ten more projects were created.
func (l *load) waitForProgress(t *testing.T, when string) {
	t.Helper()
	before := l.servedCount()
	until(t, "work goes on "+when, func() bool { return l.servedCount() >= before+10 })
}

// stopAndCheck ends the load. It checks that every answer was allowed and that every
// acknowledged project exists.
func (l *load) stopAndCheck(t *testing.T) {
	t.Helper()
	close(l.stop)
	l.all.Wait()
	for _, wrong := range l.wrong {
		t.Errorf("answered: %s", wrong)
	}
	admin := must(pgx.Connect(t.Context(), l.w.Postgres.AdminURL(stack.DatabaseName)))(t)
	defer admin.Close(t.Context())
	rows := must(admin.Query(t.Context(), `select name from projects`))(t)
	kept := map[string]bool{}
	for _, name := range must(pgx.CollectRows(rows, pgx.RowTo[string]))(t) {
		kept[name] = true
	}
	for _, name := range l.acked {
		if !kept[name] {
			t.Errorf("%q was acknowledged and is lost", name)
		}
	}
	t.Logf("%d deeds were done, %d told to come again", len(l.acked), l.retryLater)
}

// Case 67: PostgreSQL crashes under load and is restarted. Every request is served or
// answered with 503 and Retry-After. At most ten seconds after the restart the same
// process serves again, and no acknowledged write is lost.
func TestPostgresCrashLosesNoAcknowledgedWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.serve(w.loadEnv())
	l := w.startLoad(w.addr(), 4)
	l.waitForProgress(t, "at first")
	check(t, w.Postgres.StopImmediate())
	until(t, "somebody is told to come again", func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.retryLater > 0 })
	check(t, w.Postgres.Start(t.Context()))
	up := time.Now()
	before := l.servedCount()
	until(t, "somebody is served", func() bool { return l.servedCount() > before })
	if took := time.Since(up); took > 10*time.Second {
		t.Errorf("the first was served %v after PostgreSQL was back", took)
	}
	l.waitForProgress(t, "afterwards")
	l.stopAndCheck(t)
	select {
	case <-p.Done():
		t.Error("the process ended")
	default:
	}
}

// Two replicas behind a balancer are restarted in turn under load. Every request is
// served or answered with 503 and Retry-After, and no acknowledged write is lost.
func TestRollingRestartLosesNoAcknowledgedWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var envs []stack.Env
	var replicas []*stack.Portico
	var at []string
	for range 2 {
		port := must(stack.FreePort())(t)
		at = append(at, fmt.Sprintf("127.0.0.1:%d", port))
		// Longer than the balancer takes to notice, on any machine.
		envs = append(envs, w.loadEnv().With("PORTICO_ADDR", at[len(at)-1]).With("PORTICO_DRAIN", "4s"))
		replicas = append(replicas, w.serve(envs[len(envs)-1]))
	}
	b := startBalancer(t, at...)
	for _, replica := range at {
		until(t, "the balancer knows both", func() bool { return b.isReady(replica) })
	}
	l := w.startLoad(b.addr, 4)
	l.waitForProgress(t, "with two replicas")
	for i, replica := range replicas {
		replica.Ask()
		if code, err := replica.Exit(stopContext(t)); err != nil || code != 0 {
			t.Fatalf("it ended with %d, %v: %s", code, err, replica.Tail())
		}
		l.waitForProgress(t, "with one replica")
		w.serve(envs[i])
		until(t, "the balancer knows that it is back", func() bool { return b.isReady(at[i]) })
		l.waitForProgress(t, "with both again")
	}
	l.stopAndCheck(t)
}
