package files

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/google/uuid"
)

// Left is what a tenant has in the bucket.
type Left struct {
	Objects int64 // with all versions of them, and marks that one was deleted
	Uploads int64 // that were not finished
}

// Empty removes everything of the tenant: uploads, and all versions of all objects, whatever their
// names. It returns what it removed. Run it again if it fails.
func (v Vault) Empty(ctx context.Context) (Left, error) {
	return v.sweep(ctx, func(key, version string) error {
		in := &s3.DeleteObjectInput{Bucket: &v.storage.bucket, Key: &key}
		if version != "" {
			in.VersionId = &version
		}
		_, err := v.storage.client.DeleteObject(ctx, in)
		return err
	}, func(key, upload string) error {
		_, err := v.storage.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &v.storage.bucket, Key: &key, UploadId: &upload})
		return err
	})
}

// Count counts what the tenant has in the bucket.
func (v Vault) Count(ctx context.Context) (Left, error) {
	nothing := func(_, _ string) error { return nil }
	return v.sweep(ctx, nothing, nothing)
}

func (v Vault) sweep(ctx context.Context, object, upload func(key, id string) error) (left Left, err error) {
	const op = "empty"
	if v.storage == nil || v.tenant == uuid.Nil {
		return left, &Error{op: op, kind: ErrWrongTenant}
	}
	prefix := aws.String(prefixOf(v.tenant))
	uploads := s3.NewListMultipartUploadsPaginator(v.storage.client, &s3.ListMultipartUploadsInput{Bucket: &v.storage.bucket, Prefix: prefix})
	for uploads.HasMorePages() {
		page, err := uploads.NextPage(ctx)
		if err != nil {
			return left, wrap(op, err)
		}
		for _, u := range page.Uploads {
			if err := upload(aws.ToString(u.Key), aws.ToString(u.UploadId)); err != nil && !errors.Is(wrap(op, err), ErrNotFound) {
				return left, wrap(op, err)
			}
			left.Uploads++
		}
	}
	listed, err := v.sweepVersions(ctx, prefix, object, &left)
	if err != nil {
		return left, fmt.Errorf("versions of objects: %w", wrap(op, err))
	}
	if listed {
		return left, nil
	}
	objects := s3.NewListObjectsV2Paginator(v.storage.client, &s3.ListObjectsV2Input{Bucket: &v.storage.bucket, Prefix: prefix})
	for objects.HasMorePages() {
		page, err := objects.NextPage(ctx)
		if err != nil {
			return left, wrap(op, err)
		}
		for _, o := range page.Contents {
			if err := object(aws.ToString(o.Key), ""); err != nil {
				return left, wrap(op, err)
			}
			left.Objects++
		}
	}
	return left, nil
}

// sweepVersions reports whether the bucket can list versions. One that can't has none.
func (v Vault) sweepVersions(ctx context.Context, prefix *string, object func(key, version string) error, left *Left) (listed bool, err error) {
	pages := s3.NewListObjectVersionsPaginator(v.storage.client, &s3.ListObjectVersionsInput{Bucket: &v.storage.bucket, Prefix: prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		var api smithy.APIError
		if errors.As(err, &api) && (api.ErrorCode() == "NotImplemented" || api.ErrorCode() == "VersioningNotConfigured") {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		for _, o := range page.Versions {
			if err := object(aws.ToString(o.Key), aws.ToString(o.VersionId)); err != nil {
				return true, err
			}
			left.Objects++
		}
		for _, o := range page.DeleteMarkers {
			if err := object(aws.ToString(o.Key), aws.ToString(o.VersionId)); err != nil {
				return true, err
			}
			left.Objects++
		}
	}
	return true, nil
}
