package stack

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func putObject(t *testing.T, s *S3, key, body string) {
	t.Helper()
	_, err := s.Client().PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(s.Bucket()), Key: &key, Body: strings.NewReader(body),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func getObject(t *testing.T, s *S3, key string) string {
	t.Helper()
	out, err := s.Client().GetObject(t.Context(), &s3.GetObjectInput{
		Bucket: aws.String(s.Bucket()), Key: &key,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A stored object can be read back, is in the file that ObjectPath names, and
// survives a kill of the server.
func TestS3KeepsObjects(t *testing.T) {
	t.Parallel()
	s, err := StartS3(t.Context(), S3Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	putObject(t, s, "a/b/c", "some bytes")
	if b, err := os.ReadFile(s.ObjectPath("a/b/c")); err != nil || string(b) != "some bytes" {
		t.Errorf("file holds %q, %v", b, err)
	}
	if err := s.StopImmediate(); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := getObject(t, s, "a/b/c"); got != "some bytes" {
		t.Errorf("got %q", got)
	}
}

// A directory of an earlier run can be reused with its objects.
func TestS3ReusesDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := StartS3(t.Context(), S3Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	putObject(t, first, "kept", "yes")
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	second, err := StartS3(t.Context(), S3Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Stop()
	if got := getObject(t, second, "kept"); got != "yes" {
		t.Errorf("got %q", got)
	}
}

// A hanging server accepts requests and answers none until it resumes.
func TestS3Hangs(t *testing.T) {
	t.Parallel()
	s, err := StartS3(t.Context(), S3Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	if err := s.Hang(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := s.ping(ctx); err == nil {
		t.Error("a hanging server answered")
	}
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := s.ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// A failing store returns the status it was given, and works again after Start.
func TestS3Fails(t *testing.T) {
	t.Parallel()
	s, err := StartS3(t.Context(), S3Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	putObject(t, s, "kept", "yes")
	if err := s.Fail(http.StatusInternalServerError); err != nil {
		t.Fatal(err)
	}
	if err := s.ping(t.Context()); err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("got %v", err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := getObject(t, s, "kept"); got != "yes" {
		t.Errorf("got %q", got)
	}
}
