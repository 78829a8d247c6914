package files

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// PutPart streams one part of known size and digest to S3 without buffering it. It counts and hashes the body on the way
// and sends the last bytes only if both match, so S3 never receives a complete wrong part. S3 checks the same digest,
// which is in the signed request.
//
// Wrong content is ErrDigest or ErrSize. An error of the body itself, such as a deadline or a http.MaxBytesError, can
// be found with errors.As. PutPart never retries, because it can't read the body twice. The client must send the part
// again.
func (v Vault) PutPart(
	ctx context.Context, key Key, uploadID string, number int, body io.Reader, size int64, digest Digest,
) (Part, error) {
	const op = "put part"
	if err := v.checkTenant(op, key); err != nil {
		return Part{}, err
	}
	if number < 1 || number > MaxParts {
		return Part{}, &Error{op: op, kind: ErrPart}
	}
	if size < 0 || size > PartSize {
		return Part{}, &Error{op: op, kind: ErrSize}
	}
	checked := newCheckedReader(body, size, digest)
	defer checked.stop()
	if size == 0 { // the transport doesn't read a body of length 0, so verify it here
		if err := checked.verify(); err != nil {
			return Part{}, bodyError(op, err)
		}
	}
	part := Part{Number: number, Size: size, Digest: digest}
	return v.send(ctx, op, key, uploadID, part, checked, checked.failure, func(o *s3.Options) {
		o.Retryer = aws.NopRetryer{}
	})
}

// PutPartSpooled stores a part whose size and digest are unknown: up to PartSize bytes of a file from an HTML form. It
// spools them to an unlinked temporary file, so memory use stays constant and no file is left over. A part smaller than
// PartSize is the last one. If the body is already at its end, it stores nothing and returns io.EOF, except for part 1:
// an empty file has one empty part.
func (v Vault) PutPartSpooled(
	ctx context.Context, key Key, uploadID string, number int, body io.Reader,
) (Part, error) {
	const op = "put spooled part"
	if err := v.checkTenant(op, key); err != nil {
		return Part{}, err
	}
	if number < 1 || number > MaxParts {
		return Part{}, &Error{op: op, kind: ErrPart}
	}
	spool, part, err := spoolPart(body)
	if err != nil {
		return Part{}, &Error{op: op, cause: "spool", inner: err}
	}
	defer spool.Close()
	if part.Size == 0 && number > 1 {
		return Part{}, io.EOF
	}
	part.Number = number
	return v.send(ctx, op, key, uploadID, part, spool, func() error { return nil })
}

// send uploads a part of known size and digest. It doesn't sign the payload, because that would require reading it all
// first. The signed checksum header protects the payload equally well.
func (v Vault) send(
	ctx context.Context, op string, key Key, uploadID string, part Part, body io.Reader,
	failure func() error, options ...func(*s3.Options),
) (Part, error) {
	if part.Size == 0 {
		body = nil
	}
	options = append(options, s3.WithAPIOptions(v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware))
	out, err := v.storage.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket:         &v.storage.bucket,
		Key:            aws.String(key.String()),
		UploadId:       &uploadID,
		PartNumber:     aws.Int32(int32(part.Number)),
		Body:           body,
		ContentLength:  &part.Size,
		ChecksumSHA256: aws.String(part.Digest.base64()),
	}, options...)
	if bodyErr := failure(); bodyErr != nil {
		return Part{}, bodyError(op, bodyErr)
	}
	if err != nil {
		return Part{}, wrap(op, err)
	}
	part.ETag = aws.ToString(out.ETag)
	return part, nil
}

func bodyError(op string, err error) error {
	for _, kind := range []error{ErrDigest, ErrSize} {
		if errors.Is(err, kind) {
			return &Error{op: op, kind: kind, inner: err}
		}
	}
	return &Error{op: op, cause: "reading the body failed", inner: err}
}

// spoolPart copies up to PartSize bytes into an unlinked temporary file and rewinds it.
func spoolPart(body io.Reader) (*os.File, Part, error) {
	spool, err := os.CreateTemp("", "portico-part-*")
	if err != nil {
		return nil, Part{}, fmt.Errorf("create: %w", err)
	}
	if err := os.Remove(spool.Name()); err != nil {
		spool.Close()
		return nil, Part{}, fmt.Errorf("unlink: %w", err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(spool, sum), io.LimitReader(body, PartSize))
	if err == nil {
		_, err = spool.Seek(0, io.SeekStart)
	}
	if err != nil {
		spool.Close()
		return nil, Part{}, err
	}
	return spool, Part{Size: n, Digest: Digest(sum.Sum(nil))}, nil
}

// checkedReader reads a body of declared size and digest. If either is wrong, it returns an error instead of the last
// bytes.
type checkedReader struct {
	body    io.Reader
	left    int64
	want    Digest
	sum     hash.Hash
	failed  atomic.Pointer[error]
	stopped atomic.Bool
}

func newCheckedReader(body io.Reader, size int64, want Digest) *checkedReader {
	return &checkedReader{body: body, left: size, want: want, sum: sha256.New()}
}

var errStopped = errors.New("read after the call has ended")

// Read is called by the transport's goroutine, which may outlive PutPart.
func (c *checkedReader) Read(p []byte) (int, error) {
	if c.stopped.Load() {
		return 0, errStopped
	}
	if c.left == 0 {
		return 0, io.EOF
	}
	n, err := c.body.Read(p[:min(int64(len(p)), c.left)])
	c.sum.Write(p[:n])
	c.left -= int64(n)
	switch {
	case c.left == 0:
		err = c.verify()
	case err == io.EOF:
		err = fmt.Errorf("%w: %d bytes short", ErrSize, c.left)
	}
	if err != nil {
		c.failed.Store(&err)
		return 0, err
	}
	return n, nil
}

// verify runs after the declared number of bytes: the body must end there and have the declared digest.
func (c *checkedReader) verify() error {
	var extra [1]byte
	switch _, err := io.ReadFull(c.body, extra[:]); err {
	case io.EOF:
	case nil:
		return fmt.Errorf("%w: more than promised", ErrSize)
	default:
		return err
	}
	if Digest(c.sum.Sum(nil)) != c.want {
		return ErrDigest
	}
	return nil
}

// failure returns the body's error, or nil if the bytes read so far are as declared.
func (c *checkedReader) failure() error {
	if err := c.failed.Load(); err != nil {
		return *err
	}
	return nil
}

func (c *checkedReader) stop() { c.stopped.Store(true) }
