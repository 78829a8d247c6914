package files

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// flip changes one bit of what passes.
type flip struct {
	io.ReadCloser
	at int
}

func (f *flip) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if f.at >= 0 && f.at < n {
		p[f.at] ^= 1
	}
	f.at -= n
	return n, err
}

// A byte flips between us and the store, where our own check has passed it: S3's checksum notices, streamed or spooled.
func TestFlippedOnTheWayUp(t *testing.T) {
	t.Parallel()
	storage := behind(t, func(proxy http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				r.Body = &flip{r.Body, 70_000}
			}
			proxy.ServeHTTP(w, r)
		})
	}, defaultLimits)
	b, content := setup(t), noise(50, 100_000)
	key := b.key()
	uploadID := b.begin(t, key)
	harmed := storage.For(b.tenant)
	_, err := harmed.PutPart(t.Context(), key, uploadID, 1, unseekable(content), int64(len(content)), digestOf(content))
	if !errors.Is(err, ErrDigest) {
		t.Errorf("streamed: %v", err)
	}
	if _, err = harmed.PutPartSpooled(t.Context(), key, uploadID, 1, unseekable(content)); !errors.Is(err, ErrDigest) {
		t.Errorf("spooled: %v", err)
	}
	if parts, err := b.vault.Parts(t.Context(), key, uploadID); err != nil || len(parts) != 0 {
		t.Errorf("kept %v, %v", parts, err)
	}
}

// A byte flips on the way back: a whole read notices.
func TestFlippedOnTheWayDown(t *testing.T) {
	t.Parallel()
	b, content := setup(t), noise(51, 100_000)
	key := b.put(t, content)
	harmed := harmfulDownload(t, func(w http.ResponseWriter, body []byte) {
		body[70_000] ^= 1
		_, _ = w.Write(body)
	}).For(b.tenant)
	if err := harmed.Verify(t.Context(), key, int64(len(content)), digestOf(content)); !errors.Is(err, ErrDigest) {
		t.Errorf("got %v", err)
	}
}

// The store breaks off in the middle, or falls silent there: an error, not the end.
func TestBrokenOffOnTheWayDown(t *testing.T) {
	t.Parallel()
	b, content := setup(t), noise(52, 100_000)
	key := b.put(t, content)
	done := make(chan struct{})
	defer close(done)
	for name, harm := range map[string]func(http.ResponseWriter, []byte){
		"breaks off": func(w http.ResponseWriter, body []byte) {
			_, _ = w.Write(body[:50_000])
			panic(http.ErrAbortHandler)
		},
		"falls silent": func(w http.ResponseWriter, body []byte) {
			_, _ = w.Write(body[:50_000])
			_ = http.NewResponseController(w).Flush()
			<-done
		},
	} {
		object, err := harmfulDownload(t, harm).For(b.tenant).Get(t.Context(), key, Wanted{})
		if err != nil {
			t.Fatal(name, err)
		}
		got, err := io.ReadAll(object.Body)
		object.Body.Close()
		if !errors.Is(err, ErrUnavailable) || !bytes.Equal(got, content[:len(got)]) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

// A visitor who reads nothing for longer than the store may be silent is not cut off: what counts is the time that we
// wait for the store, not the time that the store waits for us.
func TestSlowReaderIsNotCutOff(t *testing.T) {
	t.Parallel()
	store := httptest.NewUnstartedServer(nil)
	defer store.Close()
	ours, err := net.Dial("tcp", store.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	theirs, err := store.Listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := theirs.Write([]byte("some bytes")); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	conn := &idleConn{Conn: ours, idle: time.Second}
	if _, err := io.ReadFull(conn, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	pause(t, 1500*time.Millisecond)
	if rest, err := io.ReadAll(conn); err != nil || string(rest) != " bytes" {
		t.Errorf("%q, %v", rest, err)
	}
}

// harmfulDownload lets harm answer GETs of objects in the store's stead, with the store's headers and body.
func harmfulDownload(t *testing.T, harm func(http.ResponseWriter, []byte)) *Storage {
	t.Helper()
	return behind(t, func(proxy http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet {
				proxy.ServeHTTP(w, r)
				return
			}
			kept := &keptAnswer{ResponseWriter: w}
			proxy.ServeHTTP(kept, r)
			w.WriteHeader(kept.status)
			harm(w, kept.body.Bytes())
		})
	}, steady)
}

// steady are limits under which a store that works is never cut off, and one that is silent within a test's patience.
var steady = limits{
	dial:     5 * time.Second,
	header:   3 * time.Second,
	assemble: 3 * time.Second,
	idle:     3 * time.Second,
	ping:     3 * time.Second,
	backoff:  time.Millisecond,
}

type keptAnswer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (k *keptAnswer) WriteHeader(status int)      { k.status = status }
func (k *keptAnswer) Write(p []byte) (int, error) { return k.body.Write(p) }
func (k *keptAnswer) Unwrap() http.ResponseWriter { return nil }
