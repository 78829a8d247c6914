package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// S3Options configures a private object store. The zero value is right for a test.
type S3Options struct {
	// Dir holds the objects and is reused. Empty means a temporary directory that
	// Stop removes.
	Dir string
	// Port is used if it is free. Zero means any.
	Port int
	// AccessKeyID and SecretAccessKey are generated if empty.
	AccessKeyID, SecretAccessKey string
	// Bucket is created at the start; "portico" if empty.
	Bucket string
	// Log receives the server's output. Without it, the output is only kept to
	// explain a failed start.
	Log io.Writer
}

// S3 is a private object store on loopback, kept in an ordinary directory.
type S3 struct {
	opts    S3Options
	program string
	objects string   // one directory for each bucket
	temp    *tempDir // removed by Stop, or nil
	port    int

	mu   sync.Mutex
	proc *process     // nil while stopped
	mask *http.Server // responds instead of the stopped server, or nil
}

// s3Region is the region that clients must sign for. The server only compares it.
const s3Region = "us-east-1"

// StartS3 starts an object store and creates its bucket. It runs until Stop, the
// end of ctx, or the end of this process.
func StartS3(ctx context.Context, opts S3Options) (*S3, error) {
	opts.AccessKeyID = cmp.Or(opts.AccessKeyID, randomText()[:20])
	opts.SecretAccessKey = cmp.Or(opts.SecretAccessKey, randomText())
	opts.Bucket = cmp.Or(opts.Bucket, "portico")
	s := &S3{opts: opts}
	if err := s.launch(ctx); err != nil {
		_ = s.Stop()
		return nil, fmt.Errorf("s3: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = s.Stop() })
	return s, nil
}

func (s *S3) launch(ctx context.Context) error {
	var err error
	if s.program, err = Tool("versitygw"); err != nil {
		return err
	}
	if err := s.prepareDir(); err != nil {
		return err
	}
	err = onFreePort(s.opts.Port, func(port int) error {
		s.port = port
		return s.Start(ctx)
	})
	if err != nil {
		return err
	}
	return s.createBucket(ctx)
}

func (s *S3) prepareDir() error {
	var err error
	s.objects = s.opts.Dir
	if s.objects == "" {
		if s.temp, err = newTempDir("s3"); err != nil {
			return err
		}
		s.objects = s.temp.path
	}
	if s.objects, err = filepath.Abs(s.objects); err != nil {
		return err
	}
	if err := os.MkdirAll(s.objects, 0o755); err != nil {
		return err
	}
	return checkAttributes(s.objects)
}

// checkAttributes fails if dir doesn't support extended attributes, in which the
// server keeps types, checksums and metadata.
func checkAttributes(dir string) error {
	err := syscall.Setxattr(dir, "user.portico.probe", []byte("1"), 0)
	if err == nil {
		return syscall.Removexattr(dir, "user.portico.probe")
	}
	if errors.Is(err, syscall.ENOTSUP) {
		return fmt.Errorf("the filesystem of %s has no user extended attributes, which the object store needs; "+
			"use a directory on ext4, xfs, btrfs, or a tmpfs of Linux 6.6 or newer", dir)
	}
	return fmt.Errorf("extended attributes on %s: %w", dir, err)
}

// Start starts the stopped server on the same port with the same objects, and
// returns once it answers. It does nothing if the server is running.
func (s *S3) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc != nil {
		return nil
	}
	s.unmask()
	cmd := exec.Command(s.program,
		"--port", loopback(s.port), "--region", s3Region,
		"--health", "/health", "--keep-alive", "--quiet",
		"posix", "--data-integrity-etag", s.objects)
	cmd.Dir = "/"
	// Don't pass credentials as arguments, which everybody on the machine can read.
	cmd.Env = []string{
		"PATH=/usr/bin:/bin",
		"ROOT_ACCESS_KEY_ID=" + s.opts.AccessKeyID,
		"ROOT_SECRET_ACCESS_KEY=" + s.opts.SecretAccessKey,
	}
	proc, err := startProcess(cmd, syscall.SIGTERM, s.opts.Log)
	if err != nil {
		return err
	}
	if err := proc.await(ctx, 30*time.Second, s.ping); err != nil {
		_ = proc.stop(syscall.SIGKILL, time.Second)
		return err
	}
	s.proc = proc
	return nil
}

func (s *S3) ping(ctx context.Context) error {
	return expectOK(ctx, http.DefaultClient, s.Endpoint()+"/health")
}

func (s *S3) createBucket(ctx context.Context) error {
	_, err := s.Client().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &s.opts.Bucket})
	var owned *types.BucketAlreadyOwnedByYou
	var exists *types.BucketAlreadyExists
	if errors.As(err, &owned) || errors.As(err, &exists) {
		return nil
	}
	return err
}

// StopImmediate kills the server, like a crash. The objects are kept.
func (s *S3) StopImmediate() error { return s.halt(syscall.SIGKILL) }

// Fail kills the server and answers every request with status until Start.
func (s *S3) Fail(status int) error {
	if err := s.StopImmediate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	listener, err := net.Listen("tcp4", loopback(s.port))
	if err != nil {
		return fmt.Errorf("s3: %w", err)
	}
	mask := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "the object store was told to fail", status)
		}),
		ReadHeaderTimeout: 10 * time.Second,
	}
	s.mask = mask
	go func() { _ = mask.Serve(listener) }()
	return nil
}

// Stop stops the server and removes its temporary files
func (s *S3) Stop() error {
	err := s.halt(syscall.SIGTERM)
	s.temp.remove()
	return err
}

func (s *S3) halt(sig syscall.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unmask()
	if s.proc == nil {
		return nil
	}
	// A suspended server can't handle the signal, so resume it.
	_ = s.proc.cmd.Process.Signal(syscall.SIGCONT)
	err := s.proc.stop(sig, 10*time.Second)
	s.proc = nil
	return err
}

// unmask ends Fail. The caller holds the lock.
func (s *S3) unmask() {
	if s.mask != nil {
		_ = s.mask.Close()
		s.mask = nil
	}
}

// Hang suspends the server: it accepts connections but answers none.
func (s *S3) Hang() error {
	if err := s.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	return s.proc.awaitStopped()
}

// Resume ends Hang.
func (s *S3) Resume() error { return s.signal(syscall.SIGCONT) }

func (s *S3) signal(sig syscall.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil {
		return errors.New("s3: the server is not running")
	}
	return s.proc.cmd.Process.Signal(sig)
}

// Endpoint returns the server's base URL.
func (s *S3) Endpoint() string { return "http://" + loopback(s.port) }

// Region returns the region that clients sign for.
func (s *S3) Region() string { return s3Region }

// Bucket returns the name of the bucket created at the start.
func (s *S3) Bucket() string { return s.opts.Bucket }

// AccessKeyID returns the public half of the server's only credentials.
func (s *S3) AccessKeyID() string { return s.opts.AccessKeyID }

// SecretAccessKey returns the secret half of the server's only credentials.
func (s *S3) SecretAccessKey() string { return s.opts.SecretAccessKey }

// Client returns a client with the server's credentials, for tests that inspect or
// change objects without Portico.
func (s *S3) Client() *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(s.Endpoint()),
		Region:       s3Region,
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider(s.opts.AccessKeyID, s.opts.SecretAccessKey, ""),
	})
}

// ObjectPath returns the file that holds the bytes of the object key, for tests
// that damage them without the server's knowledge.
func (s *S3) ObjectPath(key string) string {
	return filepath.Join(s.objects, s.opts.Bucket, filepath.FromSlash(key))
}
