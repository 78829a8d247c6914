package jobs

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/google/uuid"

	"portico/files"
	"portico/handlers/difference"
	"portico/handlers/thumbnail"
	"portico/store"
	"portico/store/queue"
)

// fileDifference finds where two pictures differ.
func (r *Runner) fileDifference(ctx context.Context, j store.Job, job queue.FileDifference) error {
	pair := store.PicturePair{A: job.A, APage: job.APage, B: job.B, BPage: job.BPage}
	var both []store.ComparedPicture
	err := r.db.Work(ctx, j, func(tx *store.Tx) (err error) {
		both, err = tx.PicturesFor(ctx, pair)
		return err
	})
	if err != nil || len(both) != 2 {
		return err
	}
	boxes, unfit, err := r.findDifference(ctx, j.TenantID(), both[0], both[1])
	if errors.Is(err, files.ErrNotFound) || errors.Is(err, files.ErrSize) {
		unfit, err = difference.Broken, nil // the reconciler reports it; a retry would not help
	}
	if err != nil {
		return err
	}
	return r.db.Work(ctx, j, func(tx *store.Tx) error {
		tx.RecordFileDifference(pair, flat(boxes), string(unfit))
		return nil
	})
}

// flat has four numbers for each box.
func flat(boxes []difference.Box) []int32 {
	list := make([]int32, 0, 4*len(boxes))
	for _, b := range boxes {
		list = append(list, int32(b.X), int32(b.Y), int32(b.W), int32(b.H))
	}
	return list
}

func (r *Runner) findDifference(ctx context.Context, tenant uuid.UUID, a, b store.ComparedPicture) ([]difference.Box, difference.Unfit, error) {
	if !thumbnail.Decodes(a.ContentType) || !thumbnail.Decodes(b.ContentType) {
		return nil, difference.Broken, nil
	}
	first, err := r.fetchPicture(ctx, tenant, a)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = first.Close() }() // it was only read
	second, err := r.fetchPicture(ctx, tenant, b)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = second.Close() }()
	return r.cfg.Differences.Find(ctx, difference.Picture{Content: first, ContentType: a.ContentType}, difference.Picture{Content: second, ContentType: b.ContentType})
}

// fetchPicture copies a picture from storage to a file without a name.
func (r *Runner) fetchPicture(ctx context.Context, tenant uuid.UUID, p store.ComparedPicture) (*os.File, error) {
	kind := files.KindFile
	if p.Page {
		kind = files.KindRendition
	}
	return r.fetch(ctx, tenant, files.NewKey(tenant, kind, p.ID), p.Size, p.SHA256)
}

// fetch copies an object from storage to a file without a name.
func (r *Runner) fetch(ctx context.Context, tenant uuid.UUID, key files.Key, size int64, sha256 []byte) (*os.File, error) {
	digest := files.Digest(sha256)
	object, err := r.cfg.Storage.For(tenant).Get(ctx, key, files.ReadOptions{Size: size, Digest: &digest})
	if err != nil {
		return nil, err
	}
	defer object.Body.Close()
	f, err := os.CreateTemp("", "portico-fetched-")
	if err != nil {
		return nil, err
	}
	err = os.Remove(f.Name())
	if err == nil {
		_, err = io.Copy(f, object.Body)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
