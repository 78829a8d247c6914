package jobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"image"
	"io"
	"log/slog"

	"github.com/google/uuid"

	"portico/files"
	"portico/handlers/media"
	"portico/handlers/thumbnail"
	"portico/store"
	"portico/store/queue"
)

// storedRecording is a recording in storage, as ffmpeg reads it.
type storedRecording struct {
	vault files.Vault
	key   files.Key
	size  int64
}

// Size implements media.Source.
func (s storedRecording) Size() int64 { return s.size }

// Open implements media.Source.
func (s storedRecording) Open(ctx context.Context, offset int64) (io.ReadCloser, error) {
	object, err := s.vault.Get(ctx, s.key, files.ReadOptions{Range: files.Range{Start: offset, Length: s.size - offset}})
	if err != nil {
		return nil, err
	}
	return object.Body, nil
}

// recordingOf opens the recording of a job. It returns nil if there is nothing to do.
func (r *Runner) recordingOf(ctx context.Context, j store.Job, file uuid.UUID, plays store.Plays) (*media.Recording, error) {
	var found *store.Recording
	err := r.db.Work(ctx, j, func(tx *store.Tx) (err error) {
		found, err = tx.RecordingFor(ctx, file, plays)
		return err
	})
	if err != nil || found == nil {
		return nil, err
	}
	source := storedRecording{r.cfg.Storage.For(j.TenantID()), files.NewKey(j.TenantID(), files.KindFile, file), found.Size}
	info, err := source.vault.Head(ctx, source.key)
	if errors.Is(err, files.ErrNotFound) || err == nil && info.Size != found.Size {
		r.log.LogAttrs(ctx, slog.LevelInfo, "no look at a recording",
			slog.String("tenant", j.TenantID().String()), slog.String("file", file.String()), slog.String("why", "its bytes are not in storage"))
		return nil, nil // the reconciler reports it; a retry would not help
	}
	if err != nil {
		return nil, err
	}
	return &media.Recording{Source: source, ContentType: found.ContentType}, nil
}

// fileMedia measures a recording and makes its picture. It writes the object before the row
// that points to it; if the process dies in between, the clean-up removes it.
func (r *Runner) fileMedia(ctx context.Context, j store.Job, job queue.FileMedia) error {
	recording, err := r.recordingOf(ctx, j, job.File, store.PlaysUnknown)
	if err != nil || recording == nil {
		return err
	}
	look, err := r.look(ctx, j, job.File, *recording)
	if err != nil {
		return err
	}
	err = r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.RecordLook(ctx, job.File, look) })
	if err != nil && look.Picture != nil {
		// What remains, the clean-up removes.
		_ = r.cfg.Storage.For(j.TenantID()).Delete(context.WithoutCancel(ctx), files.NewKey(j.TenantID(), files.KindRendition, look.Picture.ID))
	}
	if errors.Is(err, store.ErrConflict) {
		return nil // another run of this job was faster
	}
	return err
}

func (r *Runner) look(ctx context.Context, j store.Job, file uuid.UUID, recording media.Recording) (look store.LookedAt, err error) {
	look.Plays = store.PlaysNothing
	if !media.Reads(recording.ContentType) {
		return look, nil
	}
	facts, unfit, err := r.cfg.Media.Look(ctx, recording)
	look.Unfit = string(unfit)
	if err != nil || unfit != "" && unfit != media.NoPicture {
		return look, err
	}
	if facts.Duration > 0 {
		ms := facts.Duration.Milliseconds()
		look.DurationMS = &ms
	}
	if facts.Picture() {
		look.FrameRate, look.StartTimecode = facts.Rate.String(), facts.Start
	}
	if look.Plays = store.PlaysSoon; facts.Plays {
		look.Plays = store.PlaysOriginal
	}
	look.Picture, unfit, err = r.mediaPicture(ctx, j, file, recording, facts)
	if unfit == media.Broken && facts.Picture() {
		// Not one frame of it can be shown.
		look.Plays, look.Unfit = store.PlaysNothing, string(unfit)
	}
	return look, err
}

// The largest poster, and its preview.
var posterBox = thumbnail.Box{Width: 1600, Height: 1600}

// mediaPicture makes and stores the poster of a video, with its preview, or the wave of a
// sound. A recording without a picture plays all the same.
func (r *Runner) mediaPicture(ctx context.Context, j store.Job, file uuid.UUID, recording media.Recording, facts media.Facts) (*store.Rendition, media.Unfit, error) {
	if !facts.Picture() {
		wave, unfit, err := r.cfg.Media.Wave(ctx, recording)
		if err != nil || unfit != "" {
			return nil, unfit, err
		}
		made, err := r.storePicture(ctx, j.TenantID(), thumbnail.Thumbnail{Content: wave, ContentType: "image/png"})
		return made, "", err
	}
	frame, unfit, err := r.cfg.Media.Poster(ctx, recording, facts)
	if err != nil || unfit != "" {
		return nil, unfit, err
	}
	// It is decoded and encoded anew: whatever took over the child wrote it.
	poster, err := thumbnail.Shrink(bytes.NewReader(frame), "image/jpeg", posterBox)
	if _, no := errors.AsType[thumbnail.UnfitError](err); no {
		return nil, media.Broken, nil
	}
	if err != nil {
		return nil, "", err
	}
	made, err := r.storePicture(ctx, j.TenantID(), poster)
	if err != nil {
		return nil, "", err
	}
	small, err := thumbnail.Shrink(bytes.NewReader(poster.Content), poster.ContentType, previewBox)
	if err != nil {
		return made, "", err
	}
	digest, err := r.cfg.Storage.For(j.TenantID()).Put(ctx, previewKey(j.TenantID(), file), small.Content)
	if err == nil {
		err = r.recordPreview(ctx, j, queue.FilePreview{File: file}, &store.Preview{ContentType: small.ContentType, Size: int64(len(small.Content)), SHA256: digest[:]})
	}
	return made, "", err
}

func (r *Runner) storePicture(ctx context.Context, tenant uuid.UUID, p thumbnail.Thumbnail) (*store.Rendition, error) {
	shape, _, err := image.DecodeConfig(bytes.NewReader(p.Content))
	if err != nil {
		return nil, err
	}
	made := store.Rendition{ID: store.NewID(), Width: shape.Width, Height: shape.Height, ContentType: p.ContentType, Size: int64(len(p.Content))}
	digest, err := r.cfg.Storage.For(tenant).Put(ctx, files.NewKey(tenant, files.KindRendition, made.ID), p.Content)
	made.SHA256 = digest[:]
	return &made, err
}

// filePlayable makes a copy of a recording that browsers play.
func (r *Runner) filePlayable(ctx context.Context, j store.Job, job queue.FilePlayable) error {
	recording, err := r.recordingOf(ctx, j, job.File, store.PlaysSoon)
	if err != nil || recording == nil {
		return err
	}
	facts, unfit, err := r.cfg.Media.Look(ctx, *recording)
	if err != nil {
		return err
	}
	var made *store.Rendition
	if unfit == "" || unfit == media.NoPicture {
		if made, unfit, err = r.copyRecording(ctx, j.TenantID(), *recording, facts); err != nil {
			return err
		}
	}
	err = r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.RecordPlayable(ctx, job.File, made, string(unfit)) })
	if err != nil && made != nil {
		_ = r.cfg.Storage.For(j.TenantID()).Delete(context.WithoutCancel(ctx), files.NewKey(j.TenantID(), files.KindRendition, made.ID))
	}
	if errors.Is(err, store.ErrConflict) {
		return nil
	}
	return err
}

func (r *Runner) copyRecording(ctx context.Context, tenant uuid.UUID, recording media.Recording, facts media.Facts) (*store.Rendition, media.Unfit, error) {
	c, unfit, err := r.cfg.Media.Play(ctx, recording, facts)
	if err != nil || unfit != "" {
		return nil, unfit, err
	}
	defer func() { _ = c.Close() }() // it was only read
	made := store.Rendition{ID: store.NewID(), Width: c.Width, Height: c.Height, ContentType: c.ContentType, Size: c.Size}
	made.SHA256, err = storeLarge(ctx, r.cfg.Storage.For(tenant), files.NewKey(tenant, files.KindRendition, made.ID), c)
	if err != nil {
		return nil, "", err
	}
	return &made, "", nil
}

// storeLarge stores an object of any size, in parts, and returns its SHA-256.
func storeLarge(ctx context.Context, vault files.Vault, key files.Key, body io.Reader) (digest []byte, err error) {
	upload, err := vault.Begin(ctx, key)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = vault.Abort(context.WithoutCancel(ctx), key, upload) // what remains, the clean-up removes
		}
	}()
	sum := sha256.New()
	body = io.TeeReader(body, sum)
	var parts []files.Part
	for number := 1; ; number++ {
		part, err := vault.PutPartSpooled(ctx, key, upload, number, body)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if parts = append(parts, part); part.Size < files.PartSize {
			break
		}
	}
	if _, err := vault.Complete(ctx, key, upload, parts); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}
