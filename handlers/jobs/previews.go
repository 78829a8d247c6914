package jobs

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/google/uuid"

	"portico/files"
	"portico/handlers/thumbnail"
	"portico/store"
	"portico/store/queue"
)

// filePreview makes the small picture of a file. The object comes before the row
// that leads to it, and a job that died in between makes it again; a picture that
// nothing can be made of is left at that, for it will be no better tomorrow.
func (r *Runner) filePreview(ctx context.Context, j store.Job, job queue.FilePreview) error {
	var big *store.Picture
	err := r.db.Work(ctx, j, func(tx *store.Tx) (err error) {
		big, err = tx.PictureFor(ctx, job.File, job.Anew)
		return err
	})
	if err != nil || big == nil {
		return err
	}
	small, err := r.shrinkFile(ctx, j.TenantID(), job.File, *big)
	var no thumbnail.UnfitError
	if errors.Is(err, files.ErrNotFound) || errors.Is(err, files.ErrSize) {
		err = thumbnail.UnfitError{Reason: "its bytes are not in storage"} // the reconciler names it; it is no better tomorrow
	}
	if errors.As(err, &no) {
		r.log.LogAttrs(ctx, slog.LevelInfo, "no preview",
			slog.String("tenant", j.TenantID().String()), slog.String("file", job.File.String()), slog.String("why", no.Reason))
	} else if err != nil {
		return err
	}
	err = r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.RecordPreview(ctx, job.File, job.Anew, small) })
	if errors.Is(err, store.ErrNotFound) {
		// The file has gone meanwhile, and its deletion did not know of the preview.
		if err := r.cfg.Storage.For(j.TenantID()).Delete(ctx, previewKey(j.TenantID(), job.File)); err != nil {
			return err
		}
	}
	return err
}

// previewBox fits the largest row of ours, 104 by 72, on screens with up to three
// pixels of theirs to one of CSS.
var previewBox = thumbnail.Box{Width: 480, Height: 360}

func previewKey(tenant, file uuid.UUID) files.Key {
	return files.NewKey(tenant, files.KindPreview, file)
}

// shrinkFile reads a picture from its tenant's vault and puts its preview beside
// it. The digest is that of the whole picture, so it is read to its end.
func (r *Runner) shrinkFile(ctx context.Context, tenant, file uuid.UUID, p store.Picture) (*store.Preview, error) {
	vault, digest := r.cfg.Storage.For(tenant), files.Digest(p.SHA256)
	object, err := vault.Get(ctx, files.NewKey(tenant, files.KindFile, file), files.ReadOptions{Size: p.Size, Digest: &digest})
	if err != nil {
		return nil, err
	}
	defer object.Body.Close()
	body := &source{ctx: ctx, body: object.Body}
	small, err := thumbnail.Shrink(body, p.ContentType, previewBox)
	if err == nil {
		_, err = io.Copy(io.Discard, body)
	}
	if body.err != nil {
		return nil, body.err // storage failed, whatever the decoder made of that
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

// source is a picture on its way in, and remembers why it broke off. Decoders
// know no context; this is where they hear of a stop.
type source struct {
	ctx  context.Context
	body io.Reader
	err  error
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		s.err = err
		return 0, err
	}
	n, err := s.body.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
