package jobs

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"portico/files"
	"portico/store"
)

// upload checks a file that is not ready: still being uploaded, or cancelled.
func (p *pass) upload(ctx context.Context, e store.FileEntry) error {
	inStorage := p.uploads[e.ID]
	known := slices.ContainsFunc(inStorage, func(u files.Upload) bool { return u.ID == e.StorageID })
	finding := Finding{File: e.ID, Name: e.Name}
	switch {
	case e.State == store.FileFailed:
		finding.Kind = Cancelled
	case e.Idle:
		finding.Kind = Abandoned
	case e.Stalled && !known:
		gone, err := p.uploadGone(ctx, e)
		if err != nil || !gone {
			p.claim(e)
			return err
		}
		finding.Kind = UploadGone
	case known && e.Stalled:
		p.claim(e)
		return p.parts(ctx, e)
	default:
		p.claim(e)
		return nil
	}
	delete(p.uploads, e.ID)
	return p.found(finding, func() error { return p.r.uploads.CancelIdle(ctx, p.j, e, inStorage) })
}

// claim drops the uploads that belong to a row, so that the rest are stray. A row
// that has no storage id yet may own any upload of its file.
func (p *pass) claim(e store.FileEntry) {
	p.uploads[e.ID] = slices.DeleteFunc(p.uploads[e.ID], func(u files.Upload) bool {
		return e.StorageID == "" || u.ID == e.StorageID
	})
}

// uploadGone reports whether storage has neither the upload of a row nor the
// finished file: then nobody can continue it.
func (p *pass) uploadGone(ctx context.Context, e store.FileEntry) (bool, error) {
	key := files.NewKey(p.j.TenantID(), files.KindFile, e.ID)
	if e.StorageID != "" {
		_, err := p.vault.Parts(ctx, key, e.StorageID)
		if !errors.Is(err, files.ErrNotFound) {
			return false, err
		}
	}
	_, err := p.vault.Head(ctx, key)
	if !errors.Is(err, files.ErrNotFound) {
		return false, err
	}
	return true, nil
}

// parts compares the parts of an upload that can still continue. A part without a
// row, or different from its row, is recorded. The row of a part that storage lacks
// is deleted, so that the part is sent again. The rows are read first: what is
// recorded in between is in storage.
func (p *pass) parts(ctx context.Context, e store.FileEntry) error {
	var rows []store.Part
	if err := p.read(ctx, store.ListPartEntries(e.ID, &rows)); err != nil {
		return err
	}
	stored, err := p.vault.Parts(ctx, files.NewKey(p.j.TenantID(), files.KindFile, e.ID), e.StorageID)
	if errors.Is(err, files.ErrNotFound) {
		return nil // finished or cancelled meanwhile
	}
	if err != nil {
		return err
	}
	noted, there := map[int]store.Part{}, map[int]files.Part{}
	for _, row := range rows {
		noted[row.Number] = row
	}
	for _, s := range stored {
		there[s.Number] = s
		if _, ok := noted[s.Number]; ok {
			continue
		}
		err := p.found(Finding{Kind: PartWithoutRow, File: e.ID, Name: e.Name, Part: s.Number}, func() error {
			return p.write(ctx, func(tx *store.Tx) error { return tx.AdoptPart(ctx, e.ID, partEntry(s)) })
		})
		if err != nil {
			return err
		}
	}
	for _, row := range rows {
		s, ok := there[row.Number]
		if ok && s.Size == row.Size && bytes.Equal(s.Digest[:], row.SHA256) {
			continue
		}
		err := p.found(Finding{Kind: RowWithoutPart, File: e.ID, Name: e.Name, Part: row.Number}, func() error {
			return p.write(ctx, func(tx *store.Tx) error {
				if err := tx.DeletePart(ctx, e.ID, row); err != nil || !ok {
					return err
				}
				return tx.AdoptPart(ctx, e.ID, partEntry(s))
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func partEntry(p files.Part) store.Part {
	return store.Part{Number: p.Number, Size: p.Size, SHA256: p.Digest[:], ETag: p.ETag}
}

// strayUploads removes old uploads without a row. A row is written before its
// upload, so the row of an upload that began meanwhile is found now.
func (p *pass) strayUploads(ctx context.Context) error {
	for id, uploads := range p.uploads {
		for _, u := range uploads {
			if !p.old(u.Started) {
				continue
			}
			var e *store.FileEntry
			if err := p.read(ctx, store.GetFileEntry(id, p.o.Grace, &e)); err != nil {
				return err
			}
			if e != nil && e.State == store.FilePending && (e.StorageID == "" || e.StorageID == u.ID) {
				continue
			}
			if err := p.found(Finding{Kind: StrayUpload, File: id}, func() error { return p.vault.Abort(ctx, u.Key, u.ID) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// ForgetFile stops reporting a file whose bytes are lost for good. Only a file that
// was marked missing can be forgotten.
func (r *Runner) ForgetFile(ctx context.Context, j store.Job, file uuid.UUID) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.ForgetFile(ctx, file) })
}
