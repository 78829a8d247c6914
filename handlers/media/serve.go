package media

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// pieces serves one recording to one child, from any offset on. Its address can't be guessed,
// and it listens on the loopback only.
type pieces struct {
	source Source
	path   string
	url    string
	port   int
	server *http.Server

	mu  sync.Mutex
	err error // why reading failed
}

func serve(source Source) (*pieces, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &pieces{source: source, path: "/" + rand.Text(), port: listener.Addr().(*net.TCPAddr).Port}
	p.url = "http://" + listener.Addr().String() + p.path
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	go func() {
		defer func() {
			if v := recover(); v != nil {
				p.mu.Lock()
				p.err = fmt.Errorf("serve a recording: panic: %v", v)
				p.mu.Unlock()
			}
		}()
		_ = p.server.Serve(listener) // until it is closed
	}()
	return p, nil
}

func (p *pieces) close() { _ = p.server.Close() }

func (p *pieces) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// ServeHTTP sends the recording from the offset that the child asks for.
func (p *pieces) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != p.path || r.Method != http.MethodGet {
		http.NotFound(w, r)
		return
	}
	size, start := p.source.Size(), int64(0)
	w.Header().Set("Accept-Ranges", "bytes")
	w.Header().Set("Content-Type", "application/octet-stream")
	if from, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		from, _, _ = strings.Cut(from, "-")
		n, err := strconv.ParseInt(from, 10, 64)
		if err != nil || n < 0 || n >= size {
			w.Header().Set("Content-Range", "bytes */"+strconv.FormatInt(size, 10))
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		start = n
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, size-1, size))
	}
	body, err := p.source.Open(r.Context(), start)
	if err != nil {
		p.fail(r.Context(), err)
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer func() { _ = body.Close() }() // it was only read
	w.Header().Set("Content-Length", strconv.FormatInt(size-start, 10))
	if r.Header.Get("Range") != "" {
		w.WriteHeader(http.StatusPartialContent)
	}
	_, err = io.Copy(writer{w}, body)
	var gone writeError
	if err != nil && !errors.As(err, &gone) {
		p.fail(r.Context(), err)
	}
}

// fail keeps why the recording couldn't be read. A child that hung up, to read elsewhere, is
// no failure.
func (p *pieces) fail(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = errors.Join(p.err, err)
}

// writer tells errors of writing from those of reading.
type writer struct{ io.Writer }

type writeError struct{ error }

func (w writer) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	if err != nil {
		err = writeError{err}
	}
	return n, err
}
