// Package archives exports a tenant into an archive, and restores one from it.
package archives

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"portico/archive"
	"portico/certificate"
	"portico/files"
	"portico/store"
)

// Exporter writes archives.
type Exporter struct {
	DB      *store.DB
	Storage *files.Storage
	Key     ed25519.PrivateKey // signs the manifest
}

// Export writes the archive of the job's tenant as it is now, while its people go on working. It
// never holds more than a row. What storage doesn't have, or has damaged, is listed in the
// archive; any other error leaves an archive that is not whole.
func (x Exporter) Export(ctx context.Context, j store.Job, w io.Writer) (archive.Manifest, error) {
	var a *archive.Writer
	var objects []store.StoredObject
	err := x.DB.Snapshot(ctx, j, func(s *store.Snapshot) (err error) {
		if a, err = archive.NewWriter(w, s.Tenant, s.Schema, s.At); err != nil {
			return err
		}
		for _, t := range store.Manifest.Tenant {
			if t.Export != store.Whole {
				continue
			}
			err := a.Rows(t.Name, func(add func([]byte) error) ([]string, error) { return s.Rows(ctx, t, add) })
			if err != nil {
				return err
			}
		}
		return s.Objects(ctx, func(o store.StoredObject) error {
			objects = append(objects, o)
			return nil
		})
	})
	if err != nil {
		return archive.Manifest{}, err
	}
	if err := x.objects(ctx, a, x.Storage.For(j.TenantID()), objects); err != nil {
		return archive.Manifest{}, err
	}
	return a.Close(x.Key, certificate.KeyID(x.Key.Public().(ed25519.PublicKey)))
}

// objects writes the bytes of the objects, the same ones once. They come with the same bytes next
// to each other: if storage lost one of them another will do.
func (x Exporter) objects(ctx context.Context, a *archive.Writer, vault files.Vault, objects []store.StoredObject) error {
	for len(objects) > 0 {
		same := 1
		for same < len(objects) && objects[same].SHA256 == objects[0].SHA256 {
			same++
		}
		if err := x.object(ctx, a, vault, objects[:same]); err != nil {
			return err
		}
		objects = objects[same:]
	}
	return nil
}

func (x Exporter) object(ctx context.Context, a *archive.Writer, vault files.Vault, same []store.StoredObject) error {
	var lost []archive.Missing
	for _, o := range same {
		why := ""
		err := copyObject(ctx, a, vault, o)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, files.ErrNotFound):
			why = "not in storage"
		case errors.Is(err, files.ErrSize):
			why = "of another size in storage"
		case errors.Is(err, files.ErrDigest):
			why = "damaged in storage"
		default:
			return fmt.Errorf("object %s/%s: %w", o.Kind, o.ID, err)
		}
		lost = append(lost, archive.Missing{Kind: o.Kind, ID: o.ID.String(), SHA256: o.SHA256, Size: o.Size, Why: why})
		if errors.Is(err, files.ErrDigest) {
			break // its bytes are in the archive already, under that name
		}
	}
	for _, m := range lost {
		a.Missing(m)
	}
	return nil
}

func copyObject(ctx context.Context, a *archive.Writer, vault files.Vault, o store.StoredObject) error {
	key, digest, err := place(vault, o)
	if err != nil {
		return err
	}
	object, err := vault.Get(ctx, key, files.ReadOptions{Size: o.Size, Digest: &digest})
	if err != nil {
		return err
	}
	defer func() { _ = object.Body.Close() }() // it was only read
	return a.Object(archive.Object{SHA256: o.SHA256, Size: o.Size}, object.Body)
}

// place returns where an object lies, and what its bytes must be.
func place(vault files.Vault, o store.StoredObject) (files.Key, files.Digest, error) {
	key, err := files.ParseKey("tenants/" + vault.Tenant().String() + "/" + o.Kind + "/" + o.ID.String())
	if err != nil {
		return files.Key{}, files.Digest{}, err
	}
	sum, err := hex.DecodeString(o.SHA256)
	if err != nil || len(sum) != len(files.Digest{}) {
		return files.Key{}, files.Digest{}, fmt.Errorf("no SHA-256: %.70q", o.SHA256)
	}
	return key, files.Digest(sum), nil
}
