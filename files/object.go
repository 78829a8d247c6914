package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Range is a range of bytes. The zero Range is the whole object.
type Range struct {
	Start  int64
	Length int64 // at least 1; 0 with Start 0 means the whole object
}

func (r Range) whole() bool { return r == Range{} }

// ReadOptions says what to read and what to verify. The zero value reads the whole object and verifies nothing.
type ReadOptions struct {
	Range  Range
	Size   int64   // of the whole object; checked only if Digest or CRC32 is set
	Digest *Digest // of the whole object; checked unless only a range is read
	CRC32  *uint32 // checked in place of Digest: it finds damage, and costs a tenth
	ETag   string  // if set, an object with another ETag is ErrNotFound
}

// Object is an object being read. The caller must close its body.
type Object struct {
	Body io.ReadCloser
	Info ObjectInfo // Info.Size is the size of the whole object
	// Length is the number of bytes in Body.
	Length int64
}

// Get opens an object for reading. The body streams. It ends early only with an error: ErrUnavailable if the connection
// broke. If a checksum is given for a whole read, Read returns the last bytes only after it matched and ErrDigest
// otherwise, so a reader can't mistake a damaged copy for a complete one.
func (v Vault) Get(ctx context.Context, key Key, want ReadOptions) (*Object, error) {
	const op = "get object"
	if err := v.checkTenant(op, key); err != nil {
		return nil, err
	}
	in := &s3.GetObjectInput{Bucket: &v.storage.bucket, Key: aws.String(key.String())}
	if want.ETag != "" {
		in.IfMatch = &want.ETag
	}
	if want.Range.whole() {
		in.ChecksumMode = types.ChecksumModeEnabled
	} else {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-%d", want.Range.Start, want.Range.Start+want.Range.Length-1))
	}
	out, err := v.storage.client.GetObject(ctx, in)
	if err != nil {
		return nil, readError(op, err)
	}
	object, err := newObject(op, key, want, out)
	if err != nil {
		out.Body.Close()
		return nil, err
	}
	return object, nil
}

// readError is wrap for reads: a failed precondition means that the expected object no longer exists.
func readError(op string, err error) error {
	err = wrap(op, err)
	if errors.Is(err, ErrExists) {
		return &Error{op: op, kind: ErrNotFound, cause: "another object has this key"}
	}
	return err
}

// newObject checks the size and range of the answer before any byte is used.
func newObject(op string, key Key, want ReadOptions, out *s3.GetObjectOutput) (*Object, error) {
	object := &Object{
		Length: aws.ToInt64(out.ContentLength),
		Info: ObjectInfo{
			Key:      key,
			Size:     aws.ToInt64(out.ContentLength),
			ETag:     aws.ToString(out.ETag),
			Modified: aws.ToTime(out.LastModified),
		},
	}
	if !want.Range.whole() {
		var first, last int64
		_, err := fmt.Sscanf(aws.ToString(out.ContentRange), "bytes %d-%d/%d", &first, &last, &object.Info.Size)
		if err != nil || first != want.Range.Start || last-first+1 != object.Length ||
			object.Length != want.Range.Length {
			return nil, &Error{op: op, kind: ErrSize, cause: "the answer has another range"}
		}
	}
	if (want.Digest != nil || want.CRC32 != nil) && object.Info.Size != want.Size {
		return nil, &Error{op: op, kind: ErrSize, cause: "the stored object has another size"}
	}
	body := &objectBody{ReadCloser: out.Body, op: op, left: object.Length}
	if want.Range.whole() || want.Range == (Range{Length: want.Size}) {
		body.sum, body.want = want.checksum()
		if object.Length == 0 && body.damaged() {
			return nil, &Error{op: op, kind: ErrDigest}
		}
	}
	object.Body = body
	return object, nil
}

// checksum is how the whole object is checked, and the sum that it must have; nil for not at all.
func (want ReadOptions) checksum() (hash.Hash, []byte) {
	switch {
	case want.CRC32 != nil:
		return crc32.NewIEEE(), binary.BigEndian.AppendUint32(nil, *want.CRC32)
	case want.Digest != nil:
		return sha256.New(), want.Digest[:]
	}
	return nil, nil
}

// objectBody counts the bytes that S3 sends, sums them up if a checksum is expected, and converts errors.
type objectBody struct {
	io.ReadCloser
	op   string
	left int64
	sum  hash.Hash // nil when nothing is compared
	want []byte
	err  error
}

// damaged reports whether the bytes so far are not those of the whole object.
func (b *objectBody) damaged() bool { return b.sum != nil && !bytes.Equal(b.sum.Sum(nil), b.want) }

func (b *objectBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.sum != nil {
		b.sum.Write(p[:n])
	}
	switch {
	case b.left == 0 && b.damaged():
		b.err = &Error{op: b.op, kind: ErrDigest}
		return 0, b.err
	case err == io.EOF && b.left == 0:
		b.err = io.EOF
	case err == io.EOF || b.left < 0:
		b.err = &Error{op: b.op, kind: ErrUnavailable, cause: "the answer broke off"}
	case err != nil:
		b.err = wrap(b.op, err)
	}
	return n, b.err
}

// Head returns size, ETag and date of the object.
func (v Vault) Head(ctx context.Context, key Key) (ObjectInfo, error) {
	const op = "head object"
	if err := v.checkTenant(op, key); err != nil {
		return ObjectInfo{}, err
	}
	out, err := v.head(ctx, key)
	if err != nil {
		return ObjectInfo{}, wrap(op, err)
	}
	return infoOf(key, out), nil
}

func (v Vault) head(ctx context.Context, key Key) (*s3.HeadObjectOutput, error) {
	return v.storage.client.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket:       &v.storage.bucket,
		Key:          aws.String(key.String()),
		ChecksumMode: types.ChecksumModeEnabled,
	})
}

func infoOf(key Key, out *s3.HeadObjectOutput) ObjectInfo {
	return ObjectInfo{
		Key:      key,
		Size:     aws.ToInt64(out.ContentLength),
		ETag:     aws.ToString(out.ETag),
		Modified: aws.ToTime(out.LastModified),
	}
}

// Put stores a small object in one call and replaces an earlier one. It accepts only what jobs make: previews,
// renditions and checkpoints. Uploaded files arrive in parts and are never replaced, but a preview is made again if a job failed before it
// recorded the first one.
func (v Vault) Put(ctx context.Context, key Key, content []byte) (Digest, error) {
	const op = "put object"
	if err := v.checkTenant(op, key); err != nil {
		return Digest{}, err
	}
	if key.kind != KindPreview && key.kind != KindRendition && key.kind != KindCheckpoint {
		return Digest{}, &Error{op: op, kind: ErrExists, cause: "only what jobs make may be replaced"}
	}
	digest := Digest(sha256.Sum256(content))
	_, err := v.storage.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket:         &v.storage.bucket,
		Key:            aws.String(key.String()),
		Body:           bytes.NewReader(content),
		ContentLength:  aws.Int64(int64(len(content))),
		ContentType:    aws.String("application/octet-stream"), // as for any upload, see Begin
		ChecksumSHA256: aws.String(digest.base64()),
	})
	if err != nil {
		return Digest{}, wrap(op, err)
	}
	return digest, nil
}

// Delete removes the object. It succeeds if the object doesn't exist.
func (v Vault) Delete(ctx context.Context, key Key) error {
	const op = "delete object"
	if err := v.checkTenant(op, key); err != nil {
		return err
	}
	_, err := v.storage.client.DeleteObject(ctx, &s3.DeleteObjectInput{
		Bucket: &v.storage.bucket,
		Key:    aws.String(key.String()),
	})
	if err != nil {
		if err = wrap(op, err); errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	}
	return nil
}

// List iterates over the tenant's objects in key order. It yields ErrMalformedKey for an object whose name is not a valid
// key and continues. After any other error it stops.
func (v Vault) List(ctx context.Context) iter.Seq2[ObjectInfo, error] {
	return v.list(ctx, prefixOf(v.tenant))
}

// ListKind is List for the objects of one kind, in the order of their ids.
func (v Vault) ListKind(ctx context.Context, kind Kind) iter.Seq2[ObjectInfo, error] {
	return v.list(ctx, prefixOf(v.tenant)+kind.name+"/")
}

func (v Vault) list(ctx context.Context, prefix string) iter.Seq2[ObjectInfo, error] {
	const op = "list objects"
	return func(yield func(ObjectInfo, error) bool) {
		pages := s3.NewListObjectsV2Paginator(v.storage.client, &s3.ListObjectsV2Input{
			Bucket: &v.storage.bucket,
			Prefix: aws.String(prefix),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(ObjectInfo{}, wrap(op, err))
				return
			}
			for _, o := range page.Contents {
				key, err := v.parseListedKey(op, aws.ToString(o.Key))
				info := ObjectInfo{
					Key:      key,
					Size:     aws.ToInt64(o.Size),
					ETag:     aws.ToString(o.ETag),
					Modified: aws.ToTime(o.LastModified),
				}
				if !yield(info, err) {
					return
				}
			}
		}
	}
}

// HashRest reads the rest of a completed object into the hash, so its Digest becomes that of the whole file. It reads
// nothing if all parts arrived in order, and everything if the first part arrived late. After an error the hash is
// unusable: resume it from its saved state.
func (v Vault) HashRest(ctx context.Context, key Key, h *Hash) error {
	const op = "hash object"
	info, err := v.Head(ctx, key)
	if err != nil {
		return err
	}
	switch {
	case h.Offset() == info.Size:
		return nil
	case h.Offset() > info.Size:
		return &Error{op: op, kind: ErrSize, cause: "the hash has seen more than there is"}
	}
	object, err := v.Get(ctx, key, ReadOptions{
		Range: Range{Start: h.Offset(), Length: info.Size - h.Offset()},
		ETag:  info.ETag,
	})
	if err != nil {
		return err
	}
	defer object.Body.Close()
	_, err = io.Copy(h, object.Body)
	return err
}

// Verify reads the whole object. It returns ErrSize or ErrDigest if the object differs from what was stored. Only tests
// call it: no job rereads stored files yet.
func (v Vault) Verify(ctx context.Context, key Key, size int64, digest Digest) error {
	object, err := v.Get(ctx, key, ReadOptions{Size: size, Digest: &digest})
	if err != nil {
		return err
	}
	defer object.Body.Close()
	_, err = io.Copy(io.Discard, object.Body)
	return err
}
