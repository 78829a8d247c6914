package jobs

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"portico/files"
	"portico/handlers/thumbnail"
	"portico/store"
	"portico/store/queue"
)

// filePreview makes the preview of a file. It writes the object before the row that
// points to it; if the process dies in between, the next attempt writes it again. A
// picture that cannot be decoded, or not in time, gets no preview and is not retried.
func (r *Runner) filePreview(ctx context.Context, j store.Job, job queue.FilePreview) error {
	var big *store.Picture
	err := r.db.Work(ctx, j, func(tx *store.Tx) (err error) {
		big, err = tx.PictureFor(ctx, job.File, job.Redo)
		return err
	})
	if err != nil || big == nil {
		return err
	}
	var small *store.Preview
	err = thumbnail.UnfitError{Reason: "it is no picture that can be decoded"}
	if thumbnail.Decodes(big.ContentType) {
		small, err = r.makePreview(ctx, j.TenantID(), job.File, *big)
	}
	var no thumbnail.UnfitError
	if errors.Is(err, files.ErrNotFound) || errors.Is(err, files.ErrSize) {
		err = thumbnail.UnfitError{Reason: "its bytes are not in storage"} // the reconciler reports it; a retry would not help
	}
	if errors.As(err, &no) {
		r.log.LogAttrs(ctx, slog.LevelInfo, "no preview",
			slog.String("tenant", j.TenantID().String()), slog.String("file", job.File.String()), slog.String("why", no.Reason))
	} else if err != nil {
		return err
	}
	return r.recordPreview(ctx, j, job, small)
}

// recordTimeout is how long a job may take to record what came of a picture.
const recordTimeout = 15 * time.Second

// recordPreview records the preview, or that there is none if small is nil. A decoder may
// have taken all the time of the job, so it has a time of its own.
func (r *Runner) recordPreview(ctx context.Context, j store.Job, job queue.FilePreview, small *store.Preview) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	err := r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.RecordPreview(ctx, job.File, job.Redo, small) })
	if errors.Is(err, store.ErrNotFound) {
		// The file was deleted meanwhile, before the preview existed.
		if err := r.cfg.Storage.For(j.TenantID()).Delete(ctx, previewKey(j.TenantID(), job.File)); err != nil {
			return err
		}
	}
	return err
}

// previewBox fits our largest preview, 104 by 72 CSS pixels, on screens with up to three
// device pixels for each.
var previewBox = thumbnail.Box{Width: 480, Height: 360}

func previewKey(tenant, file uuid.UUID) files.Key {
	return files.NewKey(tenant, files.KindPreview, file)
}

// makePreview reads a picture from its tenant's vault and stores its preview there. It
// reads the picture to its end, because the digest covers all of it.
func (r *Runner) makePreview(ctx context.Context, tenant, file uuid.UUID, p store.Picture) (*store.Preview, error) {
	vault, digest, began := r.cfg.Storage.For(tenant), files.Digest(p.SHA256), time.Now()
	object, err := vault.Get(ctx, files.NewKey(tenant, files.KindFile, file), files.ReadOptions{Size: p.Size, Digest: &digest})
	if err != nil {
		return nil, err
	}
	defer object.Body.Close()
	body := newContextReader(ctx, object.Body, began)
	small, err := thumbnail.Shrink(body, p.ContentType, previewBox)
	if err == nil {
		_, err = io.Copy(io.Discard, body)
	}
	if body.err != nil {
		return nil, body.err // whatever the decoder made of it
	}
	if err != nil {
		return nil, err
	}
	stored, err := vault.Put(ctx, previewKey(tenant, file), small.Content)
	if err != nil {
		return nil, err
	}
	return &store.Preview{ContentType: small.ContentType, Size: int64(len(small.Content)), SHA256: stored[:]}, nil
}

// contextReader stops reading when its context ends, because decoders take no context.
// It keeps why it stopped: storage failed, or the decoder, not storage, took most of the
// time that the job had.
type contextReader struct {
	ctx      context.Context
	body     io.Reader
	err      error
	returned time.Time // when the decoder got the last bytes
	// decoding is how long the decoder worked between reads, reading how long it waited.
	decoding, reading time.Duration
}

// newContextReader reads a body that storage was asked for at a time.
func newContextReader(ctx context.Context, body io.Reader, asked time.Time) *contextReader {
	now := time.Now()
	return &contextReader{ctx: ctx, body: body, returned: now, reading: now.Sub(asked)}
}

// Read implements io.Reader.
func (s *contextReader) Read(p []byte) (int, error) {
	called := time.Now()
	s.decoding += called.Sub(s.returned)
	if err := s.ctx.Err(); err != nil {
		if errors.Is(err, context.DeadlineExceeded) && s.decoding > s.reading {
			err = thumbnail.UnfitError{Reason: "it takes too long to decode"}
		}
		s.err = err
		return 0, err
	}
	n, err := s.body.Read(p)
	s.returned = time.Now()
	s.reading += s.returned.Sub(called)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
