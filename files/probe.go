package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Step is one capability that object storage must have.
type Step string

// The steps of [Storage.Probe].
const (
	StepReach     Step = "reach"     // the bucket exists and accepts our credentials
	StepClock     Step = "clock"     // its clock and ours agree
	StepWrite     Step = "write"     // it stores an object
	StepChecksum  Step = "checksum"  // it refuses content with a wrong checksum
	StepRead      Step = "read"      // it returns the stored content, whole and in ranges
	StepMultipart Step = "multipart" // it joins parts to one object and keeps their checksum
	StepOverwrite Step = "overwrite" // it honours If-None-Match
	StepList      Step = "list"      // it lists the objects below a prefix
	StepStrangers Step = "strangers" // it refuses unsigned requests
	StepDelete    Step = "delete"    // it removes deleted objects
)

// StepError is a step that failed. Its text is safe to print.
type StepError struct {
	Step Step
	err  error
}

func (e StepError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e StepError) Unwrap() error { return e.err }

// maxSkew is the largest accepted difference between clocks. S3 itself refuses requests at 15 minutes.
const maxSkew = time.Minute

// Probe tests every capability that Portico needs, on its own objects below probe/, and removes them. It returns the
// failed steps. If the bucket can't be reached, it stops there.
func (s *Storage) Probe(ctx context.Context) []StepError {
	p := newProbe(s)
	if err := p.reach(ctx); err != nil {
		return []StepError{{StepReach, err}}
	}
	var failed []StepError
	try := func(step Step, do func(context.Context) error) bool {
		err := do(ctx)
		if err != nil {
			failed = append(failed, StepError{step, err})
		}
		return err == nil
	}
	try(StepClock, p.clock)
	if try(StepWrite, p.write) {
		try(StepRead, p.read)
		try(StepStrangers, p.anonymous)
		try(StepOverwrite, p.overwrite)
		try(StepList, p.list)
	}
	try(StepChecksum, p.checksum)
	try(StepMultipart, p.multipart)
	// Remove the probe's objects even if ctx was cancelled.
	ctx = context.WithoutCancel(ctx)
	try(StepDelete, p.remove)
	return failed
}

// probe is one run of Probe. Its keys name an object stored in one call, one stored in parts, and one that storage must
// refuse.
type probe struct {
	s                     *Storage
	content               []byte
	whole, parts, refused string
	skew                  time.Duration
}

func newProbe(s *Storage) *probe {
	return &probe{s: s, content: []byte("portico doctor"), whole: newProbeKey(), parts: newProbeKey(), refused: newProbeKey()}
}

func (p *probe) reach(ctx context.Context) error {
	out, err := p.s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &p.s.bucket})
	if err != nil {
		return wrap("reach bucket", err)
	}
	if there, ok := awsmiddleware.GetServerTime(out.ResultMetadata); ok {
		p.skew = time.Since(there).Abs()
	}
	return nil
}

func (p *probe) clock(context.Context) error {
	if p.skew > maxSkew {
		return fmt.Errorf("its clock and ours differ by %s", p.skew.Round(time.Second))
	}
	return nil
}

func (p *probe) put(ctx context.Context, key string, promised []byte) error {
	sum := Digest(sha256.Sum256(promised))
	_, err := p.s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &p.s.bucket, Key: &key,
		Body: bytes.NewReader(p.content), ContentLength: aws.Int64(int64(len(p.content))),
		ChecksumSHA256: aws.String(sum.base64()),
	})
	if err != nil {
		return wrap("put object", err)
	}
	return nil
}

func (p *probe) write(ctx context.Context) error { return p.put(ctx, p.whole, p.content) }

func (p *probe) checksum(ctx context.Context) error {
	switch err := p.put(ctx, p.refused, []byte("other bytes")); {
	case err == nil:
		return errors.New("it accepted bytes that didn't match their checksum")
	case !errors.Is(err, ErrDigest):
		return err
	}
	return nil
}

func (p *probe) read(ctx context.Context) error {
	for span, want := range map[string]string{"": string(p.content), "bytes=8-13": string(p.content[8:])} {
		in := &s3.GetObjectInput{Bucket: &p.s.bucket, Key: &p.whole}
		if span != "" {
			in.Range = &span
		}
		out, err := p.s.client.GetObject(ctx, in)
		if err != nil {
			return wrap("get object", err)
		}
		got, err := io.ReadAll(io.LimitReader(out.Body, 1<<10))
		out.Body.Close()
		if err != nil {
			return wrap("get object", err)
		}
		if string(got) != want {
			return errors.New("it returned different bytes than were stored")
		}
	}
	return nil
}

func (p *probe) anonymous(ctx context.Context) error {
	o := p.s.client.Options()
	address := strings.TrimRight(aws.ToString(o.BaseEndpoint), "/") + "/" + p.s.bucket + "/" + p.whole
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return errors.New("its address can't be requested")
	}
	response, err := o.HTTPClient.Do(request)
	if err != nil {
		return wrap("get object unsigned", err)
	}
	response.Body.Close()
	if response.StatusCode < http.StatusBadRequest {
		return errors.New("anyone who knows the address of an object can read it without signing in")
	}
	return nil
}

// assemble uploads an object of one part. It fails if the key is in use.
func (p *probe) assemble(ctx context.Context, key string) error {
	begun, err := p.s.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &p.s.bucket, Key: &key,
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumType: types.ChecksumTypeComposite,
	})
	if err != nil {
		return wrap("begin upload", err)
	}
	defer p.s.client.AbortMultipartUpload(context.WithoutCancel(ctx), &s3.AbortMultipartUploadInput{ // does nothing after a completed upload
		Bucket: &p.s.bucket, Key: &key, UploadId: begun.UploadId,
	})
	sum := Digest(sha256.Sum256(p.content))
	part, err := p.s.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &p.s.bucket, Key: &key, UploadId: begun.UploadId, PartNumber: aws.Int32(1),
		Body: bytes.NewReader(p.content), ContentLength: aws.Int64(int64(len(p.content))), ChecksumSHA256: aws.String(sum.base64()),
	})
	if err != nil {
		return wrap("put part", err)
	}
	_, err = p.s.completeClient.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &p.s.bucket, Key: &key, UploadId: begun.UploadId, IfNoneMatch: aws.String("*"), ChecksumType: types.ChecksumTypeComposite,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{
			{PartNumber: aws.Int32(1), ETag: part.ETag, ChecksumSHA256: aws.String(sum.base64())},
		}},
	})
	if err != nil {
		return wrap("complete upload", err)
	}
	return nil
}

func (p *probe) multipart(ctx context.Context) error {
	if err := p.assemble(ctx, p.parts); err != nil {
		return err
	}
	out, err := p.s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &p.s.bucket, Key: &p.parts, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		return wrap("head object", err)
	}
	sum := sha256.Sum256(p.content)
	all := sha256.Sum256(sum[:])
	if aws.ToString(out.ChecksumSHA256) != base64.StdEncoding.EncodeToString(all[:])+"-1" {
		return fmt.Errorf("%w: it doesn't keep SHA-256 checksums of the parts of an object", ErrRefused)
	}
	return nil
}

func (p *probe) overwrite(ctx context.Context) error {
	switch err := p.assemble(ctx, p.whole); {
	case err == nil:
		return errors.New("it replaced an object although If-None-Match forbade it")
	case !errors.Is(err, ErrExists):
		return err
	}
	return nil
}

func (p *probe) list(ctx context.Context) error {
	out, err := p.s.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &p.s.bucket, Prefix: &p.whole})
	if err != nil {
		return wrap("list objects", err)
	}
	if len(out.Contents) != 1 {
		return errors.New("it doesn't list an object that exists")
	}
	if _, err := p.s.client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &p.s.bucket, Prefix: &p.whole}); err != nil {
		return wrap("list uploads", err)
	}
	return nil
}

func (p *probe) remove(ctx context.Context) error {
	for _, key := range []string{p.whole, p.parts, p.refused} {
		_, err := p.s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &p.s.bucket, Key: &key})
		if err == nil {
			_, err = p.s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &p.s.bucket, Key: &key})
			if err == nil {
				return errors.New("an object is still there after it was deleted")
			}
		}
		if err = wrap("delete object", err); !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}
