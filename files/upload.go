package files

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	// PartSize is the size of a part in bytes. Only the last part may be smaller.
	PartSize = 8 << 20
	// MaxParts is S3's limit on the parts of an upload.
	MaxParts = 10_000
	// MaxSize is the size of the largest file in bytes, about 84 GB.
	MaxSize = PartSize * MaxParts
)

// Part is one part that S3 has stored and checked. Complete needs all its fields.
type Part struct {
	Number int // from 1
	ETag   string
	Size   int64
	Digest Digest
}

// ObjectInfo is the metadata of an object.
type ObjectInfo struct {
	Key      Key
	Size     int64
	ETag     string
	Modified time.Time
}

// Begin starts an upload. It occupies space until it is completed or aborted.
func (v Vault) Begin(ctx context.Context, key Key) (uploadID string, err error) {
	const op = "begin upload"
	if err := v.checkTenant(op, key); err != nil {
		return "", err
	}
	out, err := v.storage.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket:            &v.storage.bucket,
		Key:               aws.String(key.String()),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
		ChecksumType:      types.ChecksumTypeComposite,
		// Nobody reads this type: downloads go through the application, which detects the type itself.
		ContentType: aws.String("application/octet-stream"),
	})
	if err != nil {
		return "", wrap(op, err)
	}
	return aws.ToString(out.UploadId), nil
}

// Complete joins the parts to one object. The parts must be numbered from 1 without gaps, and all except the last must
// have PartSize bytes. It then compares the size and checksum of the stored object with the parts.
//
// Complete is idempotent: if an earlier call completed the upload and its answer was lost, it compares the existing
// object and succeeds.
func (v Vault) Complete(ctx context.Context, key Key, uploadID string, parts []Part) (ObjectInfo, error) {
	const op = "complete upload"
	if err := v.checkTenant(op, key); err != nil {
		return ObjectInfo{}, err
	}
	if err := checkParts(parts); err != nil {
		return ObjectInfo{}, &Error{op: op, kind: err}
	}
	_, err := v.storage.completeClient.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket:          &v.storage.bucket,
		Key:             aws.String(key.String()),
		UploadId:        &uploadID,
		ChecksumType:    types.ChecksumTypeComposite,
		IfNoneMatch:     aws.String("*"),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: completedParts(parts)},
	})
	if err != nil {
		err = wrap(op, err)
		if !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrExists) {
			return ObjectInfo{}, err
		}
	}
	info, found := v.checkObject(ctx, op, key, parts)
	if err != nil && found != nil && !errors.Is(found, ErrUnavailable) {
		return ObjectInfo{}, err
	}
	return info, found
}

// checkParts refuses gaps in the numbers and wrong sizes of parts.
func checkParts(parts []Part) error {
	if len(parts) == 0 || len(parts) > MaxParts {
		return ErrPart
	}
	for i, p := range parts {
		last := i == len(parts)-1
		switch {
		case p.Number != i+1:
			return ErrPart
		case !last && p.Size != PartSize:
			return ErrSize
		case last && (p.Size > PartSize || p.Size < 1) && !(i == 0 && p.Size == 0):
			return ErrSize
		}
	}
	return nil
}

func completedParts(parts []Part) []types.CompletedPart {
	completed := make([]types.CompletedPart, len(parts))
	for i, p := range parts {
		completed[i] = types.CompletedPart{
			PartNumber:     aws.Int32(int32(p.Number)),
			ETag:           aws.String(p.ETag),
			ChecksumSHA256: aws.String(p.Digest.base64()),
		}
	}
	return completed
}

// checkObject compares the size and checksum of the stored object with those of its parts.
func (v Vault) checkObject(ctx context.Context, op string, key Key, parts []Part) (ObjectInfo, error) {
	out, err := v.head(ctx, key)
	if err != nil {
		return ObjectInfo{}, wrap(op, err)
	}
	var size int64
	sums := sha256.New()
	for _, p := range parts {
		size += p.Size
		sums.Write(p.Digest[:])
	}
	want := fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(sums.Sum(nil)), len(parts))
	switch {
	case aws.ToInt64(out.ContentLength) != size:
		return ObjectInfo{}, &Error{op: op, kind: ErrSize, cause: "the stored object has another size"}
	case aws.ToString(out.ChecksumSHA256) != want:
		return ObjectInfo{}, &Error{op: op, kind: ErrDigest, cause: "the stored object has another checksum"}
	}
	return infoOf(key, out), nil
}

// Abort removes an upload and its parts. It succeeds if the upload doesn't exist.
func (v Vault) Abort(ctx context.Context, key Key, uploadID string) error {
	const op = "abort upload"
	if err := v.checkTenant(op, key); err != nil {
		return err
	}
	_, err := v.storage.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
		Bucket:   &v.storage.bucket,
		Key:      aws.String(key.String()),
		UploadId: &uploadID,
	})
	if err != nil {
		if err = wrap(op, err); errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	}
	return nil
}

// Parts lists the stored parts of an upload in order of number. A client that resumes need not send them again.
func (v Vault) Parts(ctx context.Context, key Key, uploadID string) ([]Part, error) {
	const op = "list parts"
	if err := v.checkTenant(op, key); err != nil {
		return nil, err
	}
	var parts []Part
	pages := s3.NewListPartsPaginator(v.storage.client, &s3.ListPartsInput{
		Bucket:   &v.storage.bucket,
		Key:      aws.String(key.String()),
		UploadId: &uploadID,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap(op, err)
		}
		for _, p := range page.Parts {
			part := Part{
				Number: int(aws.ToInt32(p.PartNumber)),
				ETag:   aws.ToString(p.ETag),
				Size:   aws.ToInt64(p.Size),
			}
			sum, err := base64.StdEncoding.DecodeString(aws.ToString(p.ChecksumSHA256))
			if err != nil || len(sum) != len(part.Digest) {
				return nil, &Error{op: op, kind: ErrDigest, cause: "a part has no SHA-256"}
			}
			part.Digest = Digest(sum)
			parts = append(parts, part)
		}
	}
	return parts, nil
}

// Upload is an upload that was neither completed nor aborted.
type Upload struct {
	Key     Key
	ID      string
	Started time.Time
}

// Uploads iterates over the tenant's open uploads, for the reconciler that removes abandoned ones.
func (v Vault) Uploads(ctx context.Context) iter.Seq2[Upload, error] {
	const op = "list uploads"
	return func(yield func(Upload, error) bool) {
		pages := s3.NewListMultipartUploadsPaginator(v.storage.client, &s3.ListMultipartUploadsInput{
			Bucket: &v.storage.bucket,
			Prefix: aws.String(prefixOf(v.tenant)),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(Upload{}, wrap(op, err))
				return
			}
			for _, u := range page.Uploads {
				key, err := v.parseListedKey(op, aws.ToString(u.Key))
				upload := Upload{Key: key, ID: aws.ToString(u.UploadId), Started: aws.ToTime(u.Initiated)}
				if !yield(upload, err) {
					return
				}
			}
		}
	}
}

// parseListedKey parses a key that S3 listed and refuses the key of another tenant.
func (v Vault) parseListedKey(op, name string) (Key, error) {
	key, err := ParseKey(name)
	if err != nil {
		return Key{}, &Error{op: op, kind: ErrMalformedKey}
	}
	if err := v.checkTenant(op, key); err != nil {
		return Key{}, err
	}
	return key, nil
}
