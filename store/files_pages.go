package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

const (
	// MaxPages is how many pages of a document are drawn: the first ones.
	MaxPages = 500
	// PagesAtOnce is how many one job draws before documents of others have their turn.
	PagesAtOnce = 20
	// maxDocument is the largest document that is drawn, in bytes.
	maxDocument = 512 << 20
)

const documentType = "application/pdf"

// Document is a file whose pages are drawn.
type Document struct {
	ContentType string
	Size        int64 // in bytes
	SHA256      []byte
	Pages       *int // of the document; nil: not counted yet
	Drawn       int  // the first of them, which are stored
	Unfit       string
	Version     uuid.UUID
}

// Rendition is what a job made of a file and stored: the picture of a page, a poster, a
// wave, or a copy that browsers play.
type Rendition struct {
	ID            uuid.UUID // also of its object
	FileID        uuid.UUID
	Page          int // from 1; 0 of what is no page
	Width, Height int // in pixels; 0 of sound
	ContentType   string
	Size          int64 // in bytes
	SHA256        []byte
	Sketch        int64  // pages with similar text have similar bits; 0: hardly any text, or drawn before
	Words         string // on a page; "" for none, and when it is read
}

// GetRendition reads the picture of a page under the rules of [GetFile]. A page that isn't
// drawn is [ErrNotFound].
func GetRendition(file uuid.UUID, page int, dst *Rendition) Read {
	return Read{one("get rendition", dst, renditionColumns+`
  and r.kind = 'page'
  and r.page = @page`, pgx.StrictNamedArgs{"file": file, "page": page})}
}

// drawPages enqueues the drawing of a document's pages, if the file is a document.
func (tx *Tx) drawPages(ctx context.Context, file uuid.UUID, contentType string) error {
	if contentType != documentType {
		return nil
	}
	return tx.Enqueue(ctx, &queue.FilePages{File: file, From: 1})
}

// DocumentFor reads the document whose pages a job draws from a page on. It returns nil if
// there is nothing to draw: the page is drawn, the file is no document, or an earlier job
// found it unfit. A document that is too large is recorded as unfit.
func (tx *Tx) DocumentFor(ctx context.Context, file uuid.UUID, from int) (*Document, error) {
	d, err := tx.document(ctx, file, "")
	switch {
	case err != nil, d.ContentType != documentType, d.Unfit != "", from != d.Drawn+1, from > MaxPages, d.Pages != nil && from > *d.Pages:
		return nil, err
	case d.Size > maxDocument:
		return nil, tx.setPages(ctx, file, nil, 0, "large")
	}
	return &d, nil
}

func (tx *Tx) document(ctx context.Context, file uuid.UUID, lock string) (d Document, err error) {
	return d, tx.get(ctx, one("document", &d, `
select coalesce(content_type, '') as content_type, coalesce(size, 0) as size, coalesce(sha256, '') as sha256,
       pages, pages_drawn as drawn, coalesce(unfit, '') as unfit, version_id as version
from files
where tenant_id = @tenant_id
  and id = @file`+lock, pgx.StrictNamedArgs{"file": file}))
}

// RecordPages records what a job drew of a document: its next pages, in order, how many it
// has, and why no more can be drawn, if so. If there are more to draw, it enqueues the next
// job. If another job did the same before, it returns [ErrConflict] and records nothing: the
// caller then removes the objects. There is no audit row: no person acted and nothing new
// is visible.
func (tx *Tx) RecordPages(ctx context.Context, file uuid.UUID, from, pages int, drawn []Rendition, unfit string) error {
	d, err := tx.document(ctx, file, "\nfor no key update")
	if err != nil {
		return err
	}
	if from != d.Drawn+1 || d.Unfit != "" {
		return fmt.Errorf("record pages: %w", ErrConflict)
	}
	last := from + len(drawn) - 1
	for _, r := range drawn {
		if r.SHA256 == nil {
			continue // a page that couldn't be drawn
		}
		if err := tx.insertRendition(ctx, file, renditionPage, r); err != nil {
			return err
		}
	}
	if err := tx.setPages(ctx, file, &pages, last, unfit); err != nil {
		return err
	}
	if unfit != "" || len(drawn) == 0 || last >= min(pages, MaxPages) {
		return nil
	}
	return tx.Enqueue(ctx, &queue.FilePages{File: file, From: last + 1})
}

func (tx *Tx) setPages(ctx context.Context, file uuid.UUID, pages *int, drawn int, unfit string) error {
	return tx.change(ctx, "set pages", `
update files
set pages = @pages,
    pages_drawn = @drawn,
    unfit = nullif(@unfit, '')
where tenant_id = @tenant_id
  and id = @file`, pgx.StrictNamedArgs{"file": file, "pages": pages, "drawn": drawn, "unfit": unfit})
}

// DrawMissingPages enqueues the drawing of documents that were uploaded before pages were
// drawn, at most 50 at a time.
func (tx *Tx) DrawMissingPages(ctx context.Context) error {
	var missing []uuid.UUID
	err := tx.get(ctx, column("documents without pages", &missing, `
select id
from files
where tenant_id = @tenant_id
  and state = 'ready'
  and content_type = @type
  and pages is null
  and unfit is null
  and missing_at is null
  and deleted_at is null
  and created_at < now() - interval '1 day' -- younger ones are in the queue
order by created_at desc
limit 50`, pgx.StrictNamedArgs{"type": documentType}))
	if err != nil {
		return err
	}
	for _, file := range missing {
		if err := tx.drawPages(ctx, file, documentType); err != nil {
			return err
		}
	}
	return nil
}

// RenditionEntry is a rendition as the reconciler compares it with storage.
type RenditionEntry struct {
	ID     uuid.UUID
	FileID uuid.UUID
	Size   int64 // in bytes
}

// ListRenditionEntries reads the renditions after an id in the order of their ids, at most
// [FileEntriesAtOnce].
func ListRenditionEntries(after uuid.UUID, dst *[]RenditionEntry) Read {
	return Read{many("list rendition entries", dst, `
select id, file_id, size
from renditions
where tenant_id = @tenant_id
  and id > @after
order by id
limit @limit`, pgx.StrictNamedArgs{"after": after, "limit": FileEntriesAtOnce})}
}

// RenditionsWithoutRow reads which of the ids are no rendition of the tenant.
func RenditionsWithoutRow(ids []uuid.UUID, dst *[]uuid.UUID) Read {
	return Read{column("renditions without row", dst, `
select i.id
from unnest(@ids::uuid[]) i (id)
where not exists (
    select 1
    from renditions r
    where r.tenant_id = @tenant_id
      and r.id = i.id)`, pgx.StrictNamedArgs{"ids": ids})}
}

// RedrawPages forgets the renditions of a file, of which storage lost some, and enqueues to
// make them again.
func (tx *Tx) RedrawPages(ctx context.Context, file uuid.UUID) error {
	d, err := tx.document(ctx, file, "\nfor no key update")
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "forget pages", `
delete from renditions
where tenant_id = @tenant_id
  and file_id = @file`, pgx.StrictNamedArgs{"file": file})
	if err != nil {
		return err
	}
	if isRecording(d.ContentType) {
		err := tx.change(ctx, "forget a look", `
update files
set plays = null,
    pictured = false,
    unfit = null
where tenant_id = @tenant_id
  and id = @file`, pgx.StrictNamedArgs{"file": file})
		if err != nil {
			return err
		}
		return tx.lookAt(ctx, file, d.ContentType)
	}
	if err := tx.setPages(ctx, file, nil, 0, ""); err != nil {
		return err
	}
	return tx.drawPages(ctx, file, documentType)
}
