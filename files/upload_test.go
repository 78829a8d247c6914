package files

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// Somebody uploads files of all awkward sizes in parts and gets the same bytes back.
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
			b, content := setup(t), noise(1, size)
			key := b.put(t, content)
			digest := digestOf(content)
			object, err := b.vault.Get(t.Context(), key, Wanted{Size: int64(size), Digest: &digest})
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

// A part that is not what its sender promised is refused, nothing of it is kept, and the right part is then taken.
func TestPutPartBrokenPromise(t *testing.T) {
	t.Parallel()
	content := noise(2, 300_000)
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
		"the visitor went away":        {io.MultiReader(bytes.NewReader(content[:1000]), failing{severed}), len(content), severed},
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

// Our own check does not wait for the store's: the last bytes of a wrong part are never sent, however it is read.
func TestCheckedReaderWithholdsTheEnd(t *testing.T) {
	t.Parallel()
	content := noise(12, 10_000)
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

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Part numbers and sizes outside the protocol are refused before any call.
func TestPutPartOutsideProtocol(t *testing.T) {
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

// A plain form's file comes as one stream without digest; it ends up the same, and the loop ends by itself.
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
			b, content := setup(t), noise(3, size)
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

// A part is sent twice and out of order, with other bytes the first time; the last one counts, and S3 lists it.
func TestPartsResendAndResume(t *testing.T) {
	t.Parallel()
	b, content := setup(t), noise(4, 2*PartSize+100)
	key := b.key()
	uploadID := b.begin(t, key)
	chunks := split(content)
	parts := make([]Part, len(chunks))
	wrong := noise(5, PartSize)
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

// The answer to a completion got lost, so the client asks again: the same object, no error. With other parts the object
// that is there is not passed off as theirs.
func TestCompleteTwice(t *testing.T) {
	t.Parallel()
	b, content := setup(t), noise(6, PartSize+5)
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

// An object is never overwritten: a second upload to its key cannot be completed, and the first bytes stay.
func TestCompleteNeverOverwrites(t *testing.T) {
	t.Parallel()
	b, content := setup(t), noise(7, 1000)
	key := b.put(t, content)
	uploadID := b.begin(t, key)
	parts := b.putParts(t, key, uploadID, noise(8, 1000))
	if _, err := b.vault.Complete(t.Context(), key, uploadID, parts); !errors.Is(err, ErrExists) {
		t.Errorf("got %v, want %v", err, ErrExists)
	}
	if err := b.vault.Verify(t.Context(), key, 1000, digestOf(content)); err != nil {
		t.Error(err)
	}
}

// Completions that do not name the whole file in order, or an upload of another file, are refused.
func TestCompleteRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key, other := b.key(), b.key()
	uploadID, otherID := b.begin(t, key), b.begin(t, other)
	parts := b.putParts(t, key, uploadID, noise(9, PartSize+5))
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
			t.Errorf("%s: blamed on the neighbour: %v", name, err)
		}
	}
	if _, err := b.vault.Head(t.Context(), key); !errors.Is(err, ErrNotFound) {
		t.Fatalf("an object came to be: %v", err)
	}
	if _, err := b.vault.Complete(t.Context(), key, uploadID, parts); err != nil {
		t.Fatalf("the right completion: %v", err)
	}
}

// Aborting leaves nothing over, works twice, and the sweep finds exactly the uploads that are open.
func TestAbortAndUploads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	kept, dropped := b.key(), b.key()
	keptID, droppedID := b.begin(t, kept), b.begin(t, dropped)
	b.putParts(t, dropped, droppedID, noise(10, 1000))
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
	if len(open) != 1 || open[0].Key != kept || open[0].ID != keptID || open[0].Begun.IsZero() {
		t.Errorf("open uploads: %+v", open)
	}
}

// The running hash survives its state being kept between requests; parts it has not seen are read back.
func TestHashAcrossRequests(t *testing.T) {
	t.Parallel()
	b, content := setup(t), noise(11, PartSize+4321)
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
		if err != nil || h.Seen() != int64(seen) {
			t.Fatal(h, err)
		}
		if err := b.vault.CatchUp(t.Context(), key, h); err != nil {
			t.Fatal(name, err)
		}
		if h.Digest() != sha256.Sum256(content) || h.Seen() != int64(len(content)) {
			t.Errorf("%s seen before: another digest", name)
		}
	}
	tooFar := NewHash()
	tooFar.Write(append(bytes.Clone(content), 'x'))
	if err := b.vault.CatchUp(t.Context(), key, tooFar); !errors.Is(err, ErrSize) {
		t.Errorf("hash longer than the file: %v", err)
	}
}

// States that were cut, altered in their frame, or are noise are an error and never a panic.
func TestResumeHashUnreadable(t *testing.T) {
	t.Parallel()
	if h, err := ResumeHash(nil); err != nil || h.Seen() != 0 {
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

// Content-Digest is read as RFC 9530 writes it, and nothing near it is taken for it.
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
