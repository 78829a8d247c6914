//go:build long

package files

import (
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"testing"
)

// Uploading and downloading a gigabyte, streamed and spooled, needs only a few buffers of memory. The test is not
// parallel, because memory is measured for the whole process.
func TestLargeFileFlatMemory(t *testing.T) {
	const size = 1 << 30
	const allowed = 32 << 20
	b := setup(t)
	for name, put := range map[string]func(Key, string, int, io.Reader, Digest) (Part, error){
		"streamed": func(key Key, id string, n int, body io.Reader, digest Digest) (Part, error) {
			return b.vault.PutPart(t.Context(), key, id, n, body, PartSize, digest)
		},
		"spooled": func(key Key, id string, n int, body io.Reader, _ Digest) (Part, error) {
			return b.vault.PutPartSpooled(t.Context(), key, id, n, body)
		},
	} {
		debug.FreeOSMemory()
		before, most := heap(), uint64(0)
		key := b.key()
		uploadID := b.begin(t, key)
		whole := NewHash()
		var parts []Part
		for n := 1; n <= size/PartSize; n++ {
			sum := sha256.New()
			_, _ = io.Copy(sum, randomPart(n))
			part, err := put(key, uploadID, n, io.TeeReader(randomPart(n), whole), Digest(sum.Sum(nil)))
			if err != nil {
				t.Fatal(name, err)
			}
			parts = append(parts, part)
			most = max(most, heap())
		}
		if _, err := b.vault.Complete(t.Context(), key, uploadID, parts); err != nil {
			t.Fatal(name, err)
		}
		if err := b.vault.Verify(t.Context(), key, size, whole.Digest()); err != nil {
			t.Fatal(name, err)
		}
		most = max(most, heap())
		if most > before+allowed {
			t.Errorf("%s: memory grew by %d kB", name, (most-before)>>10)
		}
		t.Logf("%s: %d kB before, %d kB at most", name, before>>10, most>>10)
		if err := b.vault.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
}

// randomPart reads PartSize bytes that are generated on the fly. It can't seek.
func randomPart(n int) io.Reader {
	return io.LimitReader(&struct{ io.Reader }{rand.NewChaCha8([32]byte{byte(n), byte(n >> 8)})}, PartSize)
}

// heap is the memory in use, including garbage that is not collected yet.
func heap() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapInuse
}
