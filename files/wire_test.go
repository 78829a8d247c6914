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

// bitFlipper changes one bit of the stream.
type bitFlipper struct {
	io.ReadCloser
	at int
}

func (f *bitFlipper) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if f.at >= 0 && f.at < n {
		p[f.at] ^= 1
	}
	f.at -= n
	return n, err
}

// If a bit flips between us and the store, after our own check, S3's checksum detects it, streamed or spooled.
func TestFlippedDuringUpload(t *testing.T) {
	t.Parallel()
	storage := throughProxy(t, func(proxy http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				r.Body = &bitFlipper{r.Body, 70_000}
			}
			proxy.ServeHTTP(w, r)
		})
	}, defaultTimeouts)
	b, content := setup(t), randomBytes(50, 100_000)
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

// If a bit flips during download, a whole read detects it.
func TestFlippedDuringDownload(t *testing.T) {
	t.Parallel()
	b, content := setup(t), randomBytes(51, 100_000)
	key := b.put(t, content)
	harmed := tamperDownload(t, func(w http.ResponseWriter, body []byte) {
		body[70_000] ^= 1
		_, _ = w.Write(body)
	}).For(b.tenant)
	if err := harmed.Verify(t.Context(), key, int64(len(content)), digestOf(content)); !errors.Is(err, ErrDigest) {
		t.Errorf("got %v", err)
	}
}

// If the store closes the connection or stops sending in the middle, the read ends with an error, not io.EOF.
func TestInterruptedDownloadIsAnError(t *testing.T) {
	t.Parallel()
	b, content := setup(t), randomBytes(52, 100_000)
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
		object, err := tamperDownload(t, harm).For(b.tenant).Get(t.Context(), key, ReadOptions{})
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

// A visitor who pauses longer than the idle timeout is not cut off: only the time that we wait for the store counts.
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
	sleep(t, 1500*time.Millisecond)
	if rest, err := io.ReadAll(conn); err != nil || string(rest) != " bytes" {
		t.Errorf("%q, %v", rest, err)
	}
}

// tamperDownload lets harm write the body of GET responses. It gets the store's body, and the headers are the store's.
func tamperDownload(t *testing.T, harm func(http.ResponseWriter, []byte)) *Storage {
	t.Helper()
	return throughProxy(t, func(proxy http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet {
				proxy.ServeHTTP(w, r)
				return
			}
			kept := &bufferedResponse{ResponseWriter: w}
			proxy.ServeHTTP(kept, r)
			w.WriteHeader(kept.status)
			harm(w, kept.body.Bytes())
		})
	}, realisticTimeouts)
}

// realisticTimeouts never cut off a working store and still end a hanging call within seconds.
var realisticTimeouts = timeouts{
	dial:     5 * time.Second,
	header:   3 * time.Second,
	complete: 3 * time.Second,
	idle:     3 * time.Second,
	ping:     3 * time.Second,
	backoff:  time.Millisecond,
}

type bufferedResponse struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (k *bufferedResponse) WriteHeader(status int)      { k.status = status }
func (k *bufferedResponse) Write(p []byte) (int, error) { return k.body.Write(p) }
func (k *bufferedResponse) Unwrap() http.ResponseWriter { return nil }
