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

// fileGrace is how long an upload may lie still, and an object without a row,
// before the nightly tidying counts it as left over.
const fileGrace = 24 * time.Hour

// Reconcile is how the rows of a tenant and what lies in object storage are
// compared.
type Reconcile struct {
	// Grace is how long an upload may lie still, and an object or an upload in
	// storage be without a row, before it counts as left over.
	Grace time.Duration
	// Mend what is found, and empty the bin of what it no longer keeps.
	Mend bool
	// Found is told of each finding, after it was mended.
	Found func(Finding)
}

// Finding is one thing in which rows and storage disagree, or that is left over.
type Finding struct {
	Kind   FindingKind
	File   uuid.UUID // whose it is, or would be; zero for what no file could own
	Name   string    // of the file, as it was uploaded: hostile, and not for logs
	Part   int       // 0 unless it is about one part
	Mended bool
}

// FindingKind says what is wrong, in words for the operator.
type FindingKind string

// What can be wrong.
const (
	Abandoned      FindingKind = "abandoned upload"
	GivenUp        FindingKind = "cancelled upload, not yet removed"
	UploadGone     FindingKind = "upload unknown to storage"
	PartWithoutRow FindingKind = "part in storage without a row"
	RowWithoutPart FindingKind = "row of a part that is missing from storage"
	StrayUpload    FindingKind = "upload in storage without a row"
	StrayObject    FindingKind = "object without a row"
	StrayPreview   FindingKind = "preview without a row"
	LostPreview    FindingKind = "preview missing from storage"
	LostFile       FindingKind = "file missing from storage, or of a different size"
	FileBack       FindingKind = "file marked missing but present"
	HalfPurged     FindingKind = "file partly removed from the bin"
	ForeignObject  FindingKind = "object with an unknown name"
)

// Reconcile compares one tenant's rows with its part of storage. What the listings
// suggest is looked at again, one by one, before it counts, because people go on
// working meanwhile; and mending is in the order of everything here, storage
// first and then the row that leads to it, so that a pass cut short is made up
// for by the next.
func (r *Runner) Reconcile(ctx context.Context, j store.Job, o Reconcile) error {
	p := &pass{r: r, j: j, o: o, vault: r.cfg.Storage.For(j.TenantID()), began: time.Now()}
	if o.Mend {
		if err := r.purge(ctx, j); err != nil {
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
	return p.strayUploads(ctx)
}

// pass is one comparison under way.
type pass struct {
	r       *Runner
	j       store.Job
	o       Reconcile
	vault   files.Vault
	began   time.Time
	uploads map[uuid.UUID][]files.Upload // that no row was found to lead to yet
}

func (p *pass) read(ctx context.Context, read store.Read) error {
	return p.write(ctx, func(tx *store.Tx) error { return tx.Read(ctx, read) })
}

func (p *pass) write(ctx context.Context, fn func(*store.Tx) error) error {
	return p.r.db.Work(ctx, p.j, fn)
}

// found tells of a finding and mends it, unless only asked to look. What changed
// under the hand was no finding.
func (p *pass) found(f Finding, mend func() error) error {
	if p.o.Mend && mend != nil {
		err := mend()
		if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		f.Mended = true
	}
	p.o.Found(f)
	return nil
}

// old says of something in storage that it has been there for the grace.
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

// listing is what storage has of one kind, in the order of the ids, read as far
// as it is wanted: neither it nor the rows are ever in memory as a whole.
type listing struct {
	p    *pass
	next func() (files.ObjectInfo, error, bool)
	head *files.ObjectInfo
}

func (p *pass) list(ctx context.Context, kind files.Kind) (*listing, func()) {
	next, stop := iter.Pull2(p.vault.ListKind(ctx, kind))
	return &listing{p: p, next: next}, stop
}

// upTo goes on through the listing until an id.
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

// compare holds a run of rows against what storage has under ids of that run.
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
