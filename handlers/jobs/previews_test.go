package jobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"image"
	"io"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/files"
	"portico/handlers/thumbnail/thumbnailtest"
	"portico/store"
	"portico/store/queue"
)

// previews is the runner that these tests share. It has object storage and makes
// previews only.
var previews previewRunner

type previewRunner struct {
	start   sync.Once
	s3      *stack.S3
	storage *files.Storage
	runner  *Runner
}

func startPreviewRunner(t *testing.T) *previewRunner {
	t.Helper()
	p := &previews
	p.start.Do(func() {
		var err error
		p.s3, err = stack.StartS3(context.Background(), stack.S3Options{})
		check(t, err)
		p.storage, err = files.Open(files.Config{Endpoint: p.s3.Endpoint(), Region: p.s3.Region(), Bucket: p.s3.Bucket(),
			AccessKeyID: p.s3.AccessKeyID(), SecretAccessKey: p.s3.SecretAccessKey()})
		check(t, err)
		cfg := testConfig(t, mails.URL(), &lockedBuffer{})
		cfg.Storage = p.storage
		p.runner = newTestRunner(t, storetest.DB(), cfg, func(_ *Runner, c *river.Config) {
			c.Queues = map[string]river.QueueConfig{queue.Pictures: c.Queues[queue.Pictures]}
			c.PeriodicJobs = nil
		})
		check(t, p.runner.Start(context.Background()))
	})
	if p.runner == nil {
		t.Fatal("the runner of the tests did not start")
	}
	return p
}

func (p *previewRunner) stop(ctx context.Context) {
	if p.runner != nil {
		_ = p.runner.Stop(ctx)
	}
	if p.s3 != nil {
		_ = p.s3.Stop()
	}
}

// upload uploads a file with its content into a draft version.
func (p *previewRunner) upload(t *testing.T, me store.Member, version uuid.UUID, content []byte) uuid.UUID {
	t.Helper()
	id := storetest.BeginUpload(t, me, version, "picture", int64(len(content)))
	key, vault := files.NewKey(me.TenantID(), files.KindFile, id), p.storage.For(me.TenantID())
	upload, err := vault.Begin(t.Context(), key)
	check(t, err)
	part, err := vault.PutPartSpooled(t.Context(), key, upload, 1, bytes.NewReader(content))
	check(t, err)
	_, err = vault.Complete(t.Context(), key, upload, []files.Part{part})
	check(t, err)
	sum := sha256.Sum256(content)
	check(t, storetest.DB().Write(t.Context(), me, func(tx *store.Tx) error {
		return tx.FinishUpload(t.Context(), id, store.Stored{Size: int64(len(content)), SHA256: sum[:], ContentType: files.Sniff(content)})
	}))
	return id
}

// waitDone waits until the job of a file has completed and returns its id.
func (p *previewRunner) waitDone(t *testing.T, file uuid.UUID) (job int64) {
	t.Helper()
	const ofFile = ` from river.river_job where kind = 'file_preview' and args ->> 'file' = $1`
	waitFor(t, p.runner, `select count(*) = 1 and bool_and(state = 'completed' and attempt = 1)`+ofFile, file.String())
	return ask[int64](t, admin(t), `select id`+ofFile, file.String())
}

func (p *previewRunner) hasPreview(t *testing.T, me store.Member, file uuid.UUID) bool {
	t.Helper()
	_, err := p.storage.For(me.TenantID()).Head(t.Context(), previewKey(me.TenantID(), file))
	if err != nil && !errors.Is(err, files.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// Uploaded pictures get previews with the right content type, under the tenant's own
// key, and lists show the first of them.
func TestUploadedPicturesHavePreviews(t *testing.T) {
	t.Parallel()
	p := startPreviewRunner(t)
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	project := storetest.Project(t, dana, "Spring")
	deliverable := storetest.Deliverable(t, dana, project, "Poster")
	version := storetest.Draft(t, dana, deliverable)
	hole := thumbnailtest.TwoHalves(800, 800)
	clear(hole.Pix[:len(hole.Pix)/2])
	var first uuid.UUID
	for _, c := range []struct {
		content []byte
		becomes string
	}{
		{thumbnailtest.JPEG(t, thumbnailtest.TwoHalves(3000, 2000)), "image/jpeg"},
		{thumbnailtest.PNG(t, hole), "image/png"},
		{thumbnailtest.PNG(t, thumbnailtest.TwoHalves(700, 700)), "image/jpeg"},
		{thumbnailtest.GIF(t, thumbnailtest.TwoHalves(700, 700)), "image/jpeg"},
	} {
		file := p.upload(t, dana, version, c.content)
		p.waitDone(t, file)
		if first == uuid.Nil {
			first = file
		}
		var got store.FilePreview
		check(t, storetest.DB().Read(t.Context(), dana, store.GetPreview(file, &got)))
		digest := files.Digest(got.SHA256)
		object, err := p.storage.For(dana.TenantID()).Get(t.Context(), previewKey(dana.TenantID(), file), files.ReadOptions{Size: got.Size, Digest: &digest})
		check(t, err)
		content, err := io.ReadAll(object.Body)
		check(t, errors.Join(err, object.Body.Close()))
		config, format, err := image.DecodeConfig(bytes.NewReader(content))
		if err != nil || got.ContentType != c.becomes || "image/"+format != c.becomes || config.Width > 480 || config.Height > 360 {
			t.Errorf("preview %s (%s) of %d by %d, %v", got.ContentType, format, config.Width, config.Height, err)
		}
	}
	var list []store.DeliverableLine
	check(t, storetest.DB().Read(t.Context(), dana, store.ListDeliverables(project, store.Current, &list)))
	if len(list) != 1 || list[0].Preview == nil || *list[0].Preview != first {
		t.Errorf("list = %+v, want the preview of %s", list, first)
	}
}

// Case 50: a picture that claims 60,000 by 60,000 pixels and a truncated one get no
// preview. Their jobs complete at the first attempt, and the next picture gets one.
func TestBombsHaveNoPreview(t *testing.T) {
	t.Parallel()
	p := startPreviewRunner(t)
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	version := storetest.Draft(t, dana, storetest.Deliverable(t, dana, storetest.Project(t, dana, "Spring"), "Poster"))
	whole := thumbnailtest.PNG(t, thumbnailtest.TwoHalves(100, 100))
	for name, content := range map[string][]byte{
		"bomb":   thumbnailtest.PNGClaim(60_000, 60_000, 8, 6, 0),
		"broken": whole[:40],
	} {
		file := p.upload(t, dana, version, content)
		p.waitDone(t, file)
		var got store.FilePreview
		if err := storetest.DB().Read(t.Context(), dana, store.GetPreview(file, &got)); !errors.Is(err, store.ErrNotFound) || p.hasPreview(t, dana, file) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	next := p.upload(t, dana, version, whole)
	p.waitDone(t, next)
	if !p.hasPreview(t, dana, next) {
		t.Error("the next picture has no preview")
	}
}

// A completed job runs again, and so does a copy of it. Nothing is read, drawn or stored
// a second time.
func TestPreviewIsMadeOnce(t *testing.T) {
	t.Parallel()
	p := startPreviewRunner(t)
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	version := storetest.Draft(t, dana, storetest.Deliverable(t, dana, storetest.Project(t, dana, "Spring"), "Poster"))
	file := p.upload(t, dana, version, thumbnailtest.PNG(t, thumbnailtest.TwoHalves(100, 100)))
	job := p.waitDone(t, file)
	// Delete the object directly: a second run would store it again.
	check(t, p.storage.For(dana.TenantID()).Delete(t.Context(), previewKey(dana.TenantID(), file)))
	row, err := p.runner.client.JobRetry(t.Context(), job)
	check(t, err)
	replayed, err := p.runner.client.Insert(t.Context(), rawJob{row.Kind, string(row.EncodedArgs)}, &river.InsertOpts{Queue: queue.Pictures})
	check(t, err)
	waitCompleted(t, p.runner, []int64{job, replayed.Job.ID})
	if p.hasPreview(t, dana, file) {
		t.Error("the preview was made a second time")
	}
	if n := ask[int](t, admin(t), `select count(*)::int from job_effects where tenant_id = $1 and key = $2`,
		dana.TenantID(), "file_preview:"+file.String()); n != 1 {
		t.Errorf("%d effects", n)
	}
}

// A job of Acme that names a picture of Globex is refused and makes no preview in either
// tenant.
func TestPreviewOfAnotherTenantsFileIsRefused(t *testing.T) {
	t.Parallel()
	p := startPreviewRunner(t)
	ended := endsOf(t, p.runner)
	a := storetest.Agency(t)
	acme, globex := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex)
	version := storetest.Draft(t, globex, storetest.Deliverable(t, globex, storetest.Project(t, globex, "Theirs"), "Theirs"))
	file := p.upload(t, globex, version, thumbnailtest.PNG(t, thumbnailtest.TwoHalves(100, 100)))
	p.waitDone(t, file)
	before := storetest.RowsOf(t, globex.TenantID())
	job := &queue.FilePreview{Signature: queue.Signature{Tenant: acme.TenantID()}, File: file}
	check(t, testSigner.Sign(job))
	if row := ended(insert(t, p.runner, job)); row.State != "cancelled" {
		t.Errorf("the job is %s", row.State)
	}
	if p.hasPreview(t, acme, file) {
		t.Error("the wrong tenant has a preview")
	}
	for table, hash := range storetest.RowsOf(t, globex.TenantID()) {
		if hash != before[table] {
			t.Errorf("rows of the other tenant changed in %s", table)
		}
	}
	if !p.hasPreview(t, globex, file) {
		t.Error("the rightful tenant has no preview")
	}
}
