package handlers

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/google/uuid"

	"portico/files"
	"portico/handlers/web"
	"portico/store"
)

// An upload lives in two places, and a process can die between any two steps.
// The order keeps that harmless: the row first, then object storage, then the
// row again. A row whose upload storage does not know, or an upload whose row
// was not told of it, is what the sweep finds a day later; a finish that was
// answered by nobody can be repeated.

// fileKey is where the bytes of a file lie. The tenant is the member's own.
func fileKey(me store.Member, file uuid.UUID) files.Key {
	return files.NewKey(me.TenantID(), files.KindFile, file)
}

func (s *Server) vault(me store.Member) files.Vault { return s.files.For(me.TenantID()) }

// afterwards outlives a visitor who left, for what must be put in order anyway.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
}

func (s *Server) beginUpload(ctx context.Context, me store.Member, version uuid.UUID, in store.NewUpload) (store.FileUpload, error) {
	u := store.FileUpload{State: store.FilePending, Declared: in.Size, Draft: true}
	err := s.db.Write(ctx, me, func(tx *store.Tx) (err error) {
		u.ID, err = tx.BeginUpload(ctx, version, in)
		return err
	})
	if err != nil {
		return u, uploadError(err)
	}
	u.StorageID, err = s.vault(me).Begin(ctx, fileKey(me, u.ID))
	if err == nil {
		err = s.db.Write(ctx, me, func(tx *store.Tx) error { return tx.OpenUpload(ctx, u.ID, u.StorageID) })
	}
	if err != nil {
		s.abandon(ctx, me, u, err)
		return u, uploadError(err)
	}
	return u, nil
}

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
	for _, key := range files.FileKeys(me.TenantID(), id) {
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

// incoming is a part on its way in. Without a digest nobody promised anything
// about it, and its size is whatever comes, up to a full part.
type incoming struct {
	number int
	body   io.Reader
	size   int64
	digest *files.Digest
}

// putPart streams a part to object storage and notes it, adding it to the running
// hash of the file when it is the next in order. It returns how large it was.
func (s *Server) putPart(ctx context.Context, me store.Member, u *store.FileUpload, in incoming) (int64, error) {
	hash, err := files.ResumeHash(u.HashState)
	next := err == nil && hash.Offset() == int64(in.number-1)*store.PartSize
	if next {
		in.body = io.TeeReader(in.body, hash)
	}
	part, err := s.stream(ctx, me, *u, in)
	if errors.Is(err, files.ErrNotFound) {
		return 0, s.lost(ctx, me, *u)
	}
	if err != nil {
		return 0, uploadError(err)
	}
	s.metrics.Uploaded(part.Size)
	var step store.HashStep
	if next {
		step.Before = u.HashState
		if step.After, err = hash.State(); err != nil {
			return 0, err
		}
	}
	// Storage has the part now, so it is noted even if the visitor has gone.
	ctx, cancel := afterwards(ctx)
	defer cancel()
	err = s.db.Write(ctx, me, func(tx *store.Tx) error {
		return tx.RecordPart(ctx, u.ID, store.Part{Number: part.Number, Size: part.Size, SHA256: part.Digest[:], ETag: part.ETag}, step)
	})
	if err == nil && next {
		u.HashState = step.After
	}
	return part.Size, uploadError(err)
}

func (s *Server) stream(ctx context.Context, me store.Member, u store.FileUpload, in incoming) (files.Part, error) {
	if in.digest == nil {
		return s.vault(me).PutPartSpooled(ctx, fileKey(me, u.ID), u.StorageID, in.number, in.body)
	}
	return s.vault(me).PutPart(ctx, fileKey(me, u.ID), u.StorageID, in.number, in.body, in.size, *in.digest)
}

// lost is for an upload that object storage knows nothing of. Unless somebody
// finishes it just now, it cannot go on.
func (s *Server) lost(ctx context.Context, me store.Member, u store.FileUpload) error {
	_, err := s.vault(me).Head(ctx, fileKey(me, u.ID))
	switch {
	case err == nil:
		return errUploadOver
	case !errors.Is(err, files.ErrNotFound):
		return uploadError(err)
	}
	if err := s.db.Read(ctx, me, store.GetUpload(u.ID, &u)); err != nil {
		return err
	}
	if u.State != store.FilePending || u.Finishing {
		return errUploadOver
	}
	if err := s.giveUp(ctx, me, u.ID); err != nil {
		return uploadError(err)
	}
	return errPartsLost
}

// finishUpload puts the parts together, has them verified, and only then calls
// the file ready. It may be repeated, also while it is under way, and it goes on
// when whoever asked has left: storage would not stop either.
func (s *Server) finishUpload(ctx context.Context, me store.Member, id uuid.UUID) (store.FileUpload, error) {
	ctx = context.WithoutCancel(ctx)
	var u store.FileUpload
	var parts []store.Part
	if err := s.db.Read(ctx, me, store.GetUpload(id, &u), store.ListParts(id, &parts)); err != nil {
		return u, err
	}
	switch {
	case u.State == store.FileReady:
		return u, nil
	case u.State != store.FilePending:
		return u, errUploadOver
	case !u.Draft:
		return u, errNotDraft
	case len(parts) == 0 || parts[len(parts)-1].Number != len(parts),
		u.Declared != nil && len(parts) != u.Parts():
		return u, errPartsMissing
	}
	// Putting together may take minutes. A storage that does not answer at all is
	// not waited for that long.
	if err := s.files.Ping(ctx); err != nil {
		return u, uploadError(err)
	}
	stored, err := s.assemble(ctx, me, u, parts)
	if err == nil {
		u.SHA256 = stored.SHA256
		err = s.db.Write(ctx, me, func(tx *store.Tx) error { return tx.FinishUpload(ctx, id, stored) })
	}
	if errors.Is(err, store.ErrConflict) || errors.Is(err, errFinishing) {
		return s.awaitFinish(ctx, me, u, err)
	}
	return u, uploadError(err)
}

// assemble makes one object of the parts and finds out what it is: its size as
// storage has it, its digest from the bytes that passed or are read again, its
// type from the first of them. Parts that make up no file are given up, unless
// somebody else is at it: then storage has moved them away for the other.
func (s *Server) assemble(ctx context.Context, me store.Member, u store.FileUpload, parts []store.Part) (store.Stored, error) {
	var since time.Time
	var another bool
	err := s.db.Write(ctx, me, func(tx *store.Tx) (err error) {
		since, another, err = tx.TryFinish(ctx, u.ID)
		return err
	})
	if err != nil {
		return store.Stored{}, err
	}
	info, err := s.vault(me).Complete(ctx, fileKey(me, u.ID), u.StorageID, sentParts(parts))
	if isAny(err, files.ErrPart, files.ErrDigest, files.ErrSize, files.ErrNotFound, files.ErrExists) {
		s.log.WarnContext(ctx, "upload did not add up", "file", u.ID, "error", err.Error())
		if err := s.db.Read(ctx, me, store.GetUpload(u.ID, &u)); err != nil {
			return store.Stored{}, err
		}
		if another || u.State != store.FilePending || u.FinishingAt == nil || !u.FinishingAt.Equal(since) {
			return store.Stored{}, errFinishing
		}
		if err := s.giveUp(ctx, me, u.ID); err != nil {
			return store.Stored{}, err
		}
		return store.Stored{}, errPartsLost
	}
	if err != nil {
		return store.Stored{}, err
	}
	return s.examine(ctx, me, u, info)
}

func sentParts(parts []store.Part) []files.Part {
	sent := make([]files.Part, len(parts))
	for i, p := range parts {
		sent[i] = files.Part{Number: p.Number, Size: p.Size, Digest: files.Digest(p.SHA256), ETag: p.ETag}
	}
	return sent
}

// examine finds out what has been put together.
func (s *Server) examine(ctx context.Context, me store.Member, u store.FileUpload, info files.ObjectInfo) (store.Stored, error) {
	hash, err := files.ResumeHash(u.HashState)
	if err != nil {
		hash = files.NewHash()
	}
	if err := s.vault(me).HashRest(ctx, info.Key, hash); err != nil {
		return store.Stored{}, err
	}
	contentType, err := sniff(ctx, s.vault(me), info)
	if err != nil {
		return store.Stored{}, err
	}
	digest := hash.Digest()
	return store.Stored{Size: info.Size, SHA256: digest[:], ContentType: contentType}, nil
}

// awaitFinish waits a moment for the other who is finishing the same upload.
func (s *Server) awaitFinish(ctx context.Context, me store.Member, u store.FileUpload, otherwise error) (store.FileUpload, error) {
	for range 12 {
		if err := s.db.Read(ctx, me, store.GetUpload(u.ID, &u)); err != nil {
			return u, err
		}
		if u.State == store.FileReady {
			return u, nil
		}
		if u.State != store.FilePending || !u.Draft {
			break
		}
		time.Sleep(250 * time.Millisecond)
	}
	return u, uploadError(otherwise)
}

func sniff(ctx context.Context, vault files.Vault, info files.ObjectInfo) (string, error) {
	if info.Size == 0 {
		return files.Sniff(nil), nil
	}
	object, err := vault.Get(ctx, info.Key, files.ReadOptions{Range: files.Range{Length: min(info.Size, files.SniffSize)}})
	if err != nil {
		return "", err
	}
	defer object.Body.Close()
	head, err := io.ReadAll(object.Body)
	return files.Sniff(head), err
}

func isAny(err error, targets ...error) bool {
	for _, target := range targets {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// uploadError says what went wrong in the words of an upload; what it does not
// know passes as it is.
func uploadError(err error) error {
	var invalid store.InvalidError
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, files.ErrUnavailable):
		return errors.Join(errNoFiles, err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errTooSlow
	case errors.As(err, &tooLarge):
		return errPartTooLarge
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errBrokeOff
	case errors.Is(err, files.ErrDigest):
		return errDigest
	case errors.Is(err, files.ErrSize):
		return errPartTooSmall
	case errors.As(err, &invalid):
		for _, sentence := range invalid {
			return &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: sentence}
		}
	case errors.Is(err, store.ErrConflict):
		return errUploadOver
	}
	return err
}
