package jobs

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/google/uuid"

	"portico/files"
	"portico/store"
)

// inStorage asks storage again whether it has an object of the size in its row.
func (p *pass) inStorage(ctx context.Context, kind files.Kind, id uuid.UUID, size int64) (bool, error) {
	info, err := p.vault.Head(ctx, files.NewKey(p.j.TenantID(), kind, id))
	if errors.Is(err, files.ErrNotFound) {
		return false, nil
	}
	return err == nil && info.Size == size, err
}

// ready checks a file that should be complete. A lost file is only marked: it stays
// a finding until the operator forgets it, see [Runner.ForgetFile].
func (p *pass) ready(ctx context.Context, e store.FileEntry, listed bool) error {
	finding := Finding{Kind: LostFile, File: e.ID, Name: e.Name}
	if listed && e.MissingAt == nil {
		return nil
	}
	there, err := p.inStorage(ctx, files.KindFile, e.ID, e.Size)
	if err != nil {
		return err
	}
	switch {
	case there && e.MissingAt != nil:
		finding.Kind = FileBack
		return p.found(finding, func() error {
			return p.write(ctx, func(tx *store.Tx) error { return tx.MarkFound(ctx, e.ID) })
		})
	case there || e.ForgottenAt != nil:
		return nil
	}
	var now *store.FileEntry
	if err := p.read(ctx, store.GetFileEntry(e.ID, p.o.Grace, &now)); err != nil || now == nil {
		return err // purged meanwhile
	}
	var expired bool
	if err := p.read(ctx, store.IsExpired(e.ID, &expired)); err != nil {
		return err
	}
	if expired {
		finding.Kind = HalfPurged
		return p.found(finding, func() error { return p.r.uploads.Purge(ctx, p.j) })
	}
	if p.o.Repair && now.MissingAt == nil {
		if err := p.write(ctx, func(tx *store.Tx) error { return tx.MarkMissing(ctx, e.ID) }); err != nil {
			return err
		}
	}
	return p.found(finding, nil)
}

func (p *pass) preview(ctx context.Context, e store.FileEntry, listed bool) error {
	if e.PreviewSize == 0 || listed {
		return nil
	}
	there, err := p.inStorage(ctx, files.KindPreview, e.ID, e.PreviewSize)
	if err != nil || there {
		return err
	}
	return p.found(Finding{Kind: LostPreview, File: e.ID, Name: e.Name}, func() error {
		return p.write(ctx, func(tx *store.Tx) error { return tx.DeletePreview(ctx, e.ID) })
	})
}

// renditions compares the rows of renditions with what storage has of them.
func (p *pass) renditions(ctx context.Context) error {
	objects, stop := p.list(ctx, files.KindRendition)
	defer stop()
	for last, after := false, uuid.Nil; !last; {
		var entries []store.RenditionEntry
		if err := p.read(ctx, store.ListRenditionEntries(after, &entries)); err != nil {
			return err
		}
		until := uuid.Max
		if last = len(entries) < store.FileEntriesAtOnce; !last {
			until = entries[len(entries)-1].ID
		}
		sizes, err := p.renditionSizes(ctx, objects.upTo(until))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if has(sizes, e.ID, e.Size) {
				continue
			}
			if err := p.lostRendition(ctx, e); err != nil {
				return err
			}
		}
		after = until
	}
	return nil
}

// renditionSizes returns the sizes of the objects, and removes those without a row.
func (p *pass) renditionSizes(ctx context.Context, objects iter.Seq2[files.ObjectInfo, error]) (map[uuid.UUID]int64, error) {
	sizes, strays := map[uuid.UUID]int64{}, newStrays(p, StrayRendition)
	for o, err := range objects {
		if err != nil {
			return nil, err
		}
		sizes[o.Key.ID()] = o.Size
		if err := strays.add(ctx, o); err != nil {
			return nil, err
		}
	}
	return sizes, strays.flush(ctx)
}

func (p *pass) lostRendition(ctx context.Context, e store.RenditionEntry) error {
	there, err := p.inStorage(ctx, files.KindRendition, e.ID, e.Size)
	if err != nil || there {
		return err
	}
	var now []uuid.UUID
	if err := p.read(ctx, store.RenditionsWithoutRow([]uuid.UUID{e.ID}, &now)); err != nil || len(now) > 0 {
		return err // it was drawn again, with the document's other pages
	}
	return p.found(Finding{Kind: LostRendition, File: e.FileID}, func() error {
		return p.write(ctx, func(tx *store.Tx) error { return tx.RedrawPages(ctx, e.FileID) })
	})
}

// strays collects objects that seem to have no row.
type strays struct {
	p    *pass
	kind FindingKind
	keys []files.Key
}

func newStrays(p *pass, kind FindingKind) *strays { return &strays{p: p, kind: kind} }

// straysAtOnce bounds how many ids are compared in one statement.
const straysAtOnce = 500

func (s *strays) add(ctx context.Context, o files.ObjectInfo) error {
	if !s.p.old(o.Modified) {
		return nil
	}
	s.keys = append(s.keys, o.Key)
	if len(s.keys) < straysAtOnce {
		return nil
	}
	return s.flush(ctx)
}

func (s *strays) flush(ctx context.Context) error {
	if len(s.keys) == 0 {
		return nil
	}
	ids := make([]uuid.UUID, len(s.keys))
	for i, key := range s.keys {
		ids[i] = key.ID()
	}
	read := store.FilesWithoutRow
	switch s.kind {
	case StrayPreview:
		read = store.FilesWithoutPreview
	case StrayRendition:
		read = store.RenditionsWithoutRow
	}
	var without []uuid.UUID
	if err := s.p.read(ctx, read(ids, &without)); err != nil {
		return err
	}
	for _, key := range s.keys {
		if !slices.Contains(without, key.ID()) {
			continue
		}
		err := s.p.found(Finding{Kind: s.kind, File: key.ID()}, func() error { return s.p.vault.Delete(ctx, key) })
		if err != nil {
			return err
		}
	}
	s.keys = nil
	return nil
}
