package upload

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"portico/files"
	"portico/store"
)

// Cancel cancels an upload for good and removes the parts that have arrived. The
// nightly clean-up removes what can't be removed now. If the file is ready, Cancel
// returns [store.ErrConflict].
func (s *Service) Cancel(ctx context.Context, me store.Member, id uuid.UUID) error {
	left, err := s.markCancelled(ctx, me, id)
	if err == nil {
		s.RemoveCancelled(ctx, me, left)
	}
	return err
}

// abandon cancels an upload that failed, as far as that is possible; the nightly
// clean-up does the rest. If the upload failed because storage doesn't answer,
// abandon doesn't wait for storage a second time.
func (s *Service) abandon(ctx context.Context, me store.Member, u store.FileUpload, why error) {
	answers := !errors.Is(why, files.ErrUnavailable)
	ctx, cancel := detach(ctx)
	defer cancel()
	if u.StorageID != "" && answers {
		if err := s.vault(me).Abort(ctx, Key(me, u.ID), u.StorageID); err != nil {
			s.log.WarnContext(ctx, "upload left in storage", "file", u.ID, "error", err.Error())
			return
		}
	}
	left, err := s.markCancelled(ctx, me, u.ID)
	if err != nil {
		s.log.WarnContext(ctx, "upload left to the clean-up", "file", u.ID, "error", err.Error())
		return
	}
	if answers {
		s.RemoveCancelled(ctx, me, left)
	}
}

func (s *Service) markCancelled(ctx context.Context, me store.Member, id uuid.UUID) (left store.RemovableFile, err error) {
	err = s.db.Write(ctx, me, func(tx *store.Tx) (err error) {
		left, err = tx.CancelUpload(ctx, id)
		return err
	})
	return left, err
}

// RemoveCancelled removes what has arrived of a cancelled upload. The nightly clean-up
// removes what can't be removed now.
func (s *Service) RemoveCancelled(ctx context.Context, me store.Member, left store.RemovableFile) {
	ctx, cancel := detach(ctx)
	defer cancel()
	err := s.removeBytes(ctx, me.TenantID(), left)
	if err == nil {
		err = s.db.Write(ctx, me, func(tx *store.Tx) error { return tx.DeleteUpload(ctx, left.FileID) })
	}
	if err != nil {
		s.log.WarnContext(ctx, "upload left to the clean-up", "file", left.FileID, "error", err.Error())
	}
}

// CancelIdle cancels an upload that hasn't changed since it was read as e, and
// removes everything that storage holds under its id. If the upload has changed, it
// returns [store.ErrConflict].
func (s *Service) CancelIdle(ctx context.Context, j store.Job, e store.FileEntry, inStorage []files.Upload) error {
	var left store.RemovableFile
	err := s.db.Work(ctx, j, func(tx *store.Tx) (err error) {
		left, err = tx.CancelIdleUpload(ctx, e.ID, e.TouchedAt)
		return err
	})
	if err != nil {
		return err
	}
	for _, u := range inStorage {
		if err := s.storage.For(j.TenantID()).Abort(ctx, u.Key, u.ID); err != nil {
			return err
		}
	}
	if err := s.removeBytes(ctx, j.TenantID(), left); err != nil {
		return err
	}
	return s.db.Work(ctx, j, func(tx *store.Tx) error { return tx.DeleteUpload(ctx, e.ID) })
}

// Purge removes items that have been in the bin for [store.BinDays]: first the
// bytes of files, then rows. It removes the rows above files even when no file is
// left. Where nobody can restore anything, it removes nothing.
func (s *Service) Purge(ctx context.Context, j store.Job) error {
	for {
		var left []store.RemovableFile
		may := false
		err := s.db.Work(ctx, j, func(tx *store.Tx) (err error) {
			if may, err = tx.MayPurge(ctx); err != nil || !may {
				return err
			}
			return tx.Read(ctx, store.ExpiredFiles(&left))
		})
		if err != nil || !may {
			return err
		}
		ids := make([]uuid.UUID, len(left))
		for i, l := range left {
			if err := s.removeBytes(ctx, j.TenantID(), l); err != nil {
				return err
			}
			ids[i] = l.FileID
		}
		if err := s.db.Work(ctx, j, func(tx *store.Tx) error { return tx.Purge(ctx, ids) }); err != nil {
			return err
		}
		if len(left) == 0 {
			return nil
		}
	}
}

// removeBytes removes a file from object storage: its open upload, its bytes, its
// preview and its renditions, whichever exist.
func (s *Service) removeBytes(ctx context.Context, tenant uuid.UUID, l store.RemovableFile) error {
	vault := s.storage.For(tenant)
	if l.StorageID != "" {
		if err := vault.Abort(ctx, files.NewKey(tenant, files.KindFile, l.FileID), l.StorageID); err != nil {
			return err
		}
	}
	keys := files.FileKeys(tenant, l.FileID)
	for _, id := range l.Renditions {
		keys = append(keys, files.NewKey(tenant, files.KindRendition, id))
	}
	for _, key := range keys {
		if err := vault.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}
