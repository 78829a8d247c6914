package files

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// Files of every edge-case size, uploaded in parts, are read back unchanged.
func TestUploadRoundTrip(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{
		"empty":              0,
		"one byte":           1,
		"one part":           PartSize,
		"one part and a bit": PartSize + 1,
		"three parts":        2*PartSize + 12345,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, content := setup(t), randomBytes(1, size)
			key := b.put(t, content)
			digest := digestOf(content)
			object, err := b.vault.Get(t.Context(), key, ReadOptions{Size: int64(size), Digest: &digest})
			if err != nil {
				t.Fatal(err)
			}
			defer object.Body.Close()
			got, err := io.ReadAll(object.Body)
			if err != nil || !bytes.Equal(got, content) {
				t.Fatalf("read %d bytes of %d, %v", len(got), size, err)
			}
			info, err := b.vault.Head(t.Context(), key)
			if err != nil || info.Size != int64(size) || info.ETag == "" || info.ETag != object.Info.ETag {
				t.Errorf("head: %+v, %v; get: %+v", info, err, object.Info)
			}
		})
	}
}

// A part that differs from its declared size or digest is refused and not stored. The right part is then accepted.
func TestPutPartRefusesWrongContent(t *testing.T) {
	t.Parallel()
	content := randomBytes(2, 300_000)
	flipped := bytes.Clone(content)
	flipped[150_000] ^= 1
	flippedLast := bytes.Clone(content)
	flippedLast[len(content)-1] ^= 1
	severed := errors.New("connection reset by visitor")
	for name, c := range map[string]struct {
		body io.Reader
		size int
		want error
	}{
		"a byte flipped in the middle": {bytes.NewReader(flipped), len(content), ErrDigest},
		"the last byte flipped":        {bytes.NewReader(flippedLast), len(content), ErrDigest},
		"one byte short":               {bytes.NewReader(content[1:]), len(content), ErrSize},
		"one byte long":                {bytes.NewReader(append(bytes.Clone(content), 'x')), len(content), ErrSize},
		"nothing came":                 {strings.NewReader(""), len(content), ErrSize},
		"declared empty, is not":       {bytes.NewReader(content), 0, ErrSize},
		"declared empty, wrong digest": {strings.NewReader(""), 0, ErrDigest},
		"the visitor went away":        {io.MultiReader(bytes.NewReader(content[:1000]), failingReader{severed}), len(content), severed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			key := b.key()
			uploadID := b.begin(t, key)
			body := &struct{ io.Reader }{c.body}
			_, err := b.vault.PutPart(t.Context(), key, uploadID, 1, body, int64(c.size), digestOf(content))
			if !errors.Is(err, c.want) || errors.Is(err, ErrUnavailable) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if parts, err := b.vault.Parts(t.Context(), key, uploadID); err != nil || len(parts) != 0 {
				t.Fatalf("parts kept: %v, %v", parts, err)
			}
			parts := b.putParts(t, key, uploadID, content)
			if _, err := b.vault.Complete(t.Context(), key, uploadID, parts); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// checkedReader never returns the last bytes of a wrong part, so we don't depend on the store's check.
func TestCheckedReaderWithholdsLastBytes(t *testing.T) {
	t.Parallel()
	content := randomBytes(12, 10_000)
	for name, c := range map[string]struct {
		digest Digest
		want   error
	}{
		"right": {digestOf(content), nil},
		"wrong": {digestOf([]byte("another")), ErrDigest},
	} {
		for _, body := range []io.Reader{bytes.NewReader(content), iotest.DataErrReader(bytes.NewReader(content))} {
			checked := newCheckedReader(body, int64(len(content)), c.digest)
			got, err := io.ReadAll(checked)
			if !errors.Is(err, c.want) || (len(got) == len(content)) != (c.want == nil) {
				t.Errorf("%s digest: %d bytes, %v", name, len(got), err)
			}
			if !errors.Is(checked.failure(), c.want) {
				t.Errorf("%s digest: remembers %v", name, checked.failure())
			}
		}
	}
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// Invalid part numbers and sizes are refused before any request.
func TestPutPartRefusesBadNumberOrSize(t *testing.T) {
	t.Parallel()
	b := setup(t)
	unreachable := Vault{storage: closedStorage(t), tenant: b.tenant}
	for name, c := range map[string]struct {
		number int
		size   int64
		want   error
	}{
		"part zero":        {0, 1, ErrPart},
		"part 10,001":      {MaxParts + 1, 1, ErrPart},
		"negative size":    {1, -1, ErrSize},
		"larger than 8 MB": {1, PartSize + 1, ErrSize},
	} {
		_, err := unreachable.PutPart(t.Context(), b.key(), "id", c.number, strings.NewReader(""), c.size, Digest{})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// A file from an HTML form arrives as one stream without digest. It is stored unchanged, and io.EOF ends the loop.
func TestPutPartSpooled(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{
		"empty":             0,
		"small":             1000,
		"exactly two parts": 2 * PartSize,
		"two and a half":    2*PartSize + PartSize/2,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, content := setup(t), randomBytes(3, size)
			key := b.key()
			uploadID := b.begin(t, key)
			hash := NewHash()
			body := io.TeeReader(unseekable(content), hash)
			var parts []Part
			for {
				part, err := b.vault.PutPartSpooled(t.Context(), key, uploadID, len(parts)+1, body)
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				parts = append(parts, part)
				if part.Size < PartSize {
					break
				}
			}
			info, err := b.vault.Complete(t.Context(), key, uploadID, parts)
			if err != nil || info.Size != int64(size) {
				t.Fatal(info, err)
			}
			if err := b.vault.Verify(t.Context(), key, int64(size), hash.Digest()); err != nil {
				t.Fatal(err)
			}
			if hash.Digest() != digestOf(content) {
				t.Error("the running hash is not that of the file")
			}
		})
	}
}

// Parts are sent out of order, and one twice with different content. The later content counts, and S3 lists it.
func TestPartsResendAndResume(t *testing.T) {
	t.Parallel()
	b, content := setup(t), randomBytes(4, 2*PartSize+100)
	key := b.key()
	uploadID := b.begin(t, key)
	chunks := split(content)
	parts := make([]Part, len(chunks))
	wrong := randomBytes(5, PartSize)
	if _, err := b.vault.PutPart(t.Context(), key, uploadID, 2, unseekable(wrong), PartSize, digestOf(wrong)); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{2, 0, 1} {
		part, err := b.vault.PutPart(t.Context(), key, uploadID, i+1, unseekable(chunks[i]), int64(len(chunks[i])), digestOf(chunks[i]))
		if err != nil {
			t.Fatal(err)
		}
		parts[i] = part
	}
	listed, err := b.vault.Parts(t.Context(), key, uploadID)
	if err != nil || len(listed) != len(parts) {
		t.Fatal(listed, err)
	}
	for i := range parts {
		if listed[i] != parts[i] {
			t.Errorf("part %d: S3 has %+v, we have %+v", i+1, listed[i], parts[i])
		}
	}
	if _, err := b.vault.Complete(t.Context(), key, uploadID, listed); err != nil {
		t.Fatal(err)
	}
	if err := b.vault.Verify(t.Context(), key, int64(len(content)), digestOf(content)); err != nil {
		t.Fatal(err)
	}
}

// If the answer to a completion is lost, the client repeats it and gets the same object. With other parts it fails.
func TestCompleteIsIdempotent(t *testing.T) {
	t.Parallel()
	b, content := setup(t), randomBytes(6, PartSize+5)
	key := b.key()
	uploadID := b.begin(t, key)
	parts := b.putParts(t, key, uploadID, content)
	first, err := b.vault.Complete(t.Context(), key, uploadID, parts)
	if err != nil {
		t.Fatal(err)
	}
	second, err := b.vault.Complete(t.Context(), key, uploadID, parts)
	if err != nil || second != first {
		t.Fatalf("second time %+v, %v; first time %+v", second, err, first)
	}
	others := []Part{parts[0], {Number: 2, ETag: parts[1].ETag, Size: 5, Digest: digestOf([]byte("other"))}}
	if _, err := b.vault.Complete(t.Context(), key, uploadID, others); err == nil {
		t.Error("completed with parts that are not in the object")
	}
}

// An object is never overwritten: a second upload to its key can't be completed, and the content stays.
func TestCompleteNeverOverwrites(t *testing.T) {
	t.Parallel()
	b, content := setup(t), randomBytes(7, 1000)
	key := b.put(t, content)
	uploadID := b.begin(t, key)
	parts := b.putParts(t, key, uploadID, randomBytes(8, 1000))
	if _, err := b.vault.Complete(t.Context(), key, uploadID, parts); !errors.Is(err, ErrExists) {
		t.Errorf("got %v, want %v", err, ErrExists)
	}
	if err := b.vault.Verify(t.Context(), key, 1000, digestOf(content)); err != nil {
		t.Error(err)
	}
}

// Complete refuses parts that are not the whole file in order, and the upload of another file.
func TestCompleteRefusesWrongParts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key, other := b.key(), b.key()
	uploadID, otherID := b.begin(t, key), b.begin(t, other)
	parts := b.putParts(t, key, uploadID, randomBytes(9, PartSize+5))
	one, two := parts[0], parts[1]
	small := one
	small.Size = 5
	wrongDigest := two
	wrongDigest.Digest = digestOf([]byte("not it"))
	for name, c := range map[string]struct {
		uploadID string
		parts    []Part
	}{
		"no parts":               {uploadID, nil},
		"a gap":                  {uploadID, []Part{two}},
		"out of order":           {uploadID, []Part{two, one}},
		"a small part in front":  {uploadID, []Part{small, two}},
		"another digest":         {uploadID, []Part{one, wrongDigest}},
		"another file's upload":  {otherID, parts},
		"an upload that is none": {"00000000-0000-0000-0000-000000000000", parts},
	} {
		if _, err := b.vault.Complete(t.Context(), key, c.uploadID, c.parts); err == nil {
			t.Errorf("%s: completed", name)
		} else if errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: blamed on object storage: %v", name, err)
		}
	}
	if _, err := b.vault.Head(t.Context(), key); !errors.Is(err, ErrNotFound) {
		t.Fatalf("an object came to be: %v", err)
	}
	if _, err := b.vault.Complete(t.Context(), key, uploadID, parts); err != nil {
		t.Fatalf("the right completion: %v", err)
	}
}

// Abort removes the upload and its parts and can be repeated. Uploads lists exactly the tenant's open uploads.
func TestAbortAndUploads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	kept, dropped := b.key(), b.key()
	keptID, droppedID := b.begin(t, kept), b.begin(t, dropped)
	b.putParts(t, dropped, droppedID, randomBytes(10, 1000))
	stranger := setup(t)
	stranger.begin(t, stranger.key())
	for range 2 {
		if err := b.vault.Abort(t.Context(), dropped, droppedID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.vault.Parts(t.Context(), dropped, droppedID); !errors.Is(err, ErrNotFound) {
		t.Errorf("parts of an aborted upload: %v", err)
	}
	var open []Upload
	for upload, err := range b.vault.Uploads(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, upload)
	}
	if len(open) != 1 || open[0].Key != kept || open[0].ID != keptID || open[0].Started.IsZero() {
		t.Errorf("open uploads: %+v", open)
	}
}

// A hash continues from its saved state. HashRest reads back the parts that it missed.
func TestHashAcrossRequests(t *testing.T) {
	t.Parallel()
	b, content := setup(t), randomBytes(11, PartSize+4321)
	key := b.put(t, content)
	for name, seen := range map[string]int{
		"nothing":    0,
		"a bit":      77,
		"one part":   PartSize,
		"everything": len(content),
	} {
		h := NewHash()
		h.Write(content[:seen])
		state, err := h.State()
		if err != nil {
			t.Fatal(err)
		}
		h, err = ResumeHash(state)
		if err != nil || h.Offset() != int64(seen) {
			t.Fatal(h, err)
		}
		if err := b.vault.HashRest(t.Context(), key, h); err != nil {
			t.Fatal(name, err)
		}
		if h.Digest() != sha256.Sum256(content) || h.CRC32() != crc32.ChecksumIEEE(content) || h.Offset() != int64(len(content)) {
			t.Errorf("%s seen before: another digest", name)
		}
	}
	tooFar := NewHash()
	tooFar.Write(append(bytes.Clone(content), 'x'))
	if err := b.vault.HashRest(t.Context(), key, tooFar); !errors.Is(err, ErrSize) {
		t.Errorf("hash longer than the file: %v", err)
	}
}

// A truncated or random state is an error, not a panic.
func TestResumeHashRefusesBadState(t *testing.T) {
	t.Parallel()
	if h, err := ResumeHash(nil); err != nil || h.Offset() != 0 {
		t.Errorf("no state: %v", err)
	}
	state, err := NewHash().State()
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n < len(state); n++ {
		if _, err := ResumeHash(state[:n]); err == nil {
			t.Errorf("read a state cut to %d bytes", n)
		}
	}
	junk := make([]byte, len(state))
	rand.NewChaCha8([32]byte{}).Read(junk)
	if _, err := ResumeHash(junk); err == nil {
		t.Error("read noise")
	}
}

// ParseContentDigest accepts RFC 9530's format and refuses similar ones.
func TestParseContentDigest(t *testing.T) {
	t.Parallel()
	want := digestOf([]byte("hello"))
	for _, header := range []string{
		want.ContentDigest(),
		"sha-512=:AAAA:, " + want.ContentDigest(),
		"SHA-256=:" + want.base64() + ":",
	} {
		if got, err := ParseContentDigest(header); err != nil || got != want {
			t.Errorf("%s: %v", header, err)
		}
	}
	for _, header := range []string{
		"", "sha-256", "sha-256=", "sha-256=::", "sha-256=:AAAA:", "sha-256=" + want.base64(),
		"sha-256=:" + want.base64(), "sha-256=:" + want.String() + ":", "sha-512=:AAAA:",
	} {
		if _, err := ParseContentDigest(header); err == nil {
			t.Errorf("read %q", header)
		}
	}
}
