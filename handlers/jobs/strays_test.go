package jobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/files"
	"portico/store"
	"portico/store/queue"
)

// shelf is a draft version in a tenant and what storage has for that tenant.
type shelf struct {
	me    store.Member
	draft uuid.UUID
	vault files.Vault
}

func newShelf(t *testing.T, r *Runner, me store.Member) shelf {
	t.Helper()
	deliverable := storetest.Deliverable(t, me, storetest.Project(t, me, "Project"), "Poster")
	return shelf{me: me, draft: storetest.Draft(t, me, deliverable), vault: r.cfg.Storage.For(me.TenantID())}
}

func (s shelf) key(id uuid.UUID) files.Key {
	return files.NewKey(s.me.TenantID(), files.KindFile, id)
}

// begin opens an upload in storage and sends its only part.
func (s shelf) begin(t *testing.T, id uuid.UUID, content string) (storageID string, part files.Part) {
	t.Helper()
	storageID, err := s.vault.Begin(t.Context(), s.key(id))
	check(t, err)
	part, err = s.vault.PutPart(t.Context(), s.key(id), storageID, 1, strings.NewReader(content), int64(len(content)), sha256.Sum256([]byte(content)))
	check(t, err)
	return storageID, part
}

// object puts an object into storage.
func (s shelf) object(t *testing.T, id uuid.UUID, content string) {
	t.Helper()
	storageID, part := s.begin(t, id, content)
	_, err := s.vault.Complete(t.Context(), s.key(id), storageID, []files.Part{part})
	check(t, err)
}

// pending begins an upload in the database and in storage.
func (s shelf) pending(t *testing.T, name string) uuid.UUID {
	t.Helper()
	var id uuid.UUID
	check(t, storetest.DB().Write(t.Context(), s.me, func(tx *store.Tx) (err error) {
		id, err = tx.BeginUpload(t.Context(), s.draft, store.NewUpload{Name: name})
		return err
	}))
	storageID, _ := s.begin(t, id, name)
	check(t, storetest.DB().Write(t.Context(), s.me, func(tx *store.Tx) error { return tx.OpenUpload(t.Context(), id, storageID) }))
	return id
}

// ready is a file with its object, which has its name for content.
func (s shelf) ready(t *testing.T, name string) uuid.UUID {
	t.Helper()
	id := storetest.File(t, s.me, s.draft, name)
	s.object(t, id, name)
	return id
}

func (s shelf) objects(t *testing.T) (ids []uuid.UUID) {
	t.Helper()
	for o, err := range s.vault.List(t.Context()) {
		check(t, err)
		ids = append(ids, o.Key.ID())
	}
	return ids
}

func (s shelf) uploads(t *testing.T) (ids []uuid.UUID) {
	t.Helper()
	for u, err := range s.vault.Uploads(t.Context()) {
		check(t, err)
		ids = append(ids, u.Key.ID())
	}
	return ids
}

func same(t *testing.T, what string, got []uuid.UUID, want ...uuid.UUID) {
	t.Helper()
	for _, ids := range [][]uuid.UUID{got, want} {
		slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func (s shelf) job(t *testing.T) store.Job {
	t.Helper()
	signed := &queue.Cleanup{Signature: queue.Signature{Tenant: s.me.TenantID()}}
	check(t, queue.NewSigner(storetest.SigningKey).Sign(signed))
	j, err := storetest.DB().VerifyJob(signed, store.JobPolicy{})
	check(t, err)
	return j
}

// runnerOver is a runner with an object store of its own, which works no queue.
func runnerOver(t *testing.T) *Runner {
	t.Helper()
	s3, err := stack.StartS3(context.WithoutCancel(t.Context()), stack.S3Options{})
	check(t, err)
	t.Cleanup(func() { _ = s3.Stop() })
	cfg := testConfig(t, mails.URL(), &lockedBuffer{})
	cfg.Storage, err = files.Open(files.Config{
		Endpoint: s3.Endpoint(), Region: s3.Region(), Bucket: s3.Bucket(),
		AccessKeyID: s3.AccessKeyID(), SecretAccessKey: s3.SecretAccessKey(),
	})
	check(t, err)
	return newTestRunner(t, storetest.DB(), cfg, nil)
}
