package handlers

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"

	"portico/files"
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

// beginUpload makes the row of a file in a draft version and opens its upload in storage.
// It returns a problem for the visitor when the file is too large or the version takes no
// more files.
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

// incoming is one part of a file on its way to storage.
type incoming struct {
	Number int // from 1
	Body   io.Reader
	// Size and Digest are what the sender declared. Without a digest neither
	// counts: the part is as large as what arrives, up to a full part.
	Size   int64
	Digest *files.Digest
}

// putPart streams a part to object storage and records it, adding it to the running
// hash of the file when it is the next in order. It returns how many bytes it had.
func (s *Server) putPart(ctx context.Context, me store.Member, u *store.FileUpload, in incoming) (int64, error) {
	hash, err := files.ResumeHash(u.HashState)
	next := err == nil && hash.Seen() == int64(in.Number-1)*store.PartSize
	if next {
		in.Body = io.TeeReader(in.Body, hash)
	}
	part, err := s.sendPart(ctx, me, *u, in)
	if errors.Is(err, files.ErrNotFound) {
		return 0, s.cancelIfLost(ctx, me, *u)
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
	// Storage has the part now, so record it even if the visitor has disconnected.
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

func (s *Server) sendPart(ctx context.Context, me store.Member, u store.FileUpload, in incoming) (files.Part, error) {
	if in.Digest == nil {
		return s.vault(me).PutPartSpooled(ctx, fileKey(me, u.ID), u.StorageID, in.Number, in.Body)
	}
	return s.vault(me).PutPart(ctx, fileKey(me, u.ID), u.StorageID, in.Number, in.Body, in.Size, *in.Digest)
}

// cancelIfLost cancels an upload that object storage doesn't know, unless it has
// been finished or somebody is finishing it. It returns what to tell the visitor.
func (s *Server) cancelIfLost(ctx context.Context, me store.Member, u store.FileUpload) error {
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

// finishUpload assembles the parts, verifies them, and only then makes the file ready. It
// can be repeated, also while it is running. It continues when the visitor
// disconnects, because storage would not stop either.
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
	// Assembling can take minutes. Don't wait that long for a storage that doesn't
	// answer at all.
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

// assemble makes one object of the parts and returns its size, digest and type. An
// upload whose parts don't make a file is cancelled, unless somebody else is
// finishing it: then storage has already moved the parts for them.
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
	return s.hashAndSniff(ctx, me, u, info)
}

func sentParts(parts []store.Part) []files.Part {
	sent := make([]files.Part, len(parts))
	for i, p := range parts {
		sent[i] = files.Part{Number: p.Number, Size: p.Size, Digest: files.Digest(p.SHA256), ETag: p.ETag}
	}
	return sent
}

// hashAndSniff takes the digest from the bytes that passed, reading what is missing
// from storage, and the type from the first bytes.
func (s *Server) hashAndSniff(ctx context.Context, me store.Member, u store.FileUpload, info files.ObjectInfo) (store.Stored, error) {
	hash, err := files.ResumeHash(u.HashState)
	if err != nil {
		hash = files.NewHash()
	}
	if err := s.vault(me).CatchUp(ctx, info.Key, hash); err != nil {
		return store.Stored{}, err
	}
	contentType, err := sniff(ctx, s.vault(me), info)
	if err != nil {
		return store.Stored{}, err
	}
	digest := hash.Digest()
	return store.Stored{Size: info.Size, SHA256: digest[:], ContentType: contentType}, nil
}

// awaitFinish waits up to three seconds for somebody else who is finishing the same
// upload. If they don't, the answer is why.
func (s *Server) awaitFinish(ctx context.Context, me store.Member, u store.FileUpload, why error) (store.FileUpload, error) {
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
	return u, uploadError(why)
}

func sniff(ctx context.Context, vault files.Vault, info files.ObjectInfo) (string, error) {
	if info.Size == 0 {
		return files.Sniff(nil), nil
	}
	object, err := vault.Get(ctx, info.Key, files.Wanted{Range: files.Range{Length: min(info.Size, files.SniffSize)}})
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
