package jobs

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/google/uuid"

	"portico/files"
	"portico/handlers/pdf"
	"portico/handlers/thumbnail"
	"portico/store"
	"portico/store/queue"
)

// filePages draws the next pages of a document. It writes the objects before the rows that
// point to them; if the process dies in between, the clean-up removes them.
func (r *Runner) filePages(ctx context.Context, j store.Job, job queue.FilePages) error {
	var doc *store.Document
	err := r.db.Work(ctx, j, func(tx *store.Tx) (err error) {
		doc, err = tx.DocumentFor(ctx, job.File, job.From)
		return err
	})
	if err != nil || doc == nil {
		return err
	}
	f, err := r.fetchDocument(ctx, j.TenantID(), job.File, *doc)
	if errors.Is(err, files.ErrNotFound) || errors.Is(err, files.ErrSize) {
		r.log.LogAttrs(ctx, slog.LevelInfo, "no pages",
			slog.String("tenant", j.TenantID().String()), slog.String("file", job.File.String()), slog.String("why", "its bytes are not in storage"))
		return nil // the reconciler reports it; a retry would not help
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	vault := r.cfg.Storage.For(j.TenantID())
	var drawn []store.Rendition
	pages, unfit, err := r.cfg.PDF.Render(ctx, f, job.From, store.PagesAtOnce, func(p pdf.Page) error {
		stored, err := storePage(ctx, vault, j.TenantID(), p)
		drawn = append(drawn, stored)
		if err == nil && p.Number == 1 {
			err = r.previewPage(ctx, j, job.File, p)
		}
		return err
	})
	if err == nil {
		err = r.db.Work(ctx, j, func(tx *store.Tx) error {
			return tx.RecordPages(ctx, job.File, job.From, pages, drawn, string(unfit))
		})
	}
	if err == nil {
		return nil
	}
	for _, d := range drawn {
		// What remains, the clean-up removes.
		_ = vault.Delete(context.WithoutCancel(ctx), files.NewKey(j.TenantID(), files.KindRendition, d.ID))
	}
	if errors.Is(err, store.ErrConflict) {
		return nil // another run of this job recorded its pages
	}
	return err
}

// fetchDocument copies a document from storage to a file without a name.
func (r *Runner) fetchDocument(ctx context.Context, tenant, file uuid.UUID, d store.Document) (*os.File, error) {
	return r.fetch(ctx, tenant, files.NewKey(tenant, files.KindFile, file), d.Size, d.SHA256)
}

func storePage(ctx context.Context, vault files.Vault, tenant uuid.UUID, p pdf.Page) (store.Rendition, error) {
	stored := store.Rendition{ID: store.NewID(), Page: p.Number, Width: p.Width, Height: p.Height, ContentType: p.ContentType, Size: int64(len(p.Content)), Sketch: p.Sketch, Words: p.Words}
	if len(p.Content) == 0 {
		return stored, nil // it can't be drawn
	}
	digest, err := vault.Put(ctx, files.NewKey(tenant, files.KindRendition, stored.ID), p.Content)
	stored.SHA256 = digest[:]
	return stored, err
}

// previewPage makes the preview of a document from its first page.
func (r *Runner) previewPage(ctx context.Context, j store.Job, file uuid.UUID, p pdf.Page) error {
	if len(p.Content) == 0 {
		return nil
	}
	small, err := thumbnail.Shrink(bytes.NewReader(p.Content), p.ContentType, previewBox)
	if err != nil {
		return err
	}
	stored, err := r.cfg.Storage.For(j.TenantID()).Put(ctx, previewKey(j.TenantID(), file), small.Content)
	if err != nil {
		return err
	}
	return r.recordPreview(ctx, j, queue.FilePreview{File: file}, &store.Preview{ContentType: small.ContentType, Size: int64(len(small.Content)), SHA256: stored[:]})
}
