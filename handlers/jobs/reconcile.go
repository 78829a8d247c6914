package jobs

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"time"

	"github.com/google/uuid"

	"portico/files"
	"portico/store"
)

// fileGrace is how long an upload may be idle, and an object may have no row,
// before the nightly clean-up removes it.
const fileGrace = 24 * time.Hour

// Reconcile says how to compare the rows of a tenant with object storage.
type Reconcile struct {
	// Grace is how long an upload may be idle, and an object or an upload in storage
	// may have no row, before it is a finding.
	Grace time.Duration
	// Repair repairs each finding, and removes what the bin no longer keeps.
	Repair bool
	// Found is called with each finding, after it was repaired.
	Found func(Finding)
}

// Finding is a difference between rows and storage, or something left over.
type Finding struct {
	Kind     FindingKind
	File     uuid.UUID // the id of the file, also without a row; zero for an unknown name
	Name     string    // of the file, as it was uploaded: never log it
	Part     int       // its number; 0 for a whole file
	Repaired bool
}

// FindingKind says what is wrong, in words for the operator.
type FindingKind string

// The kinds of findings.
const (
	Abandoned      FindingKind = "abandoned upload"
	Cancelled      FindingKind = "cancelled upload, not yet removed"
	UploadGone     FindingKind = "upload unknown to storage"
	PartWithoutRow FindingKind = "part in storage without a row"
	RowWithoutPart FindingKind = "row of a part that is missing from storage"
	StrayUpload    FindingKind = "upload in storage without a row"
	StrayObject    FindingKind = "object without a row"
	StrayPreview   FindingKind = "preview without a row"
	LostPreview    FindingKind = "preview missing from storage"
	StrayRendition FindingKind = "picture of a page without a row"
	LostRendition  FindingKind = "picture of a page missing from storage"
	LostFile       FindingKind = "file missing from storage, or of a different size"
	FileBack       FindingKind = "file marked missing but present"
	HalfPurged     FindingKind = "file partly removed from the bin"
	ForeignObject  FindingKind = "object with an unknown name"
)

// Reconcile compares one tenant's rows with its part of storage. It checks each
// difference between the listings again before it counts, because people keep
// working meanwhile. It repairs storage first and then the row that leads to it,
// so that the next pass finishes one that was cut short.
func (r *Runner) Reconcile(ctx context.Context, j store.Job, o Reconcile) error {
	p := &pass{r: r, j: j, o: o, vault: r.cfg.Storage.For(j.TenantID()), began: time.Now()}
	if o.Repair {
		if err := r.uploads.Purge(ctx, j); err != nil {
			return err
		}
	}
	if err := p.listUploads(ctx); err != nil {
		return err
	}
	objects, stop := p.list(ctx, files.KindFile)
	defer stop()
	previews, stop := p.list(ctx, files.KindPreview)
	defer stop()
	for last, after := false, uuid.Nil; !last; {
		var entries []store.FileEntry
		if err := p.read(ctx, store.ListFileEntries(after, o.Grace, &entries)); err != nil {
			return err
		}
		until := uuid.Max
		if last = len(entries) < store.FileEntriesAtOnce; !last {
			until = entries[len(entries)-1].ID
		}
		if err := p.compare(ctx, entries, objects.upTo(until), previews.upTo(until)); err != nil {
			return err
		}
		after = until
	}
	if err := p.renditions(ctx); err != nil {
		return err
	}
	return p.strayUploads(ctx)
}

// pass is one comparison under way.
type pass struct {
	r       *Runner
	j       store.Job
	o       Reconcile
	vault   files.Vault
	began   time.Time
	uploads map[uuid.UUID][]files.Upload // without a row so far
}

func (p *pass) read(ctx context.Context, read store.Read) error {
	return p.write(ctx, func(tx *store.Tx) error { return tx.Read(ctx, read) })
}

func (p *pass) write(ctx context.Context, fn func(*store.Tx) error) error {
	return p.r.db.Work(ctx, p.j, fn)
}

// found repairs a finding, if asked to, and reports it. A file that has changed
// meanwhile is not a finding.
func (p *pass) found(f Finding, repair func() error) error {
	if p.o.Repair && repair != nil {
		err := repair()
		if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		f.Repaired = true
	}
	p.o.Found(f)
	return nil
}

// old reports whether something in storage is older than the grace.
func (p *pass) old(since time.Time) bool { return since.Before(p.began.Add(-p.o.Grace)) }

func (p *pass) listUploads(ctx context.Context) error {
	p.uploads = map[uuid.UUID][]files.Upload{}
	for u, err := range p.vault.Uploads(ctx) {
		switch {
		case errors.Is(err, files.ErrMalformedKey):
			p.o.Found(Finding{Kind: ForeignObject})
		case err != nil:
			return err
		case u.Key.Kind() == files.KindFile:
			p.uploads[u.Key.ID()] = append(p.uploads[u.Key.ID()], u)
		}
	}
	return nil
}

// listing is what storage has of one kind, ordered by id. It is read on demand:
// neither the objects nor the rows are ever in memory as a whole.
type listing struct {
	p    *pass
	next func() (files.ObjectInfo, error, bool)
	head *files.ObjectInfo
}

func (p *pass) list(ctx context.Context, kind files.Kind) (*listing, func()) {
	next, stop := iter.Pull2(p.vault.ListKind(ctx, kind))
	return &listing{p: p, next: next}, stop
}

// upTo continues the listing up to and including an id.
func (l *listing) upTo(until uuid.UUID) iter.Seq2[files.ObjectInfo, error] {
	return func(yield func(files.ObjectInfo, error) bool) {
		for {
			if l.head == nil {
				o, err, more := l.next()
				switch {
				case !more:
					return
				case errors.Is(err, files.ErrMalformedKey):
					l.p.o.Found(Finding{Kind: ForeignObject})
					continue
				case err != nil:
					yield(o, err)
					return
				}
				l.head = &o
			}
			id := l.head.Key.ID()
			if bytes.Compare(id[:], until[:]) > 0 {
				return
			}
			o := *l.head
			l.head = nil
			if !yield(o, nil) {
				return
			}
		}
	}
}

// compare compares a range of rows with what storage has in the same range of ids.
func (p *pass) compare(ctx context.Context, entries []store.FileEntry, objects, previews iter.Seq2[files.ObjectInfo, error]) error {
	rows := make(map[uuid.UUID]*store.FileEntry, len(entries))
	for i := range entries {
		rows[entries[i].ID] = &entries[i]
	}
	sizes, strays := map[uuid.UUID]int64{}, newStrays(p, StrayObject)
	for o, err := range objects {
		if err != nil {
			return err
		}
		id := o.Key.ID()
		sizes[id] = o.Size
		if rows[id] == nil {
			if err := strays.add(ctx, o); err != nil {
				return err
			}
		}
	}
	small, strayPreviews := map[uuid.UUID]int64{}, newStrays(p, StrayPreview)
	for o, err := range previews {
		if err != nil {
			return err
		}
		id := o.Key.ID()
		small[id] = o.Size
		if e := rows[id]; e == nil || e.PreviewSize == 0 && e.State == store.FileReady {
			if err := strayPreviews.add(ctx, o); err != nil {
				return err
			}
		}
	}
	if err := errors.Join(strays.flush(ctx), strayPreviews.flush(ctx)); err != nil {
		return err
	}
	for _, e := range entries {
		if err := p.judge(ctx, e, sizes, small); err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) judge(ctx context.Context, e store.FileEntry, sizes, small map[uuid.UUID]int64) error {
	if e.State != store.FileReady {
		return p.upload(ctx, e)
	}
	if err := p.ready(ctx, e, has(sizes, e.ID, e.Size)); err != nil {
		return err
	}
	return p.preview(ctx, e, has(small, e.ID, e.PreviewSize))
}

func has(sizes map[uuid.UUID]int64, id uuid.UUID, size int64) bool {
	got, ok := sizes[id]
	return ok && got == size
}
