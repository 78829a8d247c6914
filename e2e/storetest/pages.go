package storetest

import (
	"testing"

	"github.com/google/uuid"

	"portico/store"
	"portico/store/queue"
)

// Job is a job of the schedule in a tenant.
func Job(t testing.TB, tenant uuid.UUID) store.Job {
	t.Helper()
	args := &queue.Cleanup{Signature: queue.Signature{Tenant: tenant}}
	check(t, queue.NewSigner(SigningKey).Sign(args))
	j, err := db.VerifyJob(args, store.JobPolicy{})
	check(t, err)
	return j
}

// Pages records pictures of all pages of a document, as the job does.
func Pages(t testing.TB, tenant, file uuid.UUID, drawn ...store.Rendition) {
	t.Helper()
	check(t, db.Work(t.Context(), Job(t, tenant), func(tx *store.Tx) error {
		return tx.RecordPages(t.Context(), file, 1, len(drawn), drawn, "")
	}))
}

// Rendition is the picture of a page, without an object in storage.
func Rendition(page int) store.Rendition {
	return store.Rendition{ID: store.NewID(), Page: page, Width: 1600, Height: 2263, ContentType: "image/png", Size: 5, SHA256: make([]byte, 32)}
}

// Certificate stores a certificate of a version, as the job does. If nobody decided, it is
// of an approval, and a published version gets that outcome.
func Certificate(t testing.TB, tenant, deliverable, version uuid.UUID, signed string) {
	t.Helper()
	v := store.CertifiedVersion{ID: version, DeliverableID: deliverable}
	check(t, AdminPool().QueryRow(t.Context(), `
select coalesce(outcome, 'approved'), (select count(*) from decisions where version_id = v.id)
from versions v
where id = $1`, version).Scan(&v.Outcome, &v.Decided))
	check(t, db.Work(t.Context(), Job(t, tenant), func(tx *store.Tx) error {
		return tx.SaveCertificate(&v, store.NewID(), []byte(signed), "0123456789abcdef")
	}))
	_, err := AdminPool().Exec(t.Context(), `update versions set outcome = $2 where id = $1 and shared_at is not null`, version, v.Outcome)
	check(t, err)
}

// Media records what a job made of a recording: its poster and a copy, which a test may
// change before. No objects are in storage.
func Media(t testing.TB, tenant, file uuid.UUID, change ...func(*store.Rendition)) (poster, playable store.Rendition) {
	t.Helper()
	poster, playable = Rendition(0), Rendition(0)
	playable.ContentType = "video/mp4"
	for _, fn := range change {
		fn(&poster)
		fn(&playable)
	}
	ms := int64(90_000)
	check(t, db.Work(t.Context(), Job(t, tenant), func(tx *store.Tx) error {
		return tx.RecordLook(t.Context(), file, store.LookedAt{
			DurationMS: &ms, FrameRate: "30000/1001", StartTimecode: "01:00:00;00", Plays: store.PlaysSoon, Picture: &poster})
	}))
	check(t, db.Work(t.Context(), Job(t, tenant), func(tx *store.Tx) error {
		return tx.RecordPlayable(t.Context(), file, &playable, "")
	}))
	return poster, playable
}
