package files

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"portico/e2e/stack"
)

// gateway is the object store that all tests share.
var gateway *stack.S3

func TestMain(m *testing.M) {
	ctx, cancel := context.WithCancel(context.Background())
	var err error
	if gateway, err = stack.StartS3(ctx, stack.S3Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	cancel()
	_ = gateway.Stop()
	os.Exit(code)
}

func configOf(s *stack.S3) Config {
	return Config{
		Endpoint:        s.Endpoint(),
		Region:          s.Region(),
		Bucket:          s.Bucket(),
		AccessKeyID:     s.AccessKeyID(),
		SecretAccessKey: s.SecretAccessKey(),
	}
}

// closedStorage is a bucket at an address that refuses connections.
func closedStorage(t *testing.T) *Storage {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return storageAt(t, "http://"+l.Addr().String(), shortTimeouts)
}

func storageAt(t *testing.T, endpoint string, l timeouts) *Storage {
	t.Helper()
	c := configOf(gateway)
	c.Endpoint = endpoint
	s, err := open(c, l)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// throughProxy reaches the shared store through a proxy that harm may wrap with a fault.
func throughProxy(t *testing.T, harm func(http.Handler) http.Handler, l timeouts) *Storage {
	t.Helper()
	target, err := url.Parse(gateway.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is part of the signature
	}}
	server := httptest.NewServer(harm(proxy))
	t.Cleanup(server.Close)
	return storageAt(t, server.URL, l)
}

// The error names all mistakes of a configuration and no secret.
func TestOpenNamesAllMistakes(t *testing.T) {
	t.Parallel()
	_, err := Open(Config{Endpoint: "ftp://minio", SecretAccessKey: ""})
	if err == nil {
		t.Fatal("opened")
	}
	for _, want := range []string{"endpoint", "region", "bucket", "access key id", "secret access key"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name the %s", err, want)
		}
	}
	if _, err := Open(Config{Endpoint: "http://x", Bucket: "b", SecretAccessKey: "hush"}); strings.Contains(err.Error(), "hush") {
		t.Errorf("%q holds the secret", err)
	}
}

// Ping succeeds if the bucket answers. It fails if the bucket doesn't exist, or the server refuses connections or hangs.
func TestPing(t *testing.T) {
	t.Parallel()
	if err := setup(t).storage.Ping(t.Context()); err != nil {
		t.Errorf("ready: %v", err)
	}
	missing := configOf(gateway)
	missing.Bucket = "another"
	storage, err := Open(missing)
	if err != nil {
		t.Fatal(err)
	}
	if err := storage.Ping(t.Context()); err == nil {
		t.Error("a bucket that is not there is ready")
	}
	if err := closedStorage(t).Ping(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("nobody listens: %v", err)
	}
	if err := silentStorage(t).Ping(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("silent: %v", err)
	}
}

// shortTimeouts are for tests in which the server never answers.
var shortTimeouts = timeouts{
	dial:     5 * time.Second,
	header:   200 * time.Millisecond,
	complete: 200 * time.Millisecond,
	idle:     200 * time.Millisecond,
	ping:     200 * time.Millisecond,
	backoff:  time.Millisecond,
}

// silentStorage accepts connections and requests but never answers.
func silentStorage(t *testing.T) *Storage {
	t.Helper()
	done := make(chan struct{})
	storage := throughProxy(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done })
	}, shortTimeouts)
	t.Cleanup(func() { close(done) }) // before the server waits for its handlers
	return storage
}

// Every call returns ErrUnavailable, without address, bucket, key or credentials, however the store fails.
func TestEveryCallReportsUnavailableStore(t *testing.T) {
	t.Parallel()
	broken := func(status int) *Storage {
		return throughProxy(t, func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		}, shortTimeouts)
	}
	for name, storage := range map[string]*Storage{
		"nobody listens":    closedStorage(t),
		"silent":            silentStorage(t),
		"status 500":        broken(http.StatusInternalServerError),
		"status 503":        broken(http.StatusServiceUnavailable),
		"a proxy's own 502": broken(http.StatusBadGateway),
	} {
		for method, call := range everyCall(t) {
			t.Run(name+"/"+method, func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				key := b.key()
				err := call(storage.For(b.tenant), key)
				if !errors.Is(err, ErrUnavailable) {
					t.Fatal(err)
				}
				for _, secret := range []string{
					key.String(), b.tenant.String(), "http", "X-Amz", gateway.AccessKeyID(), gateway.SecretAccessKey(),
				} {
					if strings.Contains(err.Error(), secret) {
						t.Errorf("%q holds %q", err, secret)
					}
				}
			})
		}
	}
}

// Wrong credentials are our own mistake: the error is neither ErrUnavailable nor ErrNotFound.
func TestWrongCredentialsAreNotUnavailable(t *testing.T) {
	t.Parallel()
	c := configOf(gateway)
	c.SecretAccessKey = "wrong"
	storage, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	b := setup(t)
	for method, call := range everyCall(t) {
		err := call(storage.For(b.tenant), b.key())
		if err == nil || errors.Is(err, ErrUnavailable) || errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", method, err)
		}
	}
}

// If the caller cancels, the error is context.Canceled and not ErrUnavailable.
func TestCancelledCallIsNotUnavailable(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := setup(t)
	if _, err := b.vault.Head(ctx, b.key()); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
}

// The server hangs and resumes, then is killed and restarted. Calls fail in bounded time and work again afterwards, on
// the same Storage.
func TestCallsWorkAfterStoreRestarts(t *testing.T) {
	t.Parallel()
	server, err := stack.StartS3(t.Context(), stack.S3Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	storage, err := open(configOf(server), realisticTimeouts)
	if err != nil {
		t.Fatal(err)
	}
	b := setup(t)
	b.storage, b.vault = storage, storage.For(b.tenant)
	content := randomBytes(40, 1000)
	key := b.put(t, content)

	if err := server.Hang(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.vault.Head(t.Context(), key); !errors.Is(err, ErrUnavailable) {
		t.Errorf("frozen: %v", err)
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := b.vault.Verify(t.Context(), key, 1000, digestOf(content)); err != nil {
		t.Errorf("thawed: %v", err)
	}
	if err := server.StopImmediate(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.vault.Head(t.Context(), key); !errors.Is(err, ErrUnavailable) {
		t.Errorf("killed: %v", err)
	}
	if err := server.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	if err := b.vault.Verify(t.Context(), key, 1000, digestOf(content)); err != nil {
		t.Errorf("started again: %v", err)
	}
}

// The server is killed between two parts. After a restart the upload continues and completes.
func TestUploadSurvivesKilledStore(t *testing.T) {
	t.Parallel()
	server, err := stack.StartS3(t.Context(), stack.S3Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	storage, err := Open(configOf(server))
	if err != nil {
		t.Fatal(err)
	}
	b := setup(t)
	b.storage, b.vault = storage, storage.For(b.tenant)
	content := randomBytes(41, PartSize+1000)
	key := b.key()
	uploadID := b.begin(t, key)
	b.putParts(t, key, uploadID, content[:PartSize])
	if err := server.StopImmediate(); err != nil {
		t.Fatal(err)
	}
	rest := content[PartSize:]
	_, err = b.vault.PutPart(t.Context(), key, uploadID, 2, unseekable(rest), int64(len(rest)), digestOf(rest))
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("part to a dead store: %v", err)
	}
	if err := server.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	_, err = b.vault.PutPart(t.Context(), key, uploadID, 2, unseekable(rest), int64(len(rest)), digestOf(rest))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := b.vault.Parts(t.Context(), key, uploadID)
	if err != nil || len(parts) != 2 {
		t.Fatal(parts, err)
	}
	if _, err := b.vault.Complete(t.Context(), key, uploadID, parts); err != nil {
		t.Fatal(err)
	}
	if err := b.vault.Verify(t.Context(), key, int64(len(content)), digestOf(content)); err != nil {
		t.Error(err)
	}
}
