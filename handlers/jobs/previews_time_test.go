package jobs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"portico/e2e/storetest"
	"portico/handlers/thumbnail"
	"portico/handlers/thumbnail/thumbnailtest"
	"portico/store"
	"portico/store/queue"
)

// silent is a storage that delivers nothing until its context ends.
type silent struct{ ctx context.Context }

func (s silent) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

// A picture whose decoder took the time of the job is unfit, and so not tried again. When
// storage took it, or the process stops, the picture is tried again.
func TestOnlySlowDecodersMakePicturesUnfit(t *testing.T) {
	t.Parallel()
	picture := func(context.Context) io.Reader { return bytes.NewReader(make([]byte, 100)) }
	for what, c := range map[string]struct {
		body   func(context.Context) io.Reader
		waited time.Duration // until storage began to deliver
		stops  bool
		unfit  bool
	}{
		"a slow decoder":                 {picture, 0, false, true},
		"a storage that goes silent":     {func(ctx context.Context) io.Reader { return silent{ctx} }, 0, false, false},
		"a storage that was long silent": {picture, time.Hour, false, false},
		"a stop":                         {picture, 0, true, false},
	} {
		ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
		if c.stops {
			stop()
			ctx, stop = context.WithCancel(t.Context())
		}
		r := newContextReader(ctx, c.body(ctx), time.Now().Add(-c.waited))
		var piece [10]byte
		_, first := r.Read(piece[:])
		if c.stops {
			stop()
		}
		<-ctx.Done() // the decoder works
		_, second := r.Read(piece[:])
		if no := (thumbnail.UnfitError{}); errors.As(r.err, &no) != c.unfit || r.err == nil || second == nil {
			t.Errorf("%s: %v, then %v", what, first, r.err)
		}
		stop()
	}
}

// The result for a picture is recorded even after its job's deadline.
func TestUnfitPictureIsRecordedAfterTheDeadline(t *testing.T) {
	t.Parallel()
	p := startPreviewRunner(t)
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	version := storetest.Draft(t, dana, storetest.Deliverable(t, dana, storetest.Project(t, dana, "Spring"), "Poster"))
	file := p.upload(t, dana, version, thumbnailtest.PNG(t, thumbnailtest.TwoHalves(100, 100)))
	p.waitDone(t, file)
	job := &queue.FilePreview{Signature: queue.Signature{Tenant: dana.TenantID()}, File: file, Redo: store.NewID()}
	check(t, testSigner.Sign(job))
	j, err := storetest.DB().VerifyJob(job, store.JobPolicy{})
	check(t, err)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	check(t, p.runner.recordPreview(over, j, *job, nil))
	if n := ask[int](t, admin(t), `select count(*)::int from job_effects where tenant_id = $1 and key like 'file_preview:%' || $2`,
		dana.TenantID(), job.Redo.String()); n != 1 {
		t.Errorf("%d records", n)
	}
}
