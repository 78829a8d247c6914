//go:build long

package jobs

import (
	"testing"
	"time"

	"portico/e2e/storetest"
	"portico/store"
	"portico/store/queue"
	"portico/trail"
)

// A million events are sealed, and verified, within minutes. A deed meanwhile is no slower.
func TestMillionEventsAreSealed(t *testing.T) {
	b := setupTrail(t, 1_000_000)
	deed := func() time.Duration {
		began := time.Now()
		for range 200 {
			check(t, storetest.DB().Record(t.Context(), b.dana, store.Event{Verb: "file.viewed", TargetKind: store.KindFile, TargetID: store.NewID()}))
		}
		return time.Since(began) / 200
	}
	alone := deed()
	job, began, done := storetest.Job(t, b.tenant), time.Now(), make(chan error)
	go func() { done <- b.r.seal(t.Context(), job, queue.Seal{}) }()
	beside := deed()
	check(t, <-done)
	sealed := time.Since(began)
	b.seal(t)
	archive := b.archive(t)
	began = time.Now()
	report, err := trail.Verify(archive, trail.Options{Keys: b.keys})
	check(t, err)
	verified := time.Since(began)
	t.Logf("sealed in %v, verified in %v; a deed takes %v alone and %v beside the backlog", sealed, verified, alone, beside)
	if !report.OK() || report.Logs[0].Rows < 1_000_000 {
		t.Errorf("%+v", report.Logs)
	}
	if sealed > 5*time.Minute || verified > time.Minute {
		t.Error("it takes too long")
	}
	began = time.Now()
	b.proofOf(t, b.Member(t, b.Mia, b.Acme))
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("a proof takes %v", took)
	}
}
