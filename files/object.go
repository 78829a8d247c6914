package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Range is a run of bytes. The zero Range is the whole object.
type Range struct {
	Start  int64
	Length int64 // at least 1, or 0 together with Start 0 for the whole
}

func (r Range) whole() bool { return r == Range{} }

// Wanted is what a read expects. The zero Wanted is the whole object, whatever it holds.
type Wanted struct {
	Range  Range
	Size   int64   // of the whole object; compared when the digest is given
	Digest *Digest // of the whole object; checked while it is read, unless only a range is
	ETag   string  // when given, another object under the key is ErrNotFound
}

// Object is an object being read. Close its body.
type Object struct {
	Body io.ReadCloser
	Info ObjectInfo // its Size is that of the whole object
	// Length is the number of bytes Body has.
	Length int64
}

// Get opens an object for reading. The body streams; it ends early only with an error, ErrUnavailable when the
// connection broke. With a digest wanted, the last bytes of a whole read are held back until the digest is right and
// ErrDigest comes in their place otherwise, so that nobody takes a damaged copy for a complete one.
func (v Vault) Get(ctx context.Context, key Key, want Wanted) (*Object, error) {
	const op = "get object"
	if err := v.own(op, key); err != nil {
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
	object, err := opened(op, key, want, out)
	if err != nil {
		out.Body.Close()
		return nil, err
	}
	return object, nil
}

// readError is wrap for reads: a precondition that failed there means that the object wanted is gone.
func readError(op string, err error) error {
	err = wrap(op, err)
	if errors.Is(err, ErrExists) {
		return &Error{op: op, kind: ErrNotFound, cause: "another object has this key"}
	}
	return err
}

// opened compares the answer's lengths with what was asked for before any byte is believed.
func opened(op string, key Key, want Wanted, out *s3.GetObjectOutput) (*Object, error) {
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
	if want.Digest != nil && object.Info.Size != want.Size {
		return nil, &Error{op: op, kind: ErrSize, cause: "the stored object has another size"}
	}
	body := &objectBody{ReadCloser: out.Body, op: op, left: object.Length}
	if want.Digest != nil && want.Range.whole() {
		body.hash, body.want = NewHash(), *want.Digest
		if object.Length == 0 && body.hash.Digest() != body.want {
			return nil, &Error{op: op, kind: ErrDigest}
		}
	}
	object.Body = body
	return object, nil
}

// objectBody counts and optionally hashes what S3 sends, and gives its errors our names.
type objectBody struct {
	io.ReadCloser
	op   string
	left int64
	hash *Hash // nil when nothing is compared
	want Digest
	err  error
}

func (b *objectBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.hash != nil {
		b.hash.Write(p[:n])
	}
	switch {
	case b.left == 0 && b.hash != nil && b.hash.Digest() != b.want:
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

// Head says what is stored under the key.
func (v Vault) Head(ctx context.Context, key Key) (ObjectInfo, error) {
	const op = "head object"
	if err := v.own(op, key); err != nil {
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

// Put stores a small object whole and replaces what was there before. It takes previews only: what people sent is never
// replaced and comes in parts, while a preview can be made again, and is when a job died before it could say so.
func (v Vault) Put(ctx context.Context, key Key, content []byte) (Digest, error) {
	const op = "put object"
	if err := v.own(op, key); err != nil {
		return Digest{}, err
	}
	if key.kind != KindPreview {
		return Digest{}, &Error{op: op, kind: ErrExists, cause: "only a preview may be replaced"}
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

// Delete removes the object. One that is gone already is a success.
func (v Vault) Delete(ctx context.Context, key Key) error {
	const op = "delete object"
	if err := v.own(op, key); err != nil {
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

// List goes through the tenant's objects in the order of their keys. An object that no key names comes as ErrStray, and
// the listing goes on; after any other error it ends.
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
				key, err := v.listed(op, aws.ToString(o.Key))
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

// CatchUp reads what the hash has not seen yet of a completed object, so that afterwards its Digest is that of the whole
// file: nothing when all parts came in order, all of it when they came in no order. After an error the hash is spoilt
// where it stopped; resume it from its state again.
func (v Vault) CatchUp(ctx context.Context, key Key, h *Hash) error {
	const op = "hash object"
	info, err := v.Head(ctx, key)
	if err != nil {
		return err
	}
	switch {
	case h.Seen() == info.Size:
		return nil
	case h.Seen() > info.Size:
		return &Error{op: op, kind: ErrSize, cause: "the hash has seen more than there is"}
	}
	object, err := v.Get(ctx, key, Wanted{
		Range: Range{Start: h.Seen(), Length: info.Size - h.Seen()},
		ETag:  info.ETag,
	})
	if err != nil {
		return err
	}
	defer object.Body.Close()
	_, err = io.Copy(h, object.Body)
	return err
}

// Verify reads the whole object and compares it: ErrSize or ErrDigest when it is not what was stored once. It is what
// the scrub calls.
func (v Vault) Verify(ctx context.Context, key Key, size int64, digest Digest) error {
	object, err := v.Get(ctx, key, Wanted{Size: size, Digest: &digest})
	if err != nil {
		return err
	}
	defer object.Body.Close()
	_, err = io.Copy(io.Discard, object.Body)
	return err
}
