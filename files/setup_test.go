package files

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
)

// bundle is one tenant's vault in the shared bucket. Every test has its own tenant.
type bundle struct {
	storage *Storage
	vault   Vault
	tenant  uuid.UUID
}

func setup(t *testing.T) bundle {
	t.Helper()
	storage, err := Open(configOf(gateway))
	if err != nil {
		t.Fatal(err)
	}
	tenant := uuid.Must(uuid.NewV7())
	return bundle{storage: storage, vault: storage.For(tenant), tenant: tenant}
}

// key returns a new key of the bundle's tenant.
func (b bundle) key() Key { return NewKey(b.tenant, KindFile, uuid.Must(uuid.NewV7())) }

// put stores content in parts under a new key.
func (b bundle) put(t *testing.T, content []byte) Key {
	t.Helper()
	key := b.key()
	uploadID := b.begin(t, key)
	parts := b.putParts(t, key, uploadID, content)
	if _, err := b.vault.Complete(t.Context(), key, uploadID, parts); err != nil {
		t.Fatal(err)
	}
	return key
}

func (b bundle) begin(t *testing.T, key Key) string {
	t.Helper()
	uploadID, err := b.vault.Begin(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return uploadID
}

func (b bundle) putParts(t *testing.T, key Key, uploadID string, content []byte) []Part {
	t.Helper()
	var parts []Part
	for n, chunk := range split(content) {
		part, err := b.vault.PutPart(t.Context(), key, uploadID, n+1, unseekable(chunk), int64(len(chunk)), digestOf(chunk))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part)
	}
	return parts
}

// split cuts content into parts. Empty content is one empty part.
func split(content []byte) [][]byte {
	chunks := [][]byte{content[:min(len(content), PartSize)]}
	for at := PartSize; at < len(content); at += PartSize {
		chunks = append(chunks, content[at:min(len(content), at+PartSize)])
	}
	return chunks
}

// flipOnDisk changes one bit of the stored object without the gateway's knowledge.
func (b bundle) flipOnDisk(t *testing.T, key Key, at int64) {
	t.Helper()
	f, err := os.OpenFile(gateway.ObjectPath(key.String()), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var c [1]byte
	if _, err := f.ReadAt(c[:], at); err != nil {
		t.Fatal(err)
	}
	c[0] ^= 1
	if _, err := f.WriteAt(c[:], at); err != nil {
		t.Fatal(err)
	}
}

// unseekable hides everything but Read, as a request body does.
func unseekable(content []byte) *struct{ reader } {
	return &struct{ reader }{bytes.NewReader(content)}
}

type reader interface{ Read([]byte) (int, error) }

// sleep waits for tests that are about real time.
func sleep(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

func digestOf(content []byte) Digest { return sha256.Sum256(content) }

// randomBytes returns n incompressible bytes, different for each seed.
func randomBytes(seed byte, n int) []byte {
	content := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(content)
	return content
}

// everyCall calls each method of a vault that takes a key.
func everyCall(t *testing.T) map[string]func(Vault, Key) error {
	t.Helper()
	ctx := t.Context()
	one := []byte("x")
	return map[string]func(Vault, Key) error{
		"Begin": func(v Vault, k Key) error { _, err := v.Begin(ctx, k); return err },
		"PutPart": func(v Vault, k Key) error {
			_, err := v.PutPart(ctx, k, "id", 1, unseekable(one), 1, digestOf(one))
			return err
		},
		"PutPartSpooled": func(v Vault, k Key) error {
			_, err := v.PutPartSpooled(ctx, k, "id", 1, unseekable(one))
			return err
		},
		"Complete": func(v Vault, k Key) error {
			_, err := v.Complete(ctx, k, "id", []Part{{Number: 1, Size: 1}})
			return err
		},
		"Put": func(v Vault, k Key) error {
			_, err := v.Put(ctx, NewKey(k.tenant, KindPreview, k.id), one)
			return err
		},
		"Abort":    func(v Vault, k Key) error { return v.Abort(ctx, k, "id") },
		"Parts":    func(v Vault, k Key) error { _, err := v.Parts(ctx, k, "id"); return err },
		"Get":      func(v Vault, k Key) error { _, err := v.Get(ctx, k, ReadOptions{}); return err },
		"Head":     func(v Vault, k Key) error { _, err := v.Head(ctx, k); return err },
		"Delete":   func(v Vault, k Key) error { return v.Delete(ctx, k) },
		"HashRest": func(v Vault, k Key) error { return v.HashRest(ctx, k, NewHash()) },
		"Verify":   func(v Vault, k Key) error { return v.Verify(ctx, k, 1, Digest{}) },
		"Serve": func(v Vault, k Key) error {
			request := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
			return v.Serve(httptest.NewRecorder(), request, Download{Key: k})
		},
	}
}

// truncateOnDisk cuts the stored object without the gateway's knowledge.
func (b bundle) truncateOnDisk(t *testing.T, key Key, size int64) {
	t.Helper()
	if err := os.Truncate(gateway.ObjectPath(key.String()), size); err != nil {
		t.Fatal(err)
	}
}
