package handlers

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"portico/files"
	"portico/store"
)

// abandon undoes what it can of an upload that could not go on; the sweep does
// the rest. If the reason is that storage does not answer, nobody waits for it a
// second time.
func (s *Server) abandon(ctx context.Context, me store.Member, u store.FileUpload, why error) {
	answers := !errors.Is(why, files.ErrUnavailable)
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if u.StorageID != "" && answers {
		if err := s.vault(me).Abort(ctx, fileKey(me, u.ID), u.StorageID); err != nil {
			s.log.WarnContext(ctx, "upload left in storage", "file", u.ID, "error", err.Error())
			return
		}
	}
	left, err := s.markGivenUp(ctx, me, u.ID)
	if err != nil {
		s.log.WarnContext(ctx, "upload left to the sweep", "file", u.ID, "error", err.Error())
		return
	}
	if answers {
		s.removeGivenUp(ctx, me, u.ID, left)
	}
}

// giveUp ends an upload for good, and removes what there is of it. What cannot
// be removed now is left to the sweep.
func (s *Server) giveUp(ctx context.Context, me store.Member, id uuid.UUID) error {
	left, err := s.markGivenUp(ctx, me, id)
	if err == nil {
		s.removeGivenUp(ctx, me, id, left)
	}
	return err
}

func (s *Server) markGivenUp(ctx context.Context, me store.Member, id uuid.UUID) (left store.RemovableFile, err error) {
	err = s.db.Write(ctx, me, func(tx *store.Tx) (err error) {
		left, err = tx.CancelUpload(ctx, id)
		return err
	})
	return left, err
}

func (s *Server) removeGivenUp(ctx context.Context, me store.Member, id uuid.UUID, left store.RemovableFile) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	var err error
	if left.StorageID != "" {
		err = s.vault(me).Abort(ctx, fileKey(me, id), left.StorageID)
	}
	for _, key := range files.KeysOf(me.TenantID(), id) {
		if err == nil {
			err = s.vault(me).Delete(ctx, key)
		}
	}
	if err == nil {
		err = s.db.Write(ctx, me, func(tx *store.Tx) error { return tx.DeleteUpload(ctx, id) })
	}
	if err != nil {
		s.log.WarnContext(ctx, "upload left to the sweep", "file", id, "error", err.Error())
	}
}
