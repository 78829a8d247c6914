package upload

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"

	"portico/files"
	"portico/store"
)

// Begin creates the row of a file in a draft version and starts its upload in
// storage. It returns a problem for the visitor if the file is too large or the
// version takes no more files.
func (s *Service) Begin(ctx context.Context, me store.Member, version uuid.UUID, in store.NewUpload) (store.FileUpload, error) {
	if in.Size != nil && *in.Size > store.MaxFileSize {
		return store.FileUpload{}, errFileTooLarge
	}
	u := store.FileUpload{State: store.FilePending, Declared: in.Size, Draft: true}
	err := s.db.Write(ctx, me, func(tx *store.Tx) (err error) {
		u.ID, err = tx.BeginUpload(ctx, version, in)
		return err
	})
	if err != nil {
		return u, AsProblem(err)
	}
	u.StorageID, err = s.vault(me).Begin(ctx, Key(me, u.ID))
	if err == nil {
		err = s.db.Write(ctx, me, func(tx *store.Tx) error { return tx.OpenUpload(ctx, u.ID, u.StorageID) })
	}
	if err != nil {
		s.abandon(ctx, me, u, err)
		return u, AsProblem(err)
	}
	return u, nil
}

// Part is one part of a file on its way to storage.
type Part struct {
	Number int // starts at 1
	Body   io.Reader
	// Size and Digest are what the sender declared. Without a digest, Size is
	// ignored too: the part ends where the input ends, at most at the full part
	// size.
	Size   int64
	Digest *files.Digest
}

// PartSize returns the size that part n of an upload of declared size must have. It
// fails if the upload has no part n.
func PartSize(u store.FileUpload, n int) (int64, error) {
	size, ok := u.PartSize(n)
	switch {
	case u.State != store.FilePending || u.Declared == nil:
		return 0, ErrEnded
	case !u.Draft:
		return 0, ErrNotDraft
	case !ok:
		return 0, ErrNoPart
	}
	return size, nil
}

// PutPart streams a part to object storage and records it, adding it to the running
// hash of the file when it is the next in order. It returns the part's size in
// bytes.
func (s *Service) PutPart(ctx context.Context, me store.Member, u *store.FileUpload, in Part) (int64, error) {
	hash, err := files.ResumeHash(u.HashState)
	next := err == nil && hash.Offset() == int64(in.Number-1)*store.PartSize
	if next {
		in.Body = io.TeeReader(in.Body, hash)
	}
	part, err := s.sendPart(ctx, me, *u, in)
	if errors.Is(err, files.ErrNotFound) {
		return 0, s.cancelIfLost(ctx, me, *u)
	}
	if err != nil {
		return 0, AsProblem(err)
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
	ctx, cancel := detach(ctx)
	defer cancel()
	err = s.db.Write(ctx, me, func(tx *store.Tx) error {
		return tx.RecordPart(ctx, u.ID, store.Part{Number: part.Number, Size: part.Size, SHA256: part.Digest[:], ETag: part.ETag}, step)
	})
	if err == nil && next {
		u.HashState = step.After
	}
	return part.Size, AsProblem(err)
}

func (s *Service) sendPart(ctx context.Context, me store.Member, u store.FileUpload, in Part) (files.Part, error) {
	if in.Digest == nil {
		return s.vault(me).PutPartSpooled(ctx, Key(me, u.ID), u.StorageID, in.Number, in.Body)
	}
	return s.vault(me).PutPart(ctx, Key(me, u.ID), u.StorageID, in.Number, in.Body, in.Size, *in.Digest)
}

// cancelIfLost cancels an upload that object storage doesn't know, unless it has
// been finished or somebody is finishing it. It returns the error for the visitor.
func (s *Service) cancelIfLost(ctx context.Context, me store.Member, u store.FileUpload) error {
	_, err := s.vault(me).Head(ctx, Key(me, u.ID))
	switch {
	case err == nil:
		return ErrEnded
	case !errors.Is(err, files.ErrNotFound):
		return AsProblem(err)
	}
	if err := s.db.Read(ctx, me, store.GetUpload(u.ID, &u)); err != nil {
		return err
	}
	if u.State != store.FilePending || u.Finishing {
		return ErrEnded
	}
	if err := s.Cancel(ctx, me, u.ID); err != nil {
		return AsProblem(err)
	}
	return errPartsLost
}

// Finish assembles the parts, verifies them, and only then makes the file ready. It
// can be repeated, even while another call is running. It continues when the
// visitor disconnects, because storage would not stop either.
func (s *Service) Finish(visitor context.Context, me store.Member, id uuid.UUID) (store.FileUpload, error) {
	ctx := context.WithoutCancel(visitor)
	var u store.FileUpload
	var parts []store.Part
	if err := s.db.Read(ctx, me, store.GetUpload(id, &u), store.ListParts(id, &parts)); err != nil {
		return u, err
	}
	switch {
	case u.State == store.FileReady:
		return u, nil
	case u.State != store.FilePending:
		return u, ErrEnded
	case !u.Draft:
		return u, ErrNotDraft
	case len(parts) == 0 || parts[len(parts)-1].Number != len(parts),
		u.Declared != nil && len(parts) != u.Parts():
		return u, errPartsMissing
	}
	// Assembling can take minutes. Don't wait that long for a storage that doesn't
	// answer at all.
	if err := s.storage.Ping(ctx); err != nil {
		return u, AsProblem(err)
	}
	info, err := s.assemble(ctx, me, u, parts)
	if err == nil {
		u.SHA256, err = s.makeReady(visitor, me, u, info)
	}
	if errors.Is(err, store.ErrConflict) || errors.Is(err, errFinishing) {
		return s.awaitFinish(ctx, me, u, err)
	}
	return u, AsProblem(err)
}

// assemble combines the parts into one object. If the parts don't make a valid file, it cancels the upload, unless another
// request is finishing it: then storage has already moved the parts for that
// request.
func (s *Service) assemble(ctx context.Context, me store.Member, u store.FileUpload, parts []store.Part) (files.ObjectInfo, error) {
	var since time.Time
	var another bool
	err := s.db.Write(ctx, me, func(tx *store.Tx) (err error) {
		since, another, err = tx.TryFinish(ctx, u.ID)
		return err
	})
	if err != nil {
		return files.ObjectInfo{}, err
	}
	info, err := s.vault(me).Complete(ctx, Key(me, u.ID), u.StorageID, sentParts(parts))
	if isAny(err, files.ErrPart, files.ErrDigest, files.ErrSize, files.ErrNotFound, files.ErrExists) {
		s.log.WarnContext(ctx, "upload did not add up", "file", u.ID, "error", err.Error())
		if err := s.db.Read(ctx, me, store.GetUpload(u.ID, &u)); err != nil {
			return files.ObjectInfo{}, err
		}
		if another || u.State != store.FilePending || u.FinishingAt == nil || !u.FinishingAt.Equal(since) {
			return files.ObjectInfo{}, errFinishing
		}
		if err := s.Cancel(ctx, me, u.ID); err != nil {
			return files.ObjectInfo{}, err
		}
		return files.ObjectInfo{}, errPartsLost
	}
	return info, err
}

// makeReady verifies an assembled file, makes it ready and returns its digest. If the file
// must be read back, it waits for its turn.
func (s *Service) makeReady(visitor context.Context, me store.Member, u store.FileUpload, info files.ObjectInfo) ([]byte, error) {
	hash, err := files.ResumeHash(u.HashState)
	if err != nil {
		hash = files.NewHash()
	}
	if hash.Offset() != info.Size {
		end, err := s.waitToReadBack(visitor, me, u.ID)
		if err != nil {
			return nil, err
		}
		defer end()
	}
	ctx := context.WithoutCancel(visitor)
	stored, err := s.hashAndSniff(ctx, me, info, hash)
	if err != nil {
		return nil, err
	}
	return stored.SHA256, s.db.Write(ctx, me, func(tx *store.Tx) error { return tx.FinishUpload(ctx, u.ID, stored) })
}

// waitToReadBack waits until no other file of the tenant is read back. Whoever repeats a
// request thus reads a file once: if it is ready by then, the error is
// [store.ErrConflict]. A visitor who disconnects waits no longer.
func (s *Service) waitToReadBack(visitor context.Context, me store.Member, id uuid.UUID) (end func(), err error) {
	end, err = s.readBacks.Acquire(visitor, me.TenantID().String())
	if err != nil {
		return nil, err
	}
	var u store.FileUpload
	if err = s.db.Read(visitor, me, store.GetUpload(id, &u)); err == nil && u.State != store.FilePending {
		err = store.ErrConflict
	}
	if err != nil {
		end()
		return nil, err
	}
	return end, nil
}

func sentParts(parts []store.Part) []files.Part {
	sent := make([]files.Part, len(parts))
	for i, p := range parts {
		sent[i] = files.Part{Number: p.Number, Size: p.Size, Digest: files.Digest(p.SHA256), ETag: p.ETag}
	}
	return sent
}

// hashAndSniff returns the digest and type of the file. The hash has the bytes that arrived
// in order; it reads the missing ones from storage. The type comes from the first bytes.
func (s *Service) hashAndSniff(ctx context.Context, me store.Member, info files.ObjectInfo, hash *files.Hash) (store.Stored, error) {
	if err := s.vault(me).HashRest(ctx, info.Key, hash); err != nil {
		return store.Stored{}, err
	}
	contentType, err := sniff(ctx, s.vault(me), info)
	if err != nil {
		return store.Stored{}, err
	}
	digest, crc := hash.Digest(), int64(hash.CRC32())
	return store.Stored{Size: info.Size, SHA256: digest[:], CRC32: &crc, ContentType: contentType}, nil
}

// awaitFinish waits up to three seconds for another request that is finishing the
// same upload. If that doesn't finish in time, it returns the reason.
func (s *Service) awaitFinish(ctx context.Context, me store.Member, u store.FileUpload, why error) (store.FileUpload, error) {
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
	return u, AsProblem(why)
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

// PutFile uploads a whole file of unknown size part by part as it arrives, so that
// memory use doesn't grow with the file. If it fails, it cancels the upload.
func (s *Service) PutFile(ctx context.Context, me store.Member, version uuid.UUID, name string, body io.Reader) error {
	u, err := s.Begin(ctx, me, version, store.NewUpload{Name: name})
	if err != nil {
		return err
	}
	if err = s.putParts(ctx, me, &u, body); err == nil {
		_, err = s.Finish(ctx, me, u.ID)
	}
	if err != nil {
		s.abandon(ctx, me, u, err)
	}
	return err
}

func (s *Service) putParts(ctx context.Context, me store.Member, u *store.FileUpload, body io.Reader) error {
	for n := 1; ; n++ {
		if n > files.MaxParts {
			return errFileTooLarge
		}
		size, err := s.PutPart(ctx, me, u, Part{Number: n, Body: body})
		switch {
		case errors.Is(err, io.EOF):
			return nil // the previous part was full and the last one
		case err != nil:
			return err
		case size < files.PartSize:
			return nil
		}
	}
}
