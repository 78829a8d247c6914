package archives

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/google/uuid"

	"portico/archive"
	"portico/files"
	"portico/store"
)

// Rows are sent to the database in batches of at most so many, or so many bytes.
const (
	batchRows  = 500
	batchBytes = 4 << 20
)

// write writes the rows into the tenant and compares them with the archive.
func (r *opened) write(ctx context.Context, tx *store.Restoration, beside bool) error {
	if !beside {
		if err := tx.Clear(ctx); err != nil {
			return err
		}
	}
	for _, t := range r.tables {
		if t.Restore == store.Stays || t.Restore == store.Recounted || t.Restore == store.Continues && !beside {
			continue
		}
		if err := r.insert(ctx, tx, t); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
		if t.Restore == store.AsNames {
			continue
		}
		if err := r.compare(ctx, tx, t); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return nil
}

func (r *opened) insert(ctx context.Context, tx *store.Restoration, t store.TenantTable) error {
	columns := r.columns[t.Name]
	var batch [][]byte
	bytes := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		defer func() { batch, bytes = batch[:0], 0 }()
		return tx.Insert(ctx, t, columns, batch)
	}
	err := r.Rows(t.Name, func(line []byte) error {
		batch = append(batch, slices.Clone(line))
		if bytes += len(line); len(batch) < batchRows && bytes < batchBytes {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return err
	}
	return tx.Done(ctx, t, columns)
}

// errDiffers means that the database made other rows of those in the archive.
var errDiffers = errors.New("the restored rows are not those of the archive, so everything was undone")

func (r *opened) compare(ctx context.Context, tx *store.Restoration, t store.TenantTable) error {
	want, _ := r.Manifest.Table(t.Name)
	sum := sha256.New()
	var got archive.List
	err := tx.Lines(ctx, t, want.Columns, func(line []byte) error {
		sum.Write(line)
		sum.Write([]byte{'\n'})
		got.Rows++
		got.Bytes += int64(len(line)) + 1
		return nil
	})
	got.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if err == nil && got != want.List {
		err = fmt.Errorf("%w: %d rows, not %d", errDiffers, got.Rows, want.Rows)
	}
	return err
}

// storeObjects stores each object that storage lacks or has damaged, and returns those that
// neither the archive nor storage has.
func (x Restorer) storeObjects(ctx context.Context, r *opened, tenant uuid.UUID) (done Restored, err error) {
	vault := x.Storage.For(tenant)
	err = r.eachObject(func(o store.StoredObject) error {
		key, digest, err := place(vault, o)
		if err != nil {
			return err
		}
		err = vault.Verify(ctx, key, o.Size, digest)
		damaged := errors.Is(err, files.ErrSize) || errors.Is(err, files.ErrDigest)
		switch _, has := r.Has(o.SHA256); {
		case err == nil:
			return nil
		case !damaged && !errors.Is(err, files.ErrNotFound):
			return err
		case !has:
			done.Missing = append(done.Missing, o)
			return nil
		case damaged:
			if err := vault.Delete(ctx, key); err != nil {
				return err
			}
		}
		done.Stored++
		return storeObject(ctx, r, vault, key, o)
	})
	return done, err
}

// storeObject stores an object in parts, as uploads are, so that a large one takes no memory.
func storeObject(ctx context.Context, r *opened, vault files.Vault, key files.Key, o store.StoredObject) error {
	body, err := r.Object(o.SHA256)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }() // it was only read
	id, err := vault.Begin(ctx, key)
	if err != nil {
		return err
	}
	parts, err := putParts(ctx, vault, key, id, body)
	if err == nil {
		_, err = vault.Complete(ctx, key, id, parts)
	}
	if err != nil {
		return errors.Join(err, vault.Abort(context.WithoutCancel(ctx), key, id))
	}
	return nil
}

func putParts(ctx context.Context, vault files.Vault, key files.Key, id string, body io.Reader) (parts []files.Part, err error) {
	for n := 1; ; n++ {
		part, err := vault.PutPartSpooled(ctx, key, id, n, body)
		if err == io.EOF {
			return parts, nil
		}
		if err != nil {
			return nil, err
		}
		if parts = append(parts, part); part.Size < files.PartSize {
			return parts, nil
		}
	}
}
