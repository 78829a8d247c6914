package sample

import (
	"bytes"
	"context"
	"crypto/sha256"
	"runtime"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"portico/e2e/sample/artwork"
	"portico/files"
	"portico/store"
)

// drawing is a generated file or an error.
type drawing struct {
	content []byte
	err     error
}

// draw generates the pieces on all cores in the background and returns them in order.
func draw(ctx context.Context, pieces []artwork.Piece) <-chan drawing {
	made := make([]chan drawing, len(pieces))
	for i := range made {
		made[i] = make(chan drawing, 1)
	}
	go func() {
		var group errgroup.Group
		group.SetLimit(runtime.GOMAXPROCS(0))
		for i, piece := range pieces {
			if ctx.Err() != nil {
				break
			}
			group.Go(func() error {
				content, err := piece()
				made[i] <- drawing{content, err}
				return nil
			})
		}
		_ = group.Wait() // nothing in it fails
	}()
	inOrder := make(chan drawing)
	go func() {
		for _, one := range made {
			select {
			case d := <-one:
				select {
				case inOrder <- d:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return inOrder
}

// upload uploads the next drawing to a draft version, in parts, as a browser does.
func (l *loader) upload(ctx context.Context, me store.Member, version uuid.UUID, name string) error {
	var content []byte
	select {
	case d := <-l.drawings:
		if d.err != nil {
			return d.err
		}
		content = d.content
	case <-ctx.Done():
		return ctx.Err()
	}
	size := int64(len(content))
	u := upload{vault: l.bucket.For(me.TenantID()), content: content}
	err := l.db.Write(ctx, me, func(tx *store.Tx) (err error) {
		u.id, err = tx.BeginUpload(ctx, version, store.NewUpload{Name: name, Size: &size})
		return err
	})
	if err != nil {
		return err
	}
	u.key = files.NewKey(me.TenantID(), files.KindFile, u.id)
	if u.storage, err = u.vault.Begin(ctx, u.key); err != nil {
		return err
	}
	err = l.db.Write(ctx, me, func(tx *store.Tx) error { return tx.OpenUpload(ctx, u.id, u.storage) })
	if err != nil {
		return err
	}
	stored, err := u.send(ctx, func(p store.Part, step store.HashStep) error {
		return l.db.Write(ctx, me, func(tx *store.Tx) error { return tx.RecordPart(ctx, u.id, p, step) })
	})
	if err != nil {
		return err
	}
	return l.db.Write(ctx, me, func(tx *store.Tx) error { return tx.FinishUpload(ctx, u.id, stored) })
}

// upload is an upload to object storage.
type upload struct {
	id      uuid.UUID
	key     files.Key
	storage string // the upload id in object storage
	vault   files.Vault
	content []byte
}

// send uploads the parts, calls note for each, and completes the upload.
func (u upload) send(ctx context.Context, note func(store.Part, store.HashStep) error) (store.Stored, error) {
	var parts []files.Part
	var before []byte
	hash := files.NewHash()
	for at := 0; at == 0 || at < len(u.content); at += files.PartSize {
		chunk := u.content[at:min(len(u.content), at+files.PartSize)]
		part, err := u.vault.PutPart(ctx, u.key, u.storage, len(parts)+1, bytes.NewReader(chunk), int64(len(chunk)), sha256.Sum256(chunk))
		if err != nil {
			return store.Stored{}, err
		}
		_, _ = hash.Write(chunk) // never fails
		after, err := hash.State()
		if err != nil {
			return store.Stored{}, err
		}
		err = note(store.Part{Number: part.Number, Size: part.Size, SHA256: part.Digest[:], ETag: part.ETag},
			store.HashStep{Before: before, After: after})
		if err != nil {
			return store.Stored{}, err
		}
		parts, before = append(parts, part), after
	}
	info, err := u.vault.Complete(ctx, u.key, u.storage, parts)
	if err != nil {
		return store.Stored{}, err
	}
	digest := hash.Digest()
	return store.Stored{Size: info.Size, SHA256: digest[:], ContentType: files.Sniff(u.content)}, nil
}
