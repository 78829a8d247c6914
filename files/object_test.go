package files

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"testing"
)

// Get returns exactly the bytes of a range anywhere in a file of several parts.
func TestGetRange(t *testing.T) {
	t.Parallel()
	b, content := setup(t), randomBytes(30, PartSize+PartSize/3)
	key := b.put(t, content)
	ranges := []Range{{0, 1}, {PartSize - 1, 2}, {int64(len(content)) - 1, 1}, {0, int64(len(content))}}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		start := random.Int64N(int64(len(content)))
		ranges = append(ranges, Range{start, 1 + random.Int64N(int64(len(content))-start)})
	}
	for _, r := range ranges {
		object, err := b.vault.Get(t.Context(), key, ReadOptions{Range: r})
		if err != nil {
			t.Fatal(r, err)
		}
		got, err := io.ReadAll(object.Body)
		object.Body.Close()
		if err != nil || !bytes.Equal(got, content[r.Start:r.Start+r.Length]) {
			t.Errorf("%v: %d bytes, %v", r, len(got), err)
		}
		if object.Length != r.Length || object.Info.Size != int64(len(content)) {
			t.Errorf("%v: length %d of %d", r, object.Length, object.Info.Size)
		}
	}
	if _, err := b.vault.Get(t.Context(), key, ReadOptions{Range: Range{int64(len(content)), 1}}); err == nil {
		t.Error("a range past the end was served")
	}
}

// If a byte changes on disk, whole reads and Verify fail, and the last bytes are withheld.
func TestFlippedOnDisk(t *testing.T) {
	t.Parallel()
	b, content := setup(t), randomBytes(31, PartSize+1000)
	key, digest := b.put(t, content), digestOf(content)
	size := int64(len(content))
	if err := b.vault.Verify(t.Context(), key, size, digest); err != nil {
		t.Fatal(err)
	}
	b.flipOnDisk(t, key, size/2)
	if err := b.vault.Verify(t.Context(), key, size, digest); !errors.Is(err, ErrDigest) {
		t.Errorf("verify: %v", err)
	}
	crc := crc32.ChecksumIEEE(content)
	for name, want := range map[string]ReadOptions{
		"by its digest":      {Size: size, Digest: &digest},
		"by its CRC-32":      {Size: size, Digest: &digest, CRC32: &crc},
		"as one whole range": {Size: size, CRC32: &crc, Range: Range{Length: size}},
	} {
		object, err := b.vault.Get(t.Context(), key, want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(object.Body)
		object.Body.Close()
		if !errors.Is(err, ErrDigest) || len(got) >= len(content) {
			t.Errorf("%s: read %d of %d bytes, %v", name, len(got), size, err)
		}
	}
	b.flipOnDisk(t, key, size/2) // back
	object, err := b.vault.Get(t.Context(), key, ReadOptions{Size: size, CRC32: &crc})
	if err != nil {
		t.Fatal(err)
	}
	defer object.Body.Close()
	if got, err := io.ReadAll(object.Body); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the whole object: %d bytes, %v", len(got), err)
	}
}

// An object cut short on disk is refused before the first byte.
func TestTruncatedOnDisk(t *testing.T) {
	t.Parallel()
	b, content := setup(t), randomBytes(32, 5000)
	key, digest := b.put(t, content), digestOf(content)
	b.truncateOnDisk(t, key, 4000)
	if err := b.vault.Verify(t.Context(), key, 5000, digest); !errors.Is(err, ErrSize) {
		t.Errorf("verify: %v", err)
	}
	_, err := b.vault.Get(t.Context(), key, ReadOptions{Range: Range{0, 100}, Size: 5000, Digest: &digest})
	if !errors.Is(err, ErrSize) {
		t.Errorf("range: %v", err)
	}
}

// Every read of a deleted object is ErrNotFound. Deleting it again succeeds.
func TestDeletedObjectIsNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := b.put(t, randomBytes(33, 100))
	for range 2 {
		if err := b.vault.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.vault.Head(t.Context(), key); !errors.Is(err, ErrNotFound) {
		t.Errorf("head: %v", err)
	}
	if _, err := b.vault.Get(t.Context(), key, ReadOptions{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("get: %v", err)
	}
	if err := b.vault.Verify(t.Context(), key, 100, Digest{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("verify: %v", err)
	}
	if err := b.vault.HashRest(t.Context(), key, NewHash()); !errors.Is(err, ErrNotFound) {
		t.Errorf("catch up: %v", err)
	}
}

// A read with an ETag doesn't return another object.
func TestGetRefusesAnotherETag(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := b.put(t, randomBytes(34, 100))
	info, err := b.vault.Head(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	object, err := b.vault.Get(t.Context(), key, ReadOptions{ETag: info.ETag})
	if err != nil {
		t.Fatal(err)
	}
	object.Body.Close()
	if _, err := b.vault.Get(t.Context(), key, ReadOptions{ETag: `"another"`}); !errors.Is(err, ErrNotFound) {
		t.Errorf("another object: %v", err)
	}
}

// Put replaces a preview. It refuses to replace a file, whose content stays.
func TestPutReplacesPreviewsOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := b.put(t, []byte("sent by somebody"))
	key := NewKey(b.tenant, KindPreview, file.ID())
	for _, content := range []string{"first", "second, and longer"} {
		digest, err := b.vault.Put(t.Context(), key, []byte(content))
		if err != nil || digest != digestOf([]byte(content)) {
			t.Fatalf("%v, %v", digest, err)
		}
		if err := b.vault.Verify(t.Context(), key, int64(len(content)), digest); err != nil {
			t.Error(err)
		}
	}
	if _, err := b.vault.Put(t.Context(), file, []byte("replaced")); !errors.Is(err, ErrExists) {
		t.Errorf("a file was replaced: %v", err)
	}
	if err := b.vault.Verify(t.Context(), file, int64(len("sent by somebody")), digestOf([]byte("sent by somebody"))); err != nil {
		t.Error(err)
	}
	for _, key := range FileKeys(b.tenant, file.ID()) {
		if err := b.vault.Delete(t.Context(), key); err != nil {
			t.Error(err)
		}
	}
	for object := range b.vault.List(t.Context()) {
		t.Errorf("%s is left", object.Key)
	}
}
