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

// closedStorage is a bucket behind an address where nobody listens.
func closedStorage(t *testing.T) *Storage {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return storageAt(t, "http://"+l.Addr().String(), brief)
}

func storageAt(t *testing.T, endpoint string, l limits) *Storage {
	t.Helper()
	c := configOf(gateway)
	c.Endpoint = endpoint
	s, err := open(c, l)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// behind is the shared store seen through a proxy that may do harm.
func behind(t *testing.T, harm func(http.Handler) http.Handler, l limits) *Storage {
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

// All mistakes of a configuration are named at once, and none of its secrets.
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

// Readiness: the bucket answers; it is not there; nobody listens; the server takes connections and is silent.
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

// brief are limits for tests in which the other side never answers: any length would do.
var brief = limits{
	dial:     5 * time.Second,
	header:   200 * time.Millisecond,
	assemble: 200 * time.Millisecond,
	idle:     200 * time.Millisecond,
	ping:     200 * time.Millisecond,
	backoff:  time.Millisecond,
}

// silentStorage takes connections and requests and never answers.
func silentStorage(t *testing.T) *Storage {
	t.Helper()
	done := make(chan struct{})
	storage := behind(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done })
	}, brief)
	t.Cleanup(func() { close(done) }) // before the server waits for its handlers
	return storage
}

// However the store fails, every call says ErrUnavailable and nothing of address, bucket, key or credentials.
func TestEveryCallWhileStoreFails(t *testing.T) {
	t.Parallel()
	broken := func(status int) *Storage {
		return behind(t, func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		}, brief)
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

// Wrong credentials are our own mistake: neither a neighbour that is down nor a file that is not there.
func TestWrongCredentials(t *testing.T) {
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

// The caller gave up: that is what the error says, and not that the neighbour is down.
func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := setup(t)
	if _, err := b.vault.Head(ctx, b.key()); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
}

// The real server is frozen and thawed, then killed and started: calls fail in bounded time and work again afterwards,
// on the same Storage.
func TestStoreComesBack(t *testing.T) {
	t.Parallel()
	server, err := stack.StartS3(t.Context(), stack.S3Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	storage, err := open(configOf(server), steady)
	if err != nil {
		t.Fatal(err)
	}
	b := setup(t)
	b.storage, b.vault = storage, storage.For(b.tenant)
	content := noise(40, 1000)
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

// The server is killed between two parts; the upload goes on where it was and ends well.
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
	content := noise(41, PartSize+1000)
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
