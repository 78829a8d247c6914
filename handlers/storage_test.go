package handlers_test

import (
	"context"
	"sync"
	"testing"

	"portico/e2e/stack"
	"portico/files"
)

// started is the object storage of all tests. The first test that needs it starts it.
var started *stack.S3

var gateway = sync.OnceValues(func() (_ *stack.S3, err error) {
	started, err = stack.StartS3(context.Background(), stack.S3Options{})
	return started, err
})

func stopGateway() {
	if started != nil {
		_ = started.Stop()
	}
}

func storage(t *testing.T) *files.Storage {
	t.Helper()
	s, err := gateway()
	if err != nil {
		t.Fatal(err)
	}
	return storageOf(t, s)
}

func storageOf(t *testing.T, s *stack.S3) *files.Storage {
	t.Helper()
	bucket, err := files.Open(files.Config{
		Endpoint:        s.Endpoint(),
		Region:          s.Region(),
		Bucket:          s.Bucket(),
		AccessKeyID:     s.AccessKeyID(),
		SecretAccessKey: s.SecretAccessKey(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}
