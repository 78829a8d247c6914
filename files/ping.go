package files

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// How long the result of a trial upload is kept. A store rarely loses a feature or a right, and operators who fix one
// look at once.
const (
	trialGood = time.Minute
	trialBad  = 5 * time.Second
)

// trial is the last trial upload and its result.
type trial struct {
	mu   sync.Mutex
	next time.Time
	err  error
}

// Ping checks that the bucket answers, for /readyz, and that it does what an upload needs: a store that lacks checksums, or
// a key without the right to write, answers and can't serve. It times out after two seconds.
func (s *Storage) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeouts.ping)
	defer cancel()
	_, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.bucket})
	if err != nil {
		return wrap("ping", err)
	}
	return s.tryUpload(ctx)
}

// tryUpload stores a small object as the product stores files, and removes it, unless it did so just now.
func (s *Storage) tryUpload(ctx context.Context) error {
	s.trial.mu.Lock()
	defer s.trial.mu.Unlock()
	if time.Now().Before(s.trial.next) {
		return s.trial.err
	}
	p := newProbe(s)
	err := p.multipart(ctx)
	if errors.Is(err, ErrUnavailable) {
		return err // it fell silent, which the next ping tells
	}
	s.trial.err, s.trial.next = err, time.Now().Add(trialGood)
	if err != nil {
		s.trial.next = time.Now().Add(trialBad)
	}
	// What can't be removed stays below probe/, outside all tenants.
	cleanUp, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeouts.ping)
	defer cancel()
	_, _ = s.client.DeleteObject(cleanUp, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &p.parts})
	return err
}
