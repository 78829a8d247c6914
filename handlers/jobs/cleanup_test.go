package jobs

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/files"
	"portico/store"
	"portico/store/queue"
)

// stored is a ready file whose bytes lie in storage.
func stored(t *testing.T, storage *files.Storage, me store.Member, deliverable string) (uuid.UUID, files.Key) {
	t.Helper()
	id := storetest.Deliverable(t, me, storetest.Project(t, me, deliverable), deliverable)
	var versions []store.Version
	check(t, storetest.DB().Read(t.Context(), me, store.ListVersions(id, &versions)))
	file := storetest.File(t, me, versions[0].ID, "poster.txt")
	key := files.NewKey(me.TenantID(), files.KindFile, file)
	vault := storage.For(me.TenantID())
	upload, err := vault.Begin(t.Context(), key)
	check(t, err)
	part, err := vault.PutPartSpooled(t.Context(), key, upload, 1, bytes.NewReader([]byte("poster")))
	check(t, err)
	_, err = vault.Complete(t.Context(), key, upload, []files.Part{part})
	check(t, err)
	_, err = vault.Put(t.Context(), files.NewKey(me.TenantID(), files.KindPreview, file), []byte("small"))
	check(t, err)
	return id, key
}

// The clean-up removes what has been in Acme's bin for 31 days, bytes and rows, and an
// upload that nobody continued. It keeps what was binned yesterday, and everything of
// Globex, which has the same in its bin.
func TestCleanupRemovesExpiredFiles(t *testing.T) {
	t.Parallel()
	s3, err := stack.StartS3(t.Context(), stack.S3Options{})
	check(t, err)
	defer func() { _ = s3.Stop() }()
	storage, err := files.Open(files.Config{Endpoint: s3.Endpoint(), Region: s3.Region(), Bucket: s3.Bucket(),
		AccessKeyID: s3.AccessKeyID(), SecretAccessKey: s3.SecretAccessKey()})
	check(t, err)
	a := storetest.Agency(t)
	acme, globex := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex)
	old, oldKey := stored(t, storage, acme, "Old")
	fresh, freshKey := stored(t, storage, acme, "Fresh")
	theirs, theirKey := stored(t, storage, globex, "Theirs")
	conn := admin(t)
	do(t, conn, `update deliverables set deleted_at = now() - interval '31 days' where id = any($1)`, []uuid.UUID{old, theirs})
	do(t, conn, `update deliverables set deleted_at = now() - interval '1 day' where id = $1`, fresh)
	stale := storetest.Deliverable(t, acme, storetest.Project(t, acme, "Stale"), "Stale")
	var versions []store.Version
	check(t, storetest.DB().Read(t.Context(), acme, store.ListVersions(stale, &versions)))
	upload := storetest.BeginUpload(t, acme, versions[0].ID, "never.txt", 6)
	do(t, conn, `update files set created_at = now() - interval '25 hours' where id = $1`, upload)
	do(t, conn, `update plan_usage set used = 77 where tenant_id = any($1)`, []uuid.UUID{acme.TenantID(), globex.TenantID()})
	before := storetest.RowsOf(t, globex.TenantID())

	cfg := testConfig(t, mails.URL(), &lockedBuffer{})
	cfg.Storage = storage
	r := newTestRunner(t, storetest.DB(), cfg, nil)
	job := &queue.Cleanup{Signature: queue.Signature{Tenant: acme.TenantID()}}
	check(t, queue.NewSigner(storetest.SigningKey).Sign(job))
	j, err := storetest.DB().VerifyJob(job, store.JobPolicy{})
	check(t, err)
	for range 2 { // a second clean-up finds nothing to do
		check(t, r.cleanUp(t.Context(), j, *job))
	}

	left := ask[int64](t, conn, `select count(*) from deliverables where id = any($1)`, []uuid.UUID{old, fresh, theirs})
	if left != 2 {
		t.Errorf("%d deliverables are left, want the fresh one and the other tenant's", left)
	}
	if n := ask[int64](t, conn, `select count(*) from files where id = $1`, upload); n != 0 {
		t.Error("the abandoned upload is still there")
	}
	for _, key := range files.FileKeys(acme.TenantID(), oldKey.ID()) {
		if _, err := storage.For(acme.TenantID()).Head(t.Context(), key); !errors.Is(err, files.ErrNotFound) {
			t.Errorf("%s of what was purged: %v, want not found", key.Kind(), err)
		}
	}
	for name, one := range map[string]files.Key{"fresh": freshKey, "theirs": theirKey} {
		for _, key := range files.FileKeys(one.Tenant(), one.ID()) {
			if _, err := storage.For(key.Tenant()).Head(t.Context(), key); err != nil {
				t.Errorf("%s of %s: %v", key.Kind(), name, err)
			}
		}
	}
	for table, hash := range storetest.RowsOf(t, globex.TenantID()) {
		if hash != before[table] {
			t.Errorf("rows of the other tenant changed in %s", table)
		}
	}
	var miscounted []string
	check(t, conn.QueryRow(t.Context(), `
select array_agg(tenant_id::text || ' ' || metric order by metric)
from plan_usage
where tenant_id = any($1) and used = 77`, []uuid.UUID{acme.TenantID(), globex.TenantID()}).Scan(&miscounted))
	for _, m := range miscounted {
		if !strings.HasPrefix(m, globex.TenantID().String()) {
			t.Errorf("still miscounted: %s", m)
		}
	}
	if len(miscounted) == 0 {
		t.Error("the tidy of Acme counted in Globex")
	}
}

// While an agency is read-only nobody can restore anything, so the clean-up purges nothing,
// and nothing either in the first night after it paid. Then there are 30 days to restore.
func TestCleanupPurgesNothingWhileReadOnly(t *testing.T) {
	t.Parallel()
	s3, err := stack.StartS3(t.Context(), stack.S3Options{})
	check(t, err)
	defer func() { _ = s3.Stop() }()
	storage, err := files.Open(files.Config{Endpoint: s3.Endpoint(), Region: s3.Region(), Bucket: s3.Bucket(),
		AccessKeyID: s3.AccessKeyID(), SecretAccessKey: s3.SecretAccessKey()})
	check(t, err)
	r, _, a, billing := billedRunner(t)
	cfg := testConfig(t, mails.URL(), &lockedBuffer{})
	cfg.Storage = storage
	r = newTestRunner(t, storetest.Billed(t), cfg, nil)
	acme, conn := a.Member(t, a.Dana, a.Acme), admin(t)
	kept, purged := storetest.Project(t, acme, "Kept"), storetest.Project(t, acme, "Purged")
	do(t, conn, `update projects set deleted_at = now() - interval '40 days' where id = any($1)`, []uuid.UUID{kept, purged})
	job := &queue.Cleanup{Signature: queue.Signature{Tenant: acme.TenantID()}}
	check(t, queue.NewSigner(storetest.SigningKey).Sign(job))
	j, err := storetest.Billed(t).VerifyJob(job, store.JobPolicy{})
	check(t, err)
	left := func(what string, want int64) {
		t.Helper()
		check(t, r.cleanUp(t.Context(), j, *job))
		if n := ask[int64](t, conn, `select count(*) from projects where id = any($1)`, []uuid.UUID{kept, purged}); n != want {
			t.Errorf("%s: %d projects are left, want %d", what, n, want)
		}
	}
	readOnly := func(since any) {
		t.Helper()
		check(t, storetest.Billed(t).Work(t.Context(), billing, func(tx *store.Tx) error { return tx.PassBillingTime(t.Context(), time.Now()) }))
		do(t, conn, `update tenants set read_only_since = $2 where slug = $1`, a.Agency, since)
	}
	readOnly(time.Now().Add(-time.Minute))
	left("read-only", 2)
	// The job of billing finds that nothing is owed.
	readOnly(nil)
	left("in the first night after", 2)
	check(t, storetest.Billed(t).Write(t.Context(), acme, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindProject, kept, false) }))
	do(t, conn, `update tenants set bin_held_until = now() - interval '1 minute' where slug = $1`, a.Agency)
	left("30 days later", 1)
}

// A clean-up may take an hour; a mail may not.
func TestOnlyLongJobsRunLonger(t *testing.T) {
	t.Parallel()
	if got := (&tenantWorker[queue.Cleanup, *queue.Cleanup]{}).Timeout(nil); got != time.Hour {
		t.Errorf("a clean-up may take %s, want an hour", got)
	}
	if got := (&tenantWorker[queue.VersionMail, *queue.VersionMail]{}).Timeout(nil); got != 0 {
		t.Errorf("a mail may take %s, want the runner's own limit", got)
	}
}
